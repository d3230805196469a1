"""Columns of an AnnData data frame on disk as plain NumPy, without pandas or anndata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import zarr

from training.store.errors import StoreError, located
from training.store.hierarchy.nodes import attributes, child, get_array


@dataclass(frozen=True)
class Column:
    """One column.

    kind 'category': `codes` (−1 missing) into `categories`. kind 'number': `values` float64,
    NaN missing. kind 'text': `values` object array of str, None missing. kind 'other': stored
    in a form that this reader does not know (`values` empty).
    """

    kind: Literal["category", "number", "text", "other"]
    values: np.ndarray
    codes: np.ndarray
    categories: list[str]

    def __len__(self) -> int:
        return len(self.codes) if self.kind == "category" else len(self.values)


NONE = np.zeros(0, dtype=np.int64)


def read_column(frame: zarr.Group, name: str, place: str) -> Column:
    """The column `name` of the data frame stored in `frame`."""
    where = f"{place}/{name}"
    node = child(frame, name, place)
    encoding = attributes(node, where).get("encoding-type")
    with located(where, "a column as AnnData stores it"):
        if isinstance(node, zarr.Array):
            return _plain(read_flat(node, where))
        if encoding == "categorical":
            return _categorical(node, where)
        if encoding in ("nullable-integer", "nullable-boolean", "nullable-string-array"):
            return _nullable(node, where)
    return Column("other", NONE, NONE, [])


def read_flat(array: zarr.Array, place: str) -> np.ndarray:
    """All of a one-dimensional array; text comes as an object array of str."""
    if array.ndim != 1:
        raise StoreError(place, f"{array.ndim} dimensions", "one dimension")
    with located(place):
        values = np.asarray(array[:])
        return values.astype(object) if values.dtype.kind in "TU" else values


def _plain(values: np.ndarray) -> Column:
    if values.dtype.kind == "b":
        return Column("category", NONE, values.astype(np.int64), ["False", "True"])
    if values.dtype.kind in "iuf":
        return Column("number", values.astype(np.float64), NONE, [])
    if values.dtype.kind == "O":
        return Column("text", values, NONE, [])
    return Column("other", NONE, NONE, [])


def _categorical(group: zarr.Group, place: str) -> Column:
    codes = read_flat(get_array(group, "codes", place), f"{place}/codes").astype(np.int64)
    named = child(group, "categories", place)
    if isinstance(named, zarr.Array):
        names = [str(value) for value in read_flat(named, place).tolist()]
    else:
        names = [str(value) for value in read_column(group, "categories", place).values]
    if codes.size and (codes.min() < -1 or codes.max() >= len(names)):
        raise StoreError(
            f"{place}/codes",
            f"codes from {codes.min()} to {codes.max()}",
            f"codes from -1 to {len(names) - 1}",
        )
    return Column("category", NONE, codes, names)


def _nullable(group: zarr.Group, place: str) -> Column:
    values = read_flat(get_array(group, "values", place), f"{place}/values")
    mask = read_flat(get_array(group, "mask", place), f"{place}/mask").astype(bool)
    if mask.shape != values.shape:
        raise StoreError(f"{place}/mask", f"{mask.size} entries", f"{values.size} entries")
    plain = _plain(values)
    if plain.kind == "category":
        return Column("category", NONE, np.where(mask, -1, plain.codes), plain.categories)
    if plain.kind == "number":
        return Column("number", np.where(mask, np.nan, plain.values), NONE, [])
    plain.values[mask] = None
    return plain
