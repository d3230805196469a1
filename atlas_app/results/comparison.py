"""A mapped query beside its reference: the tables uns['comparison'] of a result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from atlas_app.http.errors import ApiError
from atlas_app.results.columns import texts, texts_of
from atlas_app.results.csv import ROWS_AT_ONCE
from atlas_app.results.mapped import ResultView
from atlas_app.words.csv_cells import written

GROUP = "uns/comparison"
KINDS = ("composition", "factors", "genes")

Table = dict[str, np.ndarray]


def read_comparison(view: ResultView, kind: str) -> Table:
    """A table by columns, names as str and numbers as float64 with NaN; {} of results without it.

    An ApiError (404) for a kind of table that there is none of.
    """
    import h5py

    if kind not in KINDS:
        raise ApiError(
            404,
            "No such comparison.",
            found=kind,
            expected="composition, factors or genes",
            examples=KINDS,
        )
    with h5py.File(view.path, "r") as file:
        if f"{GROUP}/{kind}" not in file:
            return {}
        frame = file[GROUP][kind]
        listed = [str(name) for name in texts_of(frame.attrs.get("column-order", []))]
        return {name: _values(frame[name]) for name in listed}


def comparison_csv(table: Table) -> Iterator[str]:
    """Lines of CSV, a few thousand at a time; what is missing is empty."""
    if not table:
        return
    yield written([list(table)])
    n = len(next(iter(table.values())))
    for start in range(0, n, ROWS_AT_ONCE):
        columns = [column[start : start + ROWS_AT_ONCE] for column in table.values()]
        yield written(zip(*columns, strict=True))


def lies_beyond(table: Table, low: str = "low", high: str = "high") -> np.ndarray:
    """(rows,) whether 0 lies outside of the interval; not where there is none."""
    return np.asarray((table[low] > 0) | (table[high] < 0))


def _values(node: Any) -> np.ndarray:
    if node.attrs.get("encoding-type") == "categorical":
        names = np.append(texts(node["categories"]).astype(object), "")
        return np.asarray(names[node["codes"][:]])
    values = node[:]
    return texts(node) if values.dtype.kind in "OSU" else values.astype(np.float64)
