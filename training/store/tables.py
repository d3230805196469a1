"""Matrices and tables as CSV files, row by row."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def write_matrix_csv(
    path: str | Path,
    row_names: Sequence[str],
    column_names: Sequence[str],
    matrix: np.ndarray,
    extra_columns: Mapping[str, Sequence[object]] | None = None,
) -> None:
    """Write `matrix` (rows, columns) with a header line, its row names and extra columns first.

    NaN is written as an empty field, numbers with 9 significant digits (all of float32). Raises
    ValueError when the lengths disagree.
    """
    extra = dict(extra_columns or {})
    if matrix.shape != (len(row_names), len(column_names)):
        raise ValueError(
            f"a matrix of shape {matrix.shape} for {len(row_names)} rows "
            f"and {len(column_names)} columns"
        )
    for name, values in extra.items():
        if len(values) != len(row_names):
            raise ValueError(f"column {name!r} has {len(values)} values for {len(row_names)} rows")
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", *extra, *column_names])
        for i, name in enumerate(row_names):
            cells = ["" if np.isnan(value) else f"{value:.9g}" for value in matrix[i].tolist()]
            writer.writerow([name, *(values[i] for values in extra.values()), *cells])


def write_columns_csv(path: str | Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns of one length under a header line.

    NaN and None are written as empty fields, numbers with 9 significant digits.
    """
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            writer.writerow(["" if v is None or v != v else _cell(v) for v in row])


def _cell(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
