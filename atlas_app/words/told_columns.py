"""Columns of the sortable tables that are sorted by a number and read as a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# Beside a field, the text that stands in its cells.
TOLD = "_told"


def told_column(field: str, name: str, about: str = "", **look: Any) -> dict[str, Any]:
    """A column of an AG Grid whose rows went through `with_told`."""
    column = {
        "field": field,
        "headerName": name,
        "headerTooltip": about or None,
        "type": "numericColumn",
        "valueFormatter": {"function": f"params.data.{field}{TOLD}"},
        "width": 96,
        "minWidth": 88,
    }
    return column | look


def with_told(
    rows: Sequence[dict[str, Any]], tell: Callable[[Any], str], *fields: str
) -> list[dict[str, Any]]:
    """Rows with a text beside each number of `fields`, for `told_column`."""
    return [row | {f"{field}{TOLD}": tell(row[field]) for field in fields} for row in rows]
