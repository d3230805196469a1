"""A sketch serves small slices, takes no more than there is, and is all of a small collection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.downstream.sketch import draw_sketch, share_out


def test_a_small_collection_is_its_own_sketch() -> None:
    slices = np.repeat([0, 1], [30, 20])
    np.testing.assert_array_equal(draw_sketch(slices, 50, 0), np.arange(50))


def test_shares_go_with_the_root_of_the_size() -> None:
    slices = np.repeat([0, 1, 2], [10_000, 40_000, 90_000])
    rows = draw_sketch(slices, 6_000, 0)
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(np.bincount(slices[rows]), [1000, 2000, 3000])


def test_what_a_small_slice_cannot_give_the_others_do() -> None:
    assert share_out(np.array([4, 10_000, 10_000]), 2_000).tolist() == [4, 998, 998]
    assert share_out(np.array([0, 9, 25]), 16).tolist() == [0, 6, 10]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=12), st.integers(0, 400))
def test_shares_add_up_and_none_is_too_large(sizes: list[int], total: int) -> None:
    total = min(total, sum(sizes))
    shares = share_out(np.array(sizes), total)
    assert shares.sum() == total
    assert (shares >= 0).all()
    assert (shares <= np.array(sizes)).all()


@pytest.mark.parametrize("other", [1, 2])
def test_the_seed_draws_the_sketch(other: int) -> None:
    slices = np.repeat([0, 1], [300, 700])
    np.testing.assert_array_equal(draw_sketch(slices, 100, 0), draw_sketch(slices, 100, 0))
    assert not np.array_equal(draw_sketch(slices, 100, 0), draw_sketch(slices, 100, other))
