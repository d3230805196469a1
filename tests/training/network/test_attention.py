"""Attention over edges against attention over all pairs: values, gradients, memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Tensor

from training.inputs.edges import Edges, make_edges
from training.network.attention import GraphAttention, WeightedSum

CPU = torch.device("cpu")


def random_graph(n: int, p: int, seed: int) -> sparse.csr_matrix:
    """n spots among p, each with an edge to itself; not symmetric."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n, p)) < 0.3
    dense[np.arange(n), np.arange(n)] = True
    return sparse.csr_matrix(dense.astype(np.float32))


def dense_attention(layer: GraphAttention, inputs: Tensor, adjacency: Tensor) -> Tensor:
    """All pairs: softmax over the neighbours of each row, minus infinity elsewhere."""
    hidden = inputs @ layer.linear.weight.T + layer.linear.bias
    n = len(adjacency)
    logits = (hidden[:n] @ layer.target)[:, None] + (hidden @ layer.source)[None, :]
    logits = 1 / (1 + torch.exp(-logits)) - 0.5
    logits = logits.masked_fill(adjacency == 0, -torch.inf)
    return torch.softmax(logits, dim=1) @ hidden


@pytest.mark.parametrize(("n", "p"), [(9, 9), (5, 11), (1, 1), (1, 6)])
def test_attention_is_that_over_all_pairs(n: int, p: int) -> None:
    graph = random_graph(n, p, seed=n + p)
    dense = torch.from_numpy(graph.toarray())
    layer = GraphAttention(4, 6, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        layer.linear.bias.normal_(generator=torch.Generator().manual_seed(1))
    inputs = torch.randn(p, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    inputs.requires_grad_()
    weight = torch.randn(n, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    leaves = [inputs, *layer.parameters()]
    ours = layer(inputs, make_edges(graph, CPU))
    naive = dense_attention(layer, inputs, dense)
    torch.testing.assert_close(ours, naive, rtol=1e-10, atol=1e-12)
    pairs = zip(
        torch.autograd.grad((ours * weight).sum(), leaves),
        torch.autograd.grad((naive * weight).sum(), leaves),
        strict=True,
    )
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_the_weighted_sum_has_the_gradient_of_finite_differences() -> None:
    edges = make_edges(random_graph(4, 7, seed=3), CPU)
    draw = torch.Generator().manual_seed(0)
    weights = torch.rand(len(edges.sources), generator=draw, dtype=torch.float64)
    values = torch.randn(7, 3, generator=draw, dtype=torch.float64)

    def total(a: Tensor, h: Tensor) -> Tensor:
        return WeightedSum.apply(a, h, edges)  # type: ignore[no-any-return]

    assert torch.autograd.gradcheck(total, (weights.requires_grad_(), values.requires_grad_()))


def test_attention_sums_to_one_and_differs_by_a_factor_of_e_at_most() -> None:
    edges = make_edges(random_graph(20, 30, seed=1), CPU)
    layer = GraphAttention(3, 8, torch.Generator().manual_seed(0))
    hidden = 50 * torch.randn(30, 8, generator=torch.Generator().manual_seed(1))
    attention = layer.attend(hidden, edges).detach()
    sums = torch.zeros(20).index_add(0, edges.targets, attention)
    torch.testing.assert_close(sums, torch.ones(20))
    for spot in range(20):
        own = attention[edges.targets == spot]
        assert float(own.max() / own.min()) <= np.e + 1e-4


def test_a_spot_alone_keeps_its_own() -> None:
    layer = GraphAttention(3, 5, torch.Generator().manual_seed(0))
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    alone = make_edges(sparse.eye(4, format="csr", dtype=np.float32), CPU)
    torch.testing.assert_close(layer(inputs, alone), layer.linear(inputs))


def test_edges_flip_to_the_transposed_graph() -> None:
    graph = random_graph(6, 9, seed=2)
    edges = make_edges(graph, CPU)
    assert edges.shape == (6, 9)
    weights = np.arange(1, graph.nnz + 1)
    forward = np.zeros((6, 9))
    forward[edges.targets.numpy(), edges.sources.numpy()] = weights
    flipped = sparse.csr_matrix(
        (
            weights[edges.order.numpy()],
            edges.flipped_targets.numpy(),
            edges.flipped_starts.numpy(),
        ),
        shape=(9, 6),
    )
    np.testing.assert_array_equal(flipped.toarray(), forward.T)
    np.testing.assert_array_equal(forward > 0, graph.toarray() > 0)


def test_edges_take_memory_by_their_number() -> None:
    """Four times the spots, four times the memory; a pair matrix would take sixteen."""

    def peak(n: int) -> int:
        ring = sparse.csr_matrix(
            (np.ones(3 * n, dtype=np.float32), (np.arange(3 * n) + n - 1) % n, 3 * np.arange(n + 1))
        )
        tracemalloc.start()
        make_edges(ring, CPU)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40_000) < 5 * peak(10_000)


def test_weights_start_within_their_bound() -> None:
    layer = GraphAttention(200, 100, torch.Generator().manual_seed(0))
    found = float(layer.linear.weight.detach().abs().max())
    assert 0.95 * np.sqrt(6 / 300) < found <= np.sqrt(6 / 300)
    for vector in (layer.target, layer.source):
        assert vector.shape == (100,)
        assert 0.8 * np.sqrt(6 / 101) < float(vector.detach().abs().max()) <= np.sqrt(6 / 101)
    assert (layer.linear.bias == 0).all()
    assert isinstance(make_edges(random_graph(2, 2, 0), CPU), Edges)
