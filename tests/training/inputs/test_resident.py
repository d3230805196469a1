"""Batches made where the features lie are those that the host makes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from scipy import sparse

from training.inputs.edges import Edges
from training.inputs.encoding import Encoding
from training.inputs.features import Features, arrange_features
from training.inputs.graph import normalise_adjacency, radius_graph
from training.inputs.neighbourhood import Neighbourhood
from training.inputs.resident import Resident, measure_resident, place_features

CPU, META = torch.device("cpu"), torch.device("meta")
N, N_GENES = 60, 17
# In no order, with repeats; the spot without counts and its neighbours among them.
ROWS = np.array([7, 59, 3, 3, 21, 0, 40, 22, 7])
ENCODINGS = [
    Encoding("lgcn"),
    Encoding("gat"),
    Encoding("lgcn", inputs="genes"),
    Encoding("gat", inputs="genes"),
    Encoding("lgcn", paper=True),
    Encoding("gat", paper=True),
]


def make_features(encoding: Encoding, largest: int = 9) -> Features:
    rng = np.random.default_rng(0)
    values = rng.poisson(0.4, (N, N_GENES))
    values[21] = 0
    values[0, 0] = largest
    counts = sparse.csr_matrix(values, dtype=np.float32)
    slices = np.repeat([0, 1], [35, N - 35]).astype(np.int64)
    graph = radius_graph(rng.uniform(0, 4, (N, 2)), slices, np.full(2, 0.9))
    composition = rng.random((N, 6)).astype(np.float32)
    return arrange_features(encoding, counts, counts.log1p(), graph, composition, slices)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
@pytest.mark.parametrize("largest", [9, 300, 40_000])
def test_batches_are_those_of_the_host(encoding: Encoding, largest: int) -> None:
    features = make_features(encoding, largest)
    ours, hosts = Resident(features, CPU).gather(ROWS, CPU), features.gather(ROWS, CPU)
    for name in ("counts", "expression", "slices", "node_slices"):
        assert torch.equal(getattr(ours, name), getattr(hosts, name)), name
    torch.testing.assert_close(ours.inputs, hosts.inputs, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ours.composition(), hosts.composition(), rtol=1e-6, atol=1e-6)
    assert len(ours.edges) == len(hosts.edges)
    for one, other in zip(ours.edges, hosts.edges, strict=True):
        for field in fields(Edges):
            assert torch.equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_places_of_their_own_and_numbers_that_are_not_whole_are_kept() -> None:
    features = make_features(ENCODINGS[0])
    other = features.expression.copy()
    other[5, 2] = 1.5
    features = replace(features, counts=features.counts * np.float32(0.5), expression=other)
    ours, hosts = Resident(features, CPU).gather(ROWS, CPU), features.gather(ROWS, CPU)
    assert torch.equal(ours.counts, hosts.counts)
    assert torch.equal(ours.expression, hosts.expression)
    everything = np.arange(N)
    whole = Resident(features, CPU).gather(everything, CPU)
    assert float(whole.expression[5, 2]) == 1.5


def test_half_precision_touches_expression_alone() -> None:
    features = make_features(ENCODINGS[0], 40_000)
    ours = Resident(features, CPU, half=True).gather(ROWS, CPU)
    hosts = features.gather(ROWS, CPU)
    assert torch.equal(ours.counts, hosts.counts)
    assert not torch.equal(ours.expression, hosts.expression)
    torch.testing.assert_close(ours.expression, hosts.expression, rtol=1e-3, atol=0)


def test_what_has_no_room_stays_on_the_host() -> None:
    features = make_features(ENCODINGS[0])
    size = measure_resident(features)
    assert size > 4 * features.counts.nnz
    assert place_features(features, META, limit=size - 1) is features
    assert isinstance(place_features(features, META, limit=size), Resident)
    assert place_features(features, CPU) is features
    genes = make_features(ENCODINGS[2])
    graph = radius_graph(np.zeros((N, 2)), genes.slices, np.ones(2))
    computed = Neighbourhood(normalise_adjacency(graph), genes.expression)
    made_by_rows = replace(genes, neighbourhood=computed)
    assert place_features(made_by_rows, META, limit=np.inf) is made_by_rows
