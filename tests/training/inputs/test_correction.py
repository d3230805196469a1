"""Slices in compositions: taken off where tissue is shared, left where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from training.inputs.correction import Correction, correct, find_correction

WIDTH = 12
OFFSET = 0.15


def tissues(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Square-root compositions (n, 12) of spots of four tissues, and the tissue (n,)."""
    rng = np.random.default_rng(seed)
    tissue = rng.integers(0, 4, n)
    weights = rng.gamma(0.3, size=(n, WIDTH))
    weights[np.arange(n), 3 * tissue] += 6
    weights[np.arange(n), 3 * tissue + 1] += 3
    return np.sqrt(weights / weights.sum(axis=1, keepdims=True)), tissue


@pytest.fixture
def series() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compositions with an offset of slice 1, slices, tissues; slice 1 has no tissue 3."""
    compositions, tissue = tissues(800)
    slices = np.repeat([0, 1], 400)
    keep = ~((slices == 1) & (tissue == 3))
    compositions[slices == 1] += OFFSET * np.cos(np.arange(WIDTH))
    return compositions[keep], slices[keep], tissue[keep]


def gap(values: np.ndarray, slices: np.ndarray, tissue: np.ndarray, kind: int) -> float:
    """Distance between the means of one tissue in the two slices."""
    one, other = (values[(slices == index) & (tissue == kind)].mean(axis=0) for index in (0, 1))
    return float(np.linalg.norm(one - other))


def test_shared_tissue_comes_together(series: tuple[np.ndarray, ...]) -> None:
    values, slices, tissue = series
    found = correct(find_correction(values, slices, 0), values, slices)
    for kind in range(3):
        assert gap(found, slices, tissue, kind) < 0.5 * gap(values, slices, tissue, kind)


def test_tissue_of_one_slice_stays_apart(series: tuple[np.ndarray, ...]) -> None:
    """Tissue 3 moves no nearer to any other than it was."""
    values, slices, tissue = series
    found = correct(find_correction(values, slices, 0), values, slices)

    def nearest(of: np.ndarray) -> float:
        means = [of[(tissue == kind) & (slices == 0)].mean(axis=0) for kind in range(4)]
        return min(float(np.linalg.norm(means[3] - means[kind])) for kind in range(3))

    assert nearest(found) > 0.9 * nearest(values)


def test_what_a_slice_is_made_of_is_not_taken_off(series: tuple[np.ndarray, ...]) -> None:
    """Without an offset, slices of different mixtures are left as they are, or nearly."""
    values, tissue = tissues(800, seed=3)
    slices = np.where(np.random.default_rng(4).random(800) < np.where(tissue < 2, 0.8, 0.2), 0, 1)
    found = correct(find_correction(values, slices, 0), values, slices)
    moved = np.linalg.norm(found - values, axis=1).mean()
    centred = np.array([values[slices == index].mean(axis=0) for index in (0, 1)])
    assert moved < 0.35 * np.linalg.norm(centred[0] - centred[1]) / 2


def test_one_slice_is_left_alone() -> None:
    values, _ = tissues(300)
    slices = np.zeros(300, dtype=np.int64)
    found = correct(find_correction(values, slices, 0), values, slices)
    np.testing.assert_allclose(found, values, atol=0.02)


def test_a_slice_is_corrected_alike_alone_and_among_others(
    series: tuple[np.ndarray, ...],
) -> None:
    """A query is a slice that comes later."""
    values, slices, _ = series
    correction = find_correction(values, slices, 0)
    together = correct(correction, values, slices)[slices == 1]
    alone = correct(correction, values[slices == 1], np.zeros((slices == 1).sum(), dtype=np.int64))
    np.testing.assert_array_equal(alone, together)


def test_a_new_slice_with_its_own_offset_joins_the_tissues(
    series: tuple[np.ndarray, ...],
) -> None:
    values, slices, tissue = series
    correction = find_correction(values, slices, 0)
    query, kinds = tissues(300, seed=7)
    query += OFFSET * np.sin(np.arange(WIDTH))
    every = np.concatenate(
        [
            correct(correction, values, slices)[slices == 0],
            correct(correction, query, np.full(300, 5)),
        ]
    )
    codes = np.repeat([0, 1], [(slices == 0).sum(), 300])
    named = np.concatenate([tissue[slices == 0], kinds])
    before = np.concatenate([values[slices == 0], query])
    for kind in range(4):
        assert gap(every, codes, named, kind) < 0.6 * gap(before, codes, named, kind)


def test_few_spots_are_hardly_believed() -> None:
    values, _ = tissues(400)
    slices = np.repeat([0, 1], [398, 2])
    values[slices == 1] += 0.3
    found = correct(find_correction(values, slices, 0), values, slices)
    moved = np.linalg.norm(found - values, axis=1)[slices == 1]
    assert (moved < 0.3 * 0.3 * np.sqrt(WIDTH)).all()


def test_one_seed_one_correction(series: tuple[np.ndarray, ...]) -> None:
    values, slices, _ = series
    one, other = (find_correction(values, slices, 3) for _ in range(2))
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert isinstance(one, Correction)
    np.testing.assert_allclose(np.linalg.norm(one.centres, axis=1), 1, rtol=1e-5)
