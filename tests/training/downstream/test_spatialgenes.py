"""Moran's I against a double loop, its null against every possible order of the values."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import false_discovery_control, norm

from training.downstream import spatialgenes
from training.downstream.spatialgenes import measure_autocorrelation
from training.inputs.graph import choose_radius, radius_graph


def moran(values: np.ndarray, weights: np.ndarray) -> float:
    """The definition, term by term."""
    z = values - values.mean()
    total = 0.0
    for i in range(len(z)):
        for j in range(len(z)):
            if i != j:
                total += weights[i, j] * z[i] * z[j]
    off = weights.sum() - np.trace(weights)
    return len(z) / off * total / (z**2).sum()


def scattered(
    sizes: tuple[int, ...], seed: int = 0
) -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix]:
    rng = np.random.default_rng(seed)
    slices = np.repeat(np.arange(len(sizes)), sizes)
    positions = rng.uniform(size=(len(slices), 2))
    return (
        positions,
        slices,
        radius_graph(positions, slices, choose_radius(positions, slices, 6, rng)),
    )


def test_moran_is_the_double_loop_averaged_over_slices() -> None:
    _, slices, adjacency = scattered((40, 25))
    rng = np.random.default_rng(1)
    x = rng.poisson(0.7, (65, 9)) * rng.uniform(1, 2, (65, 9))
    x[slices == 1, 3] = 0
    x[:, 4] = 0
    x[:, 5] = 1.3
    found = measure_autocorrelation(sparse.csr_matrix(x), adjacency, slices)
    dense = adjacency.toarray()
    parts = [slices == s for s in (0, 1)]
    for gene in (0, 1, 2, 6, 7, 8):
        each = [moran(x[part, gene], dense[np.ix_(part, part)]) for part in parts]
        assert found.moran_i[gene] == pytest.approx((40 * each[0] + 25 * each[1]) / 65)
    only = moran(x[parts[0], 3], dense[np.ix_(parts[0], parts[0])])
    assert found.moran_i[3] == pytest.approx(only)
    for values in (found.moran_i, found.z, found.p, found.q):
        assert np.isnan(values[[4, 5]]).all()
    made = ~np.isnan(found.p)
    np.testing.assert_allclose(found.p[made], norm.sf(found.z[made]))
    np.testing.assert_allclose(found.q[made], false_discovery_control(found.p[made]))


def test_the_null_is_that_of_all_orders_of_the_values() -> None:
    """Mean and variance over the 720 orders of six values, by brute force."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 3), (0, 5)]
    weights = np.zeros((6, 6))
    for i, j in edges:
        weights[i, j] = weights[j, i] = 1
    values = np.array([0.0, 0.2, 1.0, 3.0, 0.0, 2.5])
    all_orders = np.array([moran(np.array(order), weights) for order in permutations(values)])
    observed = moran(values, weights)
    found = measure_autocorrelation(
        sparse.csr_matrix(values[:, None]), sparse.csr_matrix(weights + np.eye(6)), np.zeros(6, int)
    )
    expected = (observed - all_orders.mean()) / all_orders.std()
    assert all_orders.mean() == pytest.approx(-1 / 5)
    assert found.z[0] == pytest.approx(expected)


def test_the_null_of_two_slices_is_that_of_shuffling_in_each() -> None:
    _, slices, adjacency = scattered((30, 50), seed=3)
    rng = np.random.default_rng(4)
    values = rng.gamma(1.0, 1.0, 80)
    shuffled = np.stack(
        [
            np.concatenate([rng.permutation(values[slices == s]) for s in (0, 1)])
            for _ in range(4000)
        ]
    ).T
    found = measure_autocorrelation(sparse.csr_matrix(shuffled), adjacency, slices)
    assert np.mean(found.z) == pytest.approx(0, abs=0.06)
    assert np.std(found.z) == pytest.approx(1, abs=0.05)


def test_a_gradient_is_found_and_noise_is_not() -> None:
    positions, slices, adjacency = scattered((300, 200), seed=5)
    rng = np.random.default_rng(6)
    x = rng.poisson(1.0, (500, 100)).astype(float)
    x[:, 0] = rng.poisson(1 + 4 * positions[:, 0])
    found = measure_autocorrelation(sparse.csr_matrix(x), adjacency, slices)
    assert found.moran_i.argmax() == 0
    assert found.q[0] < 1e-6
    assert (found.q[1:] < 0.05).sum() <= 2


def test_a_level_that_differs_between_slices_is_not_spatial() -> None:
    _, slices, adjacency = scattered((150, 150), seed=7)
    x = np.random.default_rng(8).poisson(np.where(slices == 0, 1.0, 20.0))
    found = measure_autocorrelation(sparse.csr_matrix(x[:, None].astype(float)), adjacency, slices)
    assert abs(found.z[0]) < 3


def test_blocks_and_the_order_of_spots_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, slices, adjacency = scattered((60, 45))
    x = sparse.random_array((105, 31), density=0.3, rng=np.random.default_rng(2), format="csr")
    whole = measure_autocorrelation(x, adjacency, slices)
    order = np.random.default_rng(3).permutation(105)
    mixed = measure_autocorrelation(x[order], adjacency[order][:, order], slices[order])
    monkeypatch.setattr(spatialgenes, "BLOCK_VALUES", 200)
    blocks = measure_autocorrelation(x, adjacency, slices)
    for other in (mixed, blocks):
        np.testing.assert_allclose(other.moran_i, whole.moran_i, rtol=1e-9)
        np.testing.assert_allclose(other.z, whole.z, rtol=1e-9)


def test_slices_without_neighbours_do_not_count() -> None:
    x = sparse.csr_matrix(np.arange(6.0)[:, None])
    found = measure_autocorrelation(x, sparse.eye_array(6, format="csr"), np.zeros(6, int))
    assert np.isnan([found.moran_i[0], found.p[0], found.q[0]]).all()
    triangle = sparse.csr_matrix(np.ones((3, 3)))
    few = measure_autocorrelation(x[:3], triangle, np.zeros(3, int))
    assert np.isnan(few.moran_i[0])
