"""Columns and unstructured parts of an AnnData file in HDF5, read with h5py alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Codes of a category are bytes, and 255 says missing.
MOST_CATEGORIES = 255


@dataclass(frozen=True)
class Column:
    """A column of spots: `codes` into `categories` (−1 missing), or `numbers` (NaN missing)."""

    name: str
    codes: np.ndarray | None
    categories: tuple[str, ...]
    numbers: np.ndarray | None

    @property
    def kind(self) -> str:
        return "number" if self.codes is None else "category"

    def of(self, rows: np.ndarray) -> Column:
        """The same of some spots, by a mask or by their numbers."""
        codes, numbers = (None if x is None else x[rows] for x in (self.codes, self.numbers))
        return Column(self.name, codes, self.categories, numbers)

    def texts(self) -> list[str]:
        """The categories of all spots, '' where missing."""
        if self.codes is None:
            return ["" if np.isnan(v) else f"{v:g}" for v in np.asarray(self.numbers)]
        return [self.categories[code] if code >= 0 else "" for code in self.codes]


def read_column(node: Any, name: str) -> Column | None:
    """A column of an AnnData data frame in HDF5; None for kinds that cannot be drawn, and for more
    categories than a byte can tell apart."""
    found = read_whole_column(node, name)
    return found if found is not None and len(found.categories) <= MOST_CATEGORIES else None


def read_whole_column(node: Any, name: str) -> Column | None:
    """A column of any number of categories; None for kinds that are no column."""
    encoding = node.attrs.get("encoding-type", "array")
    if encoding == "categorical":
        categories = tuple(str(value) for value in texts(node["categories"]))
        codes = node["codes"][:].astype(np.int64)
        return Column(name, codes, categories, None)
    if encoding in ("nullable-boolean", "nullable-integer"):
        values, mask = node["values"][:], node["mask"][:].astype(bool)
        if values.dtype.kind == "b":
            codes = np.where(mask, -1, values.astype(np.int64))
            return Column(name, codes, ("False", "True"), None)
        return Column(name, None, (), np.where(mask, np.nan, values.astype(np.float64)))
    if encoding == "nullable-string-array":
        words = np.where(node["mask"][:].astype(bool), "", texts(node["values"]))
        return from_texts(name, words)
    if encoding == "string-array":
        return from_texts(name, texts(node))
    if encoding == "array" and getattr(node, "ndim", 0) == 1:
        values = node[:]
        if values.dtype.kind == "b":
            return Column(name, values.astype(np.int64), ("False", "True"), None)
        if values.dtype.kind in "iuf":
            return Column(name, None, (), values.astype(np.float64))
    return None


def from_texts(name: str, words: np.ndarray) -> Column:
    """A column of words as categories."""
    known, codes = np.unique(np.asarray(words, dtype=str), return_inverse=True)
    return Column(name, codes.astype(np.int64), tuple(str(word) for word in known), None)


def read_labels(node: Any, name: str) -> Column | None:
    """A column whose values name something of every spot, of any number of categories; None where
    a spot has no value.

    Numbers are told by the text that mapping names sections by: whole ones without a decimal point,
    others as short as their precision allows.
    """
    encoding = node.attrs.get("encoding-type", "array")
    if encoding == "categorical":
        codes, known = node["codes"][:].astype(np.int64), texts(node["categories"])
    else:
        if encoding.startswith("nullable-"):
            if node["mask"][:].any():
                return None
            node = node["values"]
        if getattr(node, "ndim", 0) != 1:
            return None
        values = texts(node) if node.dtype.kind not in "biuf" else node[:]
        known, codes = np.unique(values, return_inverse=True)
        if known.dtype.kind == "f":
            if not np.isfinite(known).all():
                return None
            known = known.astype(np.int64) if (known % 1 == 0).all() else known
        known = known.astype(str)
    if (codes < 0).any():
        return None
    return Column(name, codes.astype(np.int64), tuple(str(each) for each in known), None)


def texts(dataset: Any) -> np.ndarray:
    """A dataset of strings (or numbers) as an array of str."""
    import h5py

    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.asarray(dataset.asstr()[()], dtype=object)
    return np.asarray(dataset[()]).astype(str)


def texts_of(values: Any) -> list[str]:
    """An attribute of strings as a list of str."""
    return [v.decode() if isinstance(v, bytes) else str(v) for v in np.atleast_1d(values)]


def plain(node: Any) -> Any:
    """A group or dataset of `uns` as dictionaries, lists, strings and numbers."""
    import h5py

    if isinstance(node, h5py.Group):
        if node.attrs.get("encoding-type") not in (None, "dict"):
            return None
        return {name: plain(node[name]) for name in node}
    if node.shape is None:
        return None
    value = node[()] if h5py.check_string_dtype(node.dtype) is None else node.asstr()[()]
    if isinstance(value, np.ndarray):
        return [finite_number(item) for item in value.tolist()]
    return finite_number(value.item() if isinstance(value, np.generic) else value)


def finite_number(value: Any) -> Any:
    """`value`, or None for a number that JSON cannot hold."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
