"""What graph attention is fed: the neighbours a batch needs, and what comes of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import sparse

from training.inputs.encoding import Encoding
from training.inputs.features import Features, arrange_features, input_size, reach
from training.inputs.graph import radius_graph
from training.network.attention import GraphAttention

CPU = torch.device("cpu")
N, N_GENES, N_FACTORS = 60, 10, 3
ROWS = np.array([40, 3, 3, 17])
ENCODINGS = [
    Encoding(name, paper, inputs)
    for name in ("lgcn", "gat")
    for paper, inputs in ((False, "composition"), (False, "genes"), (True, "genes"))
]
GAT, LGCN = Encoding("gat", inputs="genes"), Encoding("lgcn", inputs="genes")


@pytest.fixture
def graph() -> sparse.csr_matrix:
    positions = np.random.default_rng(0).uniform(0, 6, (N, 2))
    slices = np.repeat([0, 1], [35, 25])
    return radius_graph(positions, slices, np.array([1.2, 1.2]))


def arrange(encoding: Encoding, graph: sparse.csr_matrix) -> Features:
    rng = np.random.default_rng(1)
    counts = sparse.csr_matrix(rng.poisson(2.0, (N, N_GENES)), dtype=np.float32)
    composition = rng.random((N, 2 * N_FACTORS)).astype(np.float32)
    slices = np.repeat([0, 1], [35, 25]).astype(np.int64)
    return arrange_features(encoding, counts, counts.log1p(), graph, composition, slices)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_inputs_have_the_width_they_say(encoding: Encoding, graph: sparse.csr_matrix) -> None:
    inputs = arrange(encoding, graph).gather(ROWS, CPU).inputs
    assert inputs.shape[1] == input_size(encoding, N_GENES, N_FACTORS)


def test_attention_is_fed_what_lgcn_is_fed_of_a_spot_alone(graph: sparse.csr_matrix) -> None:
    ours = arrange(GAT, graph).gather(ROWS, CPU)
    other = arrange(LGCN, graph).gather(ROWS, CPU)
    own = [*range(N_GENES), *range(2 * N_GENES, 2 * N_GENES + N_FACTORS)]
    torch.testing.assert_close(ours.inputs[: len(ROWS)], other.inputs[:, own])
    assert other.edges == ()
    torch.testing.assert_close(ours.expression, other.expression)


def test_the_paper_is_fed_plain_expression(graph: sparse.csr_matrix) -> None:
    features = arrange(Encoding("lgcn", paper=True), graph)
    inputs = features.gather(ROWS, CPU).inputs.numpy()
    a = graph.toarray()
    scale = np.diag(a.sum(axis=1) ** -0.5)
    x = features.expression.toarray()
    expected = np.hstack([x, scale @ a @ scale @ x])[ROWS]
    np.testing.assert_allclose(inputs, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_hops_reach_all_that_is_needed_and_no_more(graph: sparse.csr_matrix, hops: int) -> None:
    nodes, blocks = reach(graph, ROWS, hops)
    np.testing.assert_array_equal(nodes[: len(ROWS)], ROWS)
    powers = np.linalg.matrix_power(graph.toarray().astype(int), hops)
    assert set(nodes) == set(np.flatnonzero(powers[ROWS].sum(axis=0)))
    assert blocks[-1].shape[0] == len(ROWS)
    assert blocks[0].shape[1] == len(nodes)
    for earlier, later in pairwise(blocks):
        assert earlier.shape[0] == later.shape[1]


@pytest.mark.parametrize("hops", [1, 2])
def test_a_batch_gives_what_the_whole_graph_gives(graph: sparse.csr_matrix, hops: int) -> None:
    """Layers of attention over a sample's hops, against all spots at once: outputs, gradients."""
    features = arrange(GAT, graph)
    draw = torch.Generator().manual_seed(0)
    widths = [input_size(GAT, N_GENES, N_FACTORS), 6, 5]
    layers = [GraphAttention(a, b, draw) for a, b in pairwise(widths)][:hops]

    def run(rows: np.ndarray) -> torch.Tensor:
        batch = features.gather(rows, CPU, hops=hops)
        values = batch.inputs
        for layer, edges in zip(layers, batch.edges, strict=True):
            values = layer(values, edges)
        assert len(values) == len(rows)
        return values

    sampled, whole = run(ROWS), run(np.arange(N))[ROWS]
    torch.testing.assert_close(sampled, whole, rtol=1e-5, atol=1e-5)
    leaves = [parameter for layer in layers for parameter in layer.parameters()]
    pairs = zip(
        torch.autograd.grad(sampled.square().sum(), leaves),
        torch.autograd.grad(whole.square().sum(), leaves),
        strict=True,
    )
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_encoded_spots_know_their_slices(graph: sparse.csr_matrix) -> None:
    features = arrange(Encoding("gat", paper=True), graph)
    batch = features.gather(ROWS, CPU)
    nodes, blocks = reach(graph, ROWS, 2)
    expected = features.slices[nodes[: blocks[0].shape[0]]]
    np.testing.assert_array_equal(batch.node_slices.numpy(), expected)
    np.testing.assert_array_equal(batch.own(batch.node_slices).numpy(), features.slices[ROWS])
