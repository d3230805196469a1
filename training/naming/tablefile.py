"""Tables that a builder gives as CSV or TSV: header and rows, and the genes that they name."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.errors import DataError, Problem
from training.store.genes.search import GeneIndex
from training.store.schema import ENSEMBL_COLUMNS, SYMBOL_COLUMNS


def read_rows(path: Path, expected: str) -> tuple[list[str], list[list[str]]]:
    """The first row of a table and the others, every one as long as the first, cells trimmed.

    The separator is the tab where the first line has one, else the comma or semicolon that it has
    more of. Empty lines do not count.

    Raises:
        DataError: for a file that is no such table, which then `expected` says in words.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError([Problem(str(path), f"no readable text ({error})", expected)]) from error
    first = text.split("\n", 1)[0]
    mark = "\t" if "\t" in first else max(",;", key=first.count)
    try:
        lines = [
            [cell.strip() for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=mark)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise DataError([Problem(str(path), f"no table ({error})", expected)]) from error
    if len(lines) < 2 or len(lines[0]) < 2:
        width = len(lines[0]) if lines else 0
        found = f"{len(lines)} lines of {width} columns"
        raise DataError([Problem(str(path), found, expected, [line[0] for line in lines[:5]])])
    header, rows = lines[0], lines[1:]
    uneven = [row for row in rows if len(row) != len(header)]
    if uneven:
        raise DataError(
            [
                Problem(
                    str(path),
                    f"{len(uneven):,} rows with more or fewer cells than the header",
                    f"{len(header)} cells in every row",
                    [mark.join(row) for row in uneven[:5]],
                    "put cells that hold the separator in quotes",
                )
            ]
        )
    return header, rows


def index_genes(columns: Mapping[str, Any]) -> GeneIndex:
    """The genes of a table of them, found as the atlas finds them.

    `columns` holds the genes as `name`, and whatever else `var` of the atlas does.
    """
    names = [str(name) for name in columns["name"]]

    def first(candidates: Sequence[str]) -> list[str]:
        for candidate in candidates:
            if candidate in columns:
                return [name if isinstance(name, str) else "" for name in columns[candidate]]
        return [""] * len(names)

    return GeneIndex(names, first(SYMBOL_COLUMNS), first(ENSEMBL_COLUMNS), [True] * len(names))
