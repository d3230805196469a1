"""How deep each slice lies in its stack, as a column of the table of spots tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

DEPTHS = ("z_um", "z")
"""Columns that may hold the depth of a slice when none is named; the first that fits is taken."""


def depth_column(
    obs: pd.DataFrame, rows: Sequence[NDArray[np.intp]], named: str = ""
) -> tuple[str, list[float]] | None:
    """The column of depths and the depth of each slice.

    Args:
        obs: the table of spots.
        rows: of each slice.
        named: the column to take; '' looks for those of DEPTHS.

    Returns:
        None where no column holds finite numbers that are constant in every slice and differ
        between slices.
    """
    for column in [named] if named else DEPTHS:
        if column not in obs or obs[column].dtype.kind not in "iuf":
            continue
        values = obs[column].to_numpy(dtype=np.float64)
        if not np.isfinite(values).all() or any(np.ptp(values[own]) > 0 for own in rows):
            continue
        depths = [float(values[own[0]]) for own in rows]
        if len(set(depths)) > 1:
            return column, depths
    return None


def check_depths(obs: pd.DataFrame, named: str) -> None:
    """That the column named for depths can be used; nothing is checked where none is named.

    Raises:
        DataError: naming the slices in which it cannot.
    """
    if not named:
        return
    expected = "one finite depth for each slice, not the same in all"
    if named not in obs:
        numbers = [str(name) for name in obs if obs[name].dtype.kind in "iuf"]
        found = f"no column {named!r}"
        remedy = "add the column to obs, or leave data.depth_column empty"
        raise DataError([Problem("data.depth_column", found, expected, numbers[:5], remedy)])
    if obs[named].dtype.kind not in "iuf":
        shown = [str(value) for value in obs[named].unique()[:5]]
        found = f"a column {named!r} that is not numbers"
        remedy = "write the depths as numbers"
        raise DataError([Problem("data.depth_column", found, expected, shown, remedy)])
    by_slice = obs[named].astype(np.float64).groupby(obs["slice"], observed=True)
    spread = by_slice.agg(lambda values: np.ptp(values) if np.isfinite(values).all() else np.nan)
    wrong = [str(name) for name, width in spread.items() if width != 0]
    if wrong:
        found = f"{named!r} missing or not constant in {len(wrong)} slices"
        remedy = "give all spots of a slice the depth of the slice"
        raise DataError([Problem("data.depth_column", found, expected, wrong[:5], remedy)])
    depths = by_slice.first()
    if len(depths) > 1 and depths.nunique() == 1:
        found = f"{named!r} the same in all slices: {depths.iloc[0]:g}"
        raise DataError([Problem("data.depth_column", found, expected, (), "give their depths")])
