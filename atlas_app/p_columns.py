"""Columns of p and q in the sortable tables: sorted by the number, read as `told_p` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.store.significance import told_p

# Beside a field, the text that stands in its cells.
TOLD = "_told"


def p_column(field: str, name: str, about: str = "") -> dict[str, Any]:
    """A column of an AG Grid whose rows went through `with_told`."""
    return {
        "field": field,
        "headerName": name,
        "headerTooltip": about,
        "type": "numericColumn",
        "valueFormatter": {"function": f"params.data.{field}{TOLD}"},
        "width": 96,
        "minWidth": 88,
    }


def with_told(rows: Sequence[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """Rows with a text beside each p and q of `fields`, for `p_column`."""
    return [row | {f"{field}{TOLD}": told_p(row[field]) for field in fields} for row in rows]
