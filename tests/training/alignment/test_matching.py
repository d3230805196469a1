"""Which slices and spots are matched, against naive formulas."""

from __future__ import annotations

import numpy as np

from training.alignment.matching import WINDOW, mutual_neighbours, pairs_in_order


def test_mutual_neighbours_are_those_of_the_distance_table() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(40, 3)), rng.normal(size=(25, 3))
    table = np.linalg.norm(first[:, None] - second[None], axis=2)
    k = 4
    near_first = table.argsort(axis=1)[:, :k]
    near_second = table.argsort(axis=0)[:k].T
    wanted = {(i, j) for i in range(40) for j in near_first[i] if i in near_second[j]}
    i, j = mutual_neighbours(first, second, k)
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == wanted
    assert len(i) == len(wanted) > 20


def test_a_slice_of_fewer_spots_than_neighbours() -> None:
    first, second = np.arange(6.0)[:, None], np.arange(2.0)[:, None]
    i, j = mutual_neighbours(first, second, 5)
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == {
        (a, b) for a in range(5) for b in (0, 1)
    }


def test_pairs_follow_the_stages_and_the_depth() -> None:
    # Stage 0: slices 0 and 1; stage 2: slices 2, 3, 4 with 4 on top; stage 5: slice 5.
    pairs = pairs_in_order([0, 0, 2, 2, 2, 5], [0.0, 10.0, 5.0, 9.0, 1.0, 0.0])
    order = [0, 1, 4, 2, 3, 5]
    stage = [0, 0, 1, 1, 1, 2]
    wanted = {
        (order[a], order[b])
        for a in range(6)
        for b in range(a + 1, 6)
        if b - a <= WINDOW and stage[order[b]] - stage[order[a]] <= 1
    }
    assert set(pairs) == wanted
    assert (0, 5) not in pairs
    assert (1, 5) not in pairs


def test_thirty_sections_are_matched_with_few() -> None:
    pairs = pairs_in_order([0] * 30)
    assert len(pairs) == 29 + 28 + 27
    assert all(0 < b - a <= WINDOW for a, b in pairs)
