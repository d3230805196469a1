"""Which reference spots rehearse."""

from __future__ import annotations

import numpy as np
import pytest

from training.rehearsal.drawing import PARTS, draw_spots, make_folds


def test_few_spots_all_take_part() -> None:
    slices = np.repeat([0, 1], 40)
    np.testing.assert_array_equal(
        draw_spots(slices, np.zeros((80, 2)), seed=0, spots=100), np.arange(80)
    )


@pytest.mark.parametrize("sizes", [(1000, 1000, 1000), (20, 3000, 1500), (5, 5, 5000)])
def test_slices_give_as_many_as_they_have(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    slices = np.repeat(np.arange(3), sizes)
    rows = draw_spots(slices, rng.random((sum(sizes), 2)), seed=0, spots=600)
    counts = np.bincount(slices[rows])
    assert 590 <= len(rows) <= 600
    assert (np.diff(rows) > 0).all()
    share = counts.max()
    assert all(count == min(size, share) for count, size in zip(counts, sizes, strict=True)) or (
        np.ptp(counts[counts < sizes]) <= 1
    )


def test_spots_are_taken_with_those_around_them() -> None:
    rng = np.random.default_rng(0)
    positions = rng.random((4000, 2))
    rows = draw_spots(np.zeros(4000, dtype=int), positions, seed=1, spots=400)
    taken = np.zeros(4000, dtype=bool)
    taken[rows] = True
    from scipy.spatial import cKDTree

    near = cKDTree(positions).query(positions[rows], 7)[1][:, 1:]
    assert taken[near].mean() > 0.75


def test_a_lone_slice_is_cut_into_bands() -> None:
    positions = np.column_stack([np.random.default_rng(0).random(103) * 9, np.zeros(103)])
    folds, by_parts = make_folds(np.full(103, 5), positions)
    assert by_parts
    assert np.ptp(np.bincount(folds)) <= 1
    assert len(np.unique(folds)) == PARTS
    for fold in range(PARTS - 1):
        assert positions[folds == fold, 0].max() <= positions[folds == fold + 1, 0].min()


def test_slices_are_folds() -> None:
    folds, by_parts = make_folds(np.array([7, 7, 2, 9]), np.zeros((4, 2)))
    np.testing.assert_array_equal(folds, [1, 1, 0, 2])
    assert not by_parts
