"""Turning label columns and slice names into integer codes, with missing labels as −1."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Codes = NDArray[np.int64]

MISSING = -1


def label_codes(labels: ArrayLike, drop: Collection[str] = ()) -> tuple[Codes, list[str]]:
    """Number the labels of spots.

    Args:
        labels: (n,) values of any kind. None, NaN, NA and empty text count as missing.
        drop: label names, as text, that count as missing too.

    Returns:
        Codes (n,) from 0 in the sorted order of names, −1 where missing, and the names.
    """
    values = np.asarray(labels, dtype=object).ravel()
    dropped = {str(name) for name in drop}
    names = [_name(value) for value in values]
    kept = sorted({name for name in names if name and name not in dropped})
    number = {name: code for code, name in enumerate(kept)}
    return np.array([number.get(name, MISSING) for name in names], dtype=np.int64), kept


def slice_codes(slices: ArrayLike) -> tuple[Codes, list[str]]:
    """Number the slices of spots in order of first appearance.

    Args:
        slices: (n,) slice of each spot, text or numbers.

    Returns:
        Codes (n,) from 0, and the slices' names.
    """
    values = np.asarray(slices)
    if values.dtype == object:
        values = values.astype(str)
    names, first, codes = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes.ravel()], [str(name) for name in names[order]]


def scored_slices(
    codes: Codes, slice_of: Codes, least: int
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Slices with more than `least` labelled spots of at least two labels.

    Yields the slice's code and the rows (m,) of its labelled spots.
    """
    for slice_code in range(int(slice_of.max(initial=-1)) + 1):
        rows = np.flatnonzero((slice_of == slice_code) & (codes != MISSING))
        if len(rows) > least and len(np.unique(codes[rows])) > 1:
            yield slice_code, rows


def as_points(latent: ArrayLike, n_spots: int) -> NDArray[np.float64]:
    """A latent (n, d) as finite float64 with one row per spot.

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    points = np.asarray(latent, dtype=np.float64)
    if points.ndim != 2 or len(points) != n_spots:
        raise ValueError(f"latent has shape {points.shape}, expected ({n_spots}, d)")
    if not np.isfinite(points).all():
        raise ValueError("latent holds values that are not finite")
    return points


def _name(value: Any) -> str:
    """Text of a label, empty where missing; NaN and NA are values unlike themselves."""
    if value is None:
        return ""
    try:
        if not bool(value == value):
            return ""
    except TypeError:
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
