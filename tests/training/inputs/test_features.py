"""What the networks are fed, batch by batch, against the dense whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from training.inputs.encoding import Encoding
from training.inputs.features import LEAST_AROUND, Features, measure_scaling, measure_spread
from training.inputs.graph import normalise_adjacency, radius_graph
from training.inputs.preprocess import normalise
from training.preparation.reference import Prepared, compose, make_features, pool_counts

CPU = torch.device("cpu")
N_GENES, N_FACTORS = 12, 3
GENES = Encoding(inputs="genes")


@pytest.fixture
def prepared() -> Prepared:
    """Forty spots of two slices."""
    rng = np.random.default_rng(0)
    slices = np.repeat([0, 1], [25, 15]).astype(np.int64)
    counts = rng.poisson(2.0, (40, N_GENES))
    adjacency = radius_graph(rng.uniform(0, 4, (40, 2)), slices, np.array([1.0, 1.2]))
    return Prepared(
        genes=np.arange(N_GENES),
        counts=sparse.csr_matrix(counts, dtype=np.float32),
        totals=counts.sum(axis=1).astype(np.float32) + 3,
        adjacency=adjacency,
        radii=np.array([1.0, 1.2]),
        slices=slices,
    )


def start(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    loadings = rng.dirichlet(np.ones(N_GENES), N_FACTORS).astype(np.float32)
    return loadings, rng.normal(0, 0.3, (2, N_GENES)).astype(np.float32)


def build(prepared: Prepared, encoding: Encoding = GENES) -> Features:
    return make_features(prepared, *start(), target_sum=1e3, encoding=encoding)


def test_the_neighbourhood_is_the_normalised_mean(prepared: Prepared) -> None:
    _, effects = start()
    features = build(prepared)
    x = normalise(prepared.counts, prepared.totals, 1e3, effects, prepared.slices).toarray()
    a = prepared.adjacency.toarray()
    scale = np.diag(a.sum(axis=1) ** -0.5)
    np.testing.assert_allclose(features.expression.toarray(), x, rtol=1e-6)
    np.testing.assert_allclose(
        features.neighbourhood.toarray(), scale @ a @ scale @ x, rtol=1e-4, atol=1e-5
    )


def test_composition_is_of_proportions(prepared: Prepared) -> None:
    composition = build(prepared).composition
    assert composition.shape == (40, 2 * N_FACTORS)
    np.testing.assert_allclose((composition[:, :N_FACTORS] ** 2).sum(axis=1), 1, rtol=1e-4)


def test_composition_does_not_depend_on_blocks(prepared: Prepared) -> None:
    loadings, effects = start()
    propagation = normalise_adjacency(prepared.adjacency)
    given = (prepared.counts, prepared.slices, propagation, loadings, effects)
    np.testing.assert_allclose(compose(*given, block=7), compose(*given), rtol=1e-5, atol=1e-6)


def test_spots_without_counts_are_even_mixtures(prepared: Prepared) -> None:
    loadings, effects = start()
    empty = sparse.csr_matrix((40, N_GENES), dtype=np.float32)
    found = compose(
        empty, prepared.slices, normalise_adjacency(prepared.adjacency), loadings, effects
    )
    np.testing.assert_allclose(found[:, :N_FACTORS], np.sqrt(1 / N_FACTORS), rtol=1e-5)


def test_inputs_are_standardised_over_the_reference(prepared: Prepared) -> None:
    """Mean 0 everywhere; deviation 1 for genes, sqrt(G / K) for the composition."""
    inputs = build(prepared).gather(np.arange(40), CPU).inputs.numpy()
    assert inputs.shape == (40, 2 * N_GENES + 2 * N_FACTORS)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=2e-3)
    np.testing.assert_allclose(inputs[:, : 2 * N_GENES].std(axis=0), 1, atol=1e-2)
    expected = np.sqrt(N_GENES / N_FACTORS)
    np.testing.assert_allclose(inputs[:, 2 * N_GENES :].std(axis=0), expected, rtol=1e-2)


def test_compositions_keep_their_proportions_to_one_another(prepared: Prepared) -> None:
    """One deviation for all of a part: what varies little stays little."""
    features = build(prepared, Encoding())
    inputs = features.gather(np.arange(40), CPU).inputs.numpy()
    assert inputs.shape == (40, 2 * N_FACTORS)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.sqrt(inputs.var(axis=0).mean()), 1, rtol=1e-4)
    ratio = inputs.std(axis=0) / features.composition.std(axis=0)
    for part in (ratio[:N_FACTORS], ratio[N_FACTORS:]):
        np.testing.assert_allclose(part, part[0], rtol=1e-4)


def test_compositions_are_corrected_only_if_asked(prepared: Prepared) -> None:
    loadings, effects = start()
    plain = compose(
        prepared.counts,
        prepared.slices,
        normalise_adjacency(prepared.adjacency),
        loadings,
        effects,
    )
    asked = build(prepared, Encoding())
    assert asked.correction is not None
    assert np.abs(asked.composition - plain).max() > 1e-3
    unasked = make_features(prepared, loadings, effects, 1e3, Encoding(), corrected=False)
    assert unasked.correction is None
    np.testing.assert_array_equal(unasked.composition, plain)


@pytest.mark.parametrize("encoding", [GENES, Encoding()])
def test_a_batch_is_the_rows_asked_for(prepared: Prepared, encoding: Encoding) -> None:
    features = build(prepared, encoding)
    whole = features.gather(np.arange(40), CPU)
    rows = np.array([30, 2, 2, 17])
    batch = features.gather(rows, CPU)
    for name in ("counts", "expression", "inputs", "slices"):
        torch.testing.assert_close(getattr(batch, name), getattr(whole, name)[rows])
    np.testing.assert_array_equal(batch.counts.numpy(), prepared.counts[rows].toarray())
    assert features.n_spots == 40


@pytest.mark.parametrize(
    "encoding", [GENES, Encoding(), Encoding("gat"), Encoding("gat", inputs="genes")]
)
def test_a_batch_tells_the_compositions_of_its_own_spots(
    prepared: Prepared, encoding: Encoding
) -> None:
    """Standardised, those that are attended to left out, genes beside them too."""
    features = build(prepared, encoding)
    rows = np.array([30, 2, 2, 17])
    found = features.gather(rows, CPU).composition().numpy()
    given = features.composition
    assert found.shape == (4, given.shape[1])
    # One factor each for mean and deviation: differences between spots keep their proportions.
    scale = (found[0] - found[1]) / (given[30] - given[2])
    np.testing.assert_allclose(found - found[1], (given[rows] - given[2]) * scale, atol=1e-4)
    assert (scale > 0).all()


def test_extreme_values_are_clipped(prepared: Prepared) -> None:
    features = build(prepared)
    expression = features.expression.copy()
    expression.data[0] = 1e6
    wild = Features(
        prepared.counts,
        expression,
        features.neighbourhood,
        features.composition,
        features.slices,
        features.scaling,
    )
    assert float(wild.gather(np.array([0]), CPU).inputs[:, :N_GENES].max()) == 10


def test_scaling_is_that_of_the_dense_matrices() -> None:
    rng = np.random.default_rng(2)
    expression = sparse.random(30, 6, 0.5, format="csr", random_state=rng, dtype=np.float32)
    expression = sparse.csr_matrix(expression.multiply(np.arange(6) != 3))
    composition = rng.random((30, 4)).astype(np.float32)
    scaling = measure_scaling(expression, expression, composition)
    dense = np.hstack([expression.toarray()] * 2 + [composition])
    np.testing.assert_allclose(scaling.mean, dense.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        scaling.deviation, np.maximum(dense.std(axis=0), [0.1] * 12 + [0.02] * 4), rtol=1e-4
    )
    assert scaling.deviation[3] == np.float32(0.1)


def test_pooled_counts_are_neighbourhood_sums(prepared: Prepared) -> None:
    pooled, slices = pool_counts(prepared, n_spots=100, seed=0)
    expected = prepared.adjacency.toarray() @ prepared.counts.toarray()
    np.testing.assert_allclose(pooled, expected)
    np.testing.assert_array_equal(slices, prepared.slices)


def test_few_pooled_spots_come_from_every_slice(prepared: Prepared) -> None:
    pooled, slices = pool_counts(prepared, n_spots=12, seed=0)
    shares = np.sqrt([25, 15]) / np.sqrt([25, 15]).sum() * 12
    assert np.bincount(slices).tolist() == [round(share) for share in shares]
    again, _ = pool_counts(prepared, n_spots=12, seed=0)
    np.testing.assert_array_equal(pooled, again)
    everything = prepared.adjacency.toarray() @ prepared.counts.toarray()
    assert all((everything == row).all(axis=1).any() for row in pooled)


def test_a_neighbourhood_that_hardly_varies_keeps_a_say() -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(0, 0.2, (500, N_FACTORS))
    kept = 0.18**2 / 0.2**2
    for around, neighbours, expected in (
        (0.18, 6, kept),
        (0.02, 6, LEAST_AROUND),
        (0.18, 18, 1),
        (0.02, 36, 1),
    ):
        composition = np.hstack([own, rng.normal(0, around, own.shape)]).astype(np.float32)
        scaling = measure_spread(composition, neighbours)
        scaled = (composition - scaling.mean) / scaling.deviation
        parts = scaled.var(axis=0).reshape(2, -1).mean(axis=1)
        assert parts.mean() == pytest.approx(1, rel=1e-3)
        assert parts[1] / parts[0] == pytest.approx(expected, rel=0.1)


def test_a_composition_that_never_varies_is_scaled_to_nothing() -> None:
    scaling = measure_spread(np.full((20, 2 * N_FACTORS), 0.5, dtype=np.float32), 6)
    assert np.isfinite(scaling.deviation).all()
    assert (scaling.deviation > 0).all()
