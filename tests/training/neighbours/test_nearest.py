"""Nearest spots: exact where exact is promised, and each spot its own first."""

from __future__ import annotations

import numpy as np
import pytest

from training.neighbours.nearest import nearest


def naive(latent: np.ndarray, k: int, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distances = np.sqrt(((queries[:, None] - latent[None]) ** 2).sum(axis=2))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, axis=1)


def cloud(n: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 5)).astype(np.float32)


def test_neighbours_are_the_exact_ones() -> None:
    latent = cloud()
    indices, distances = nearest(latent, 7, seed=0)
    expected, lengths = naive(latent.astype(np.float64), 7, latent.astype(np.float64))
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, lengths, atol=2e-3)
    assert indices.dtype == np.int64
    assert distances.dtype == np.float32


@pytest.mark.parametrize("part", ["latent", "queries"])
def test_what_is_not_finite_has_no_neighbours(part: str) -> None:
    given = {"latent": cloud(), "queries": cloud(9)}
    given[part][3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        nearest(given["latent"], 2, 0, given["queries"])


def test_queries_ask_among_the_reference() -> None:
    latent, queries = cloud(), cloud(9, seed=1)
    indices, distances = nearest(latent, 4, 0, queries)
    expected, lengths = naive(latent, 4, queries)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, lengths, rtol=1e-4)


def test_each_spot_is_its_own_first_among_copies() -> None:
    latent = np.repeat(cloud(6), 5, axis=0)
    indices, distances = nearest(latent, 4, seed=0)
    np.testing.assert_array_equal(indices[:, 0], np.arange(30))
    assert (distances[:, 0] == 0).all()
    for row in indices:
        assert len(set(row)) == 4
    np.testing.assert_array_equal(indices // 5, np.repeat(np.arange(30) // 5, 4).reshape(30, 4))


def test_a_spot_crowded_out_by_copies_is_put_back() -> None:
    """More copies than neighbours asked for: the spot itself may not be listed by the search."""
    indices, _ = nearest(np.ones((12, 3), dtype=np.float32), 3, seed=0)
    np.testing.assert_array_equal(indices[:, 0], np.arange(12))


def test_no_more_neighbours_than_spots() -> None:
    indices, distances = nearest(cloud(3), 10, seed=0)
    assert indices.shape == distances.shape == (3, 3)
