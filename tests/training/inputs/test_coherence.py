"""The number of neighbours follows from the tissue: wide where spots are mixed, else narrow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from training.inputs.coherence import (
    COMPONENTS,
    LEAST_SLICE,
    RINGS,
    Width,
    choose_neighbours,
)

N_GENES = 30


def grid(side: int) -> np.ndarray:
    """Hexagonal positions (side², 2)."""
    rows, columns = np.divmod(np.arange(side * side), side)
    return np.column_stack([columns + (rows % 2) / 2, rows * np.sqrt(3) / 2])


def tissue(
    side: int, width: float, mixed: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Counts and positions of stripes `width` spots wide; `mixed` of each spot is of cells of any
    kind."""
    positions = grid(side)
    stripe = (positions[:, 0] // width).astype(int) % 2
    places = rng.dirichlet(np.ones(N_GENES), 2)
    kinds = rng.dirichlet(np.ones(N_GENES) * 0.3, 5)
    cells = rng.dirichlet(np.ones(5) * 0.3, len(positions)) @ kinds
    rates = (1 - mixed) * places[stripe] + mixed * cells
    return rng.poisson(2000 * rates).astype(float), positions


def choose(counts: np.ndarray, positions: np.ndarray, slices: np.ndarray | None = None) -> Width:
    slices = np.zeros(len(counts), dtype=np.int64) if slices is None else slices
    totals = counts.sum(axis=1)
    return choose_neighbours(sparse.csr_matrix(counts), totals, positions, slices, seed=0)


def test_fine_tissue_keeps_narrow_neighbourhoods() -> None:
    counts, positions = tissue(40, 3, 0.0, np.random.default_rng(0))
    width = choose(counts, positions)
    assert width.neighbours == RINGS[0]
    assert width.errors[RINGS[0]] < width.errors[RINGS[1]] < width.errors[RINGS[2]]


def test_mixed_spots_of_broad_tissue_take_wide_ones() -> None:
    counts, positions = tissue(40, 20, 0.9, np.random.default_rng(0))
    width = choose(counts, positions)
    assert width.neighbours == RINGS[-1]
    assert f"{RINGS[-1]} neighbours chosen" in width.told()
    # Parts of it, as slices too small for so wide a ring.
    parts = np.arange(len(counts)) // (RINGS[-1] * LEAST_SLICE - 1)
    assert list(choose(counts, positions, parts).errors) == list(RINGS[:-1])
    assert list(choose(counts[:200], positions[:200]).errors) == [RINGS[0]]


def test_the_error_is_that_of_naive_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.inputs.coherence.LEAST_SLICE", 0.01)
    rng = np.random.default_rng(1)
    counts, positions = tissue(9, 4, 0.3, rng)
    # Irregular, so that no two neighbours are equally far.
    positions = positions + rng.uniform(-0.2, 0.2, positions.shape)
    slices = np.repeat([0, 1], [50, 31]).astype(np.int64)
    found = choose(counts, positions, slices).errors
    y = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))
    for index in (0, 1):
        y[slices == index] -= y[slices == index].mean(axis=0)
    y = y @ np.linalg.svd(y)[2][:COMPONENTS].T
    assert list(found) == list(RINGS)
    for number, error in found.items():
        means = np.zeros_like(y)
        for i in range(len(y)):
            inside = np.flatnonzero(slices == slices[i])
            away = np.linalg.norm(positions[inside] - positions[i], axis=1)
            means[i] = y[inside[np.argsort(away)[1 : number + 1]]].mean(axis=0)
        for index in (0, 1):
            means[slices == index] -= means[slices == index].mean(axis=0)
        assert error == pytest.approx(np.square(y - means).sum() / np.square(y).sum(), rel=1e-3)


def test_units_and_order_of_spots_change_nothing() -> None:
    counts, positions = tissue(40, 8, 0.5, np.random.default_rng(2))
    slices = np.repeat([0, 1], 800).astype(np.int64)
    # Irregular, so that no two neighbours are equally far.
    positions = positions + np.random.default_rng(3).uniform(-0.2, 0.2, positions.shape)
    plain = choose(counts, positions, slices)
    scaled = positions.copy()
    scaled[slices == 1] *= 1000
    shuffled = np.random.default_rng(4).permutation(1600)
    again = choose(counts[shuffled], scaled[shuffled], slices[shuffled])
    assert again.neighbours == plain.neighbours
    assert list(again.errors.values()) == pytest.approx(list(plain.errors.values()), rel=1e-3)


def test_large_collections_are_judged_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, positions = tissue(40, 12, 0.7, np.random.default_rng(5))
    whole = choose(counts, positions)
    monkeypatch.setattr("training.inputs.coherence.SAMPLE", 500)
    part = choose(counts, positions)
    assert part.errors != whole.errors
    assert part.neighbours == whole.neighbours
    assert list(part.errors.values()) == pytest.approx(list(whole.errors.values()), abs=0.06)


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [2, 1], [5, 3]])
def test_slices_of_few_spots_and_spots_without_counts(sizes: list[int]) -> None:
    slices = np.repeat(np.arange(len(sizes)), sizes).astype(np.int64)
    counts = np.zeros((len(slices), N_GENES))
    counts[0] = 1
    width = choose(counts, np.zeros((len(slices), 2)), slices)
    assert width.neighbours in RINGS
    assert all(np.isfinite(value) for value in width.errors.values())
