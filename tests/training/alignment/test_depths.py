"""Depths of slices: which column is taken, and what is said of one that cannot be used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.alignment.depths import check_depths, depth_column
from training.errors import DataError

ROWS = [np.arange(3), np.arange(3, 6)]


def table(depth: object, column: str = "z_um") -> pd.DataFrame:
    slices = pd.Categorical(["a"] * 3 + ["b"] * 3)
    return pd.DataFrame({"slice": slices, column: depth}, index=[f"s{i}" for i in range(6)])


def test_depths_are_read_where_every_slice_has_one() -> None:
    assert depth_column(table([5, 5, 5, 9, 9, 9]), ROWS) == ("z_um", [5.0, 9.0])
    assert depth_column(table([1.5] * 3 + [0.0] * 3, "z"), ROWS) == ("z", [1.5, 0.0])
    for depth in ([5, 5, 6, 9, 9, 9], [5.0] * 6, [5.0] * 5 + [np.nan], ["a"] * 6):
        assert depth_column(table(depth), ROWS) is None
    assert depth_column(table([5, 5, 5, 9, 9, 9], "height"), ROWS) is None


def test_a_named_column_goes_before_the_usual_ones() -> None:
    obs = table([5, 5, 5, 9, 9, 9])
    obs["height"] = [1, 1, 1, 2, 2, 2]
    assert depth_column(obs, ROWS, "height") == ("height", [1.0, 2.0])
    check_depths(obs, "height")
    check_depths(obs, "")


@pytest.mark.parametrize(
    ("depth", "column", "words"),
    [
        ([5, 5, 5, 9, 9, 9], "height", "no column 'depth'"),
        (["a"] * 6, "depth", "not numbers"),
        ([5, 5, 6, 9, 9, 9], "depth", "not constant in 1 slices"),
        ([5.0] * 5 + [np.nan], "depth", "missing or not constant in 1 slices"),
        ([5.0] * 6, "depth", "the same in all slices: 5"),
    ],
)
def test_a_named_column_that_cannot_be_used_is_refused(
    depth: object, column: str, words: str
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        check_depths(table(depth, column), "depth")
    assert caught.value.problems[0].place == "data.depth_column"
    assert caught.value.problems[0].remedy
