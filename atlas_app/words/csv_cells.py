"""How values stand in the CSV files that readers take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

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


def ended(parts: Iterable[str], ends: Mapping[str, object]) -> Iterator[str]:
    """CSV with further columns, alike in all its lines, so that a table that has gone its own way
    says where it is from.

    Args:
        parts: CSV in pieces of whole lines, the header first; ends: names and values.
    """
    head, tail = ("," + written([each]) for each in (list(ends), list(ends.values())))
    end = head
    for part in parts:
        if '"' in part:
            lines = [written([row])[:-1] for row in csv.reader(io.StringIO(part))]
        else:
            lines = part.split("\n")[:-1]
        if lines:
            yield lines[0] + end + "".join(line + tail for line in lines[1:])
            end = tail
