"""Tables on the terminal: ruled for readers, tab-separated when piped."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str = "",
    right: Sequence[str] = (),
) -> None:
    """Print rows under their column names to standard output.

    Args:
        columns: column names.
        rows: values, one sequence per row.
        title: line above the table, shown to readers only.
        right: columns set to the right, such as numbers.
    """
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            print("\t".join(" ".join(str(value).split()) for value in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    Console().print(table)


def size_text(count: int) -> str:
    """Bytes as text of at most four digits: 4.1 MB."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
