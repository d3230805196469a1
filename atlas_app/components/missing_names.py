"""What the link to a page names that the atlas does not have: told in one line, the rest is shown.

Names without which a page has nothing to show, such as the gene of a course, are told where they
are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.components import ids

MOST = 5
# Names that are told of those that would do.
MOST_KNOWN = 6
LONGEST = 40


def place(names: Sequence[str]) -> Any:
    """Where a page tells such names, as long as its address holds them and until a reader closes
    the line."""
    told: dict[str, Any] = {"data-names": "\n".join(names)}
    return html.Div(line(names), id=ids.NOT_FOUND, role="status", **told)


def line(names: Sequence[str]) -> list[Any]:
    """What a page says of such names; nothing where there are none."""
    if not names:
        return []
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return [
        dmc.Alert(
            f"This link names what the atlas does not have: {', '.join(names[:MOST])}{more}. "
            "The rest is shown.",
            color="yellow",
            withCloseButton=True,
            closeButtonLabel="Dismiss",
            className="not-found",
        )
    ]


def some_of(known: Iterable[str]) -> str:
    """The first of the names that would do."""
    names = list(known)
    more = f" and {len(names) - MOST_KNOWN} more" if len(names) > MOST_KNOWN else ""
    return ", ".join(names[:MOST_KNOWN]) + more


def quoted(name: str) -> str:
    """A name in quotation marks, cut where it is long."""
    return f"“{name[:LONGEST]}…”" if len(name) > LONGEST else f"“{name}”"
