"""The nearest rows, exactly, however they are divided and wherever they lie."""

from __future__ import annotations

import numpy as np
import pytest

from training.neighbours import exactsearch
from training.neighbours.exactsearch import search


def cloud(n: int, seed: int, d: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def naive(known: np.ndarray, k: int, asking: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    difference = asking[:, None].astype(np.float64) - known[None].astype(np.float64)
    distances = np.sqrt((difference**2).sum(axis=2))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, axis=1)


@pytest.mark.parametrize("n", [3, 70, 500, 501, 1000])
@pytest.mark.parametrize("tile", [1, 100, 8192])
def test_they_are_found_in_one_tile_and_in_several(
    n: int, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exactsearch, "TILE", tile)
    monkeypatch.setattr(exactsearch, "ROWS", 7)
    known, asking = cloud(n, 0), cloud(30, 1)
    for k in {1, min(20, n), n}:
        indices, distances = search(known, k, asking)
        expected, lengths = naive(known, k, asking)
        np.testing.assert_array_equal(indices, expected)
        np.testing.assert_allclose(distances, lengths, rtol=1e-6)


def test_rounding_far_from_nought_hides_none() -> None:
    known, asking = cloud(400, 0) * 0.01 + 3000, cloud(40, 1) * 0.01 + 3000
    known[7] = 9000
    indices, _ = search(known, 10, asking)
    np.testing.assert_array_equal(indices, naive(known, 10, asking)[0])


def test_of_copies_the_first_are_named() -> None:
    known = np.tile(cloud(40, 0), (30, 1))
    indices, distances = search(known, 5, known[:40])
    np.testing.assert_array_equal(indices, np.arange(40)[:, None] + 40 * np.arange(5))
    assert (distances == 0).all()


def test_nobody_asks() -> None:
    indices, distances = search(cloud(9, 0), 4, cloud(0, 1))
    assert indices.shape == distances.shape == (0, 4)
