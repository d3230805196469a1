"""A model card or a report, as lines and tables of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atlas_app.words.readable import readable


def flat(card: dict[str, Any]) -> list[tuple[str, str]]:
    """A nested dictionary of settings as (dotted name, text), in order."""
    rows: list[tuple[str, str]] = []
    for key, value in card.items():
        if isinstance(value, dict):
            rows += [(f"{key}.{name}", text) for name, text in flat(value)]
        else:
            rows.append((str(key), shown(value)))
    return rows


def shown(value: Any) -> str:
    """A value of the card in one line."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return shown(int(value)) if value.is_integer() else readable(value, 4)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {shown(item)}" for key, item in value.items()) or "–"
    return str(value) or "–"


def records(value: Any) -> tuple[list[str], list[Sequence[str]]] | None:
    """(columns, rows) when `value` is a table, None when it is not.

    A table is a list of dictionaries, or a dictionary of two or more that have the same keys.
    """
    if (
        isinstance(value, dict)
        and len(value) > 1
        and all(isinstance(row, dict) and row for row in value.values())
        and len({tuple(sorted(row)) for row in value.values()}) == 1
    ):
        value = [{"name": name, **row} for name, row in value.items()]
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        return None
    columns = list(dict.fromkeys(key for row in value for key in row))
    return columns, [[shown(row.get(column)) for column in columns] for row in value]
