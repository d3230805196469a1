"""How values stand in the CSV files that readers take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np


def cell(value: object) -> str:
    """A value in a file: six significant digits of a number, nothing for None, NaN and infinity."""
    if isinstance(value, float | np.floating):
        return f"{value:.6g}" if np.isfinite(value) else ""
    return "" if value is None else str(value)


def written(rows: Iterable[Sequence[object]]) -> str:
    """Rows as lines of CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
