"""The neighbourhood's mean has the same bits whether it is stored or made by the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from training.inputs.encoding import Encoding
from training.inputs.features import Features, arrange_features, measure_moments
from training.inputs.graph import normalise_adjacency, radius_graph
from training.inputs.neighbourhood import Neighbourhood, average_neighbourhood, count_entries
from training.inputs.normalised import Normalised
from training.inputs.preprocess import normalise


def collection(n: int = 90, n_genes: int = 40) -> tuple[sparse.csr_matrix, ...]:
    """Counts (n, G), expression and a graph of one slice."""
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(0.4, (n, n_genes)).astype(np.float32))
    totals = np.asarray(counts.sum(axis=1)).ravel()
    slices = np.zeros(n, dtype=np.int64)
    graph = radius_graph(rng.uniform(0, 1, (n, 2)), slices, np.array([0.2]))
    return counts, normalise(counts, totals, 1e4), graph


def test_rows_made_on_demand_have_the_bits_of_the_whole() -> None:
    _, expression, graph = collection()
    propagation = normalise_adjacency(graph)
    stored = average_neighbourhood(propagation, expression)
    computed = average_neighbourhood(propagation, expression, stored_entries=0)
    assert isinstance(stored, sparse.csr_matrix)
    assert isinstance(computed, Neighbourhood)
    assert computed.shape == stored.shape
    rows = np.array([5, 3, 3, 80, 0])
    np.testing.assert_array_equal(computed[rows].toarray(), stored[rows].toarray())
    np.testing.assert_array_equal(computed[slice(10, 30)].toarray(), stored[10:30].toarray())


def test_a_batch_is_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, expression, graph = collection()
    composition = np.random.default_rng(1).uniform(0, 1, (len(counts.indptr) - 1, 6))

    def arrange() -> Features:
        slices = np.zeros(counts.shape[0], dtype=np.int64)
        return arrange_features(
            Encoding(inputs="genes"),
            counts,
            expression,
            graph,
            composition.astype(np.float32),
            slices,
        )

    stored = arrange()
    monkeypatch.setattr(
        "training.inputs.features.average_neighbourhood",
        lambda propagation, values: average_neighbourhood(propagation, values, 0),
    )
    computed = arrange()
    assert isinstance(computed.neighbourhood, Neighbourhood)
    assert stored.scaling is not None
    assert computed.scaling is not None
    np.testing.assert_array_equal(stored.scaling.mean, computed.scaling.mean)
    np.testing.assert_array_equal(stored.scaling.deviation, computed.scaling.deviation)
    rows, device = np.array([1, 50, 7]), torch.device("cpu")
    assert torch.equal(stored.gather(rows, device).inputs, computed.gather(rows, device).inputs)


def test_entries_are_never_more_than_counted() -> None:
    _, expression, graph = collection()
    propagation = normalise_adjacency(graph)
    product = propagation @ expression
    assert product.nnz <= count_entries(propagation, expression) <= np.prod(product.shape)
    alone = sparse.eye_array(expression.shape[0], format="csr")
    assert count_entries(sparse.csr_matrix(alone), expression) == expression.nnz


def test_moments_by_blocks_are_those_of_the_whole() -> None:
    _, expression, _ = collection()
    mean, square = measure_moments(expression, block=13)
    dense = expression.toarray().astype(np.float64)
    np.testing.assert_allclose(mean, dense.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(square, (dense**2).mean(axis=0), rtol=1e-6)


def test_normalised_rows_are_those_of_the_whole() -> None:
    counts, expression, _ = collection()
    totals = np.asarray(counts.sum(axis=1)).ravel()
    lazily = Normalised(counts, totals, 1e4)
    rows = np.array([4, 0, 77])
    assert lazily.shape == expression.shape
    np.testing.assert_array_equal(lazily[rows].toarray(), expression[rows].toarray())


def test_counts_stay_when_their_expression_shares_their_places() -> None:
    """Unsorted counts: sorting the one must not tear the other apart."""
    counts = sparse.csr_matrix(
        (np.array([3.0, 1.0, 2.0]), np.array([2, 0, 1]), np.array([0, 2, 3])), shape=(2, 3)
    )
    before = counts.toarray()
    expression = normalise(counts, np.array([4.0, 2.0]), 4.0)
    expression.sort_indices()
    counts.sort_indices()
    np.testing.assert_array_equal(counts.toarray(), before)
    np.testing.assert_allclose(expression.toarray(), np.log1p([[1, 0, 3], [0, 4, 0]]), rtol=1e-6)
