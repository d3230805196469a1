"""What the link to a page names that the atlas does not have: told in one line, the rest is shown.

Names without which a page has nothing to show, such as the gene of a course, are told where they
are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids
from atlas_app.factors.state import read_view
from atlas_app.http.links import page_of, parse_search
from atlas_app.http.whole_numbers import whole
from atlas_app.pages.stages_changes import row_color
from atlas_app.pages.stages_controls import complete
from atlas_app.site import Site
from atlas_app.stages.state import PARTS, SUBJECTS, VIEWS, WHAT, StageView
from atlas_app.stages.state import read_view as read_stages

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


def of_stages(served: ServedAtlas, query: Mapping[str, str], state: StageView) -> list[str]:
    """Names in the address of the page Stages that would be passed over in silence.

    Args:
        state: what was read from `query`.
    """
    found = [
        f"{told} {_quoted(query[name])} (it has {_some(known)})"
        for name, told, known in (
            ("view", "view", VIEWS),
            ("parts", "share of", PARTS),
            ("what", "comparison of", WHAT),
        )
        if query.get(name) and query[name] not in known
    ]
    if query.get("of") and query["of"].partition(":")[0] not in SUBJECTS:
        found.append(f"course of {_quoted(query['of'])}")
    if state.view == "changes" and state.row and not row_color(served, complete(served, state)):
        found.append(f"{state.what.removesuffix('s')} {_quoted(state.row)}")
    if state.view == "relations" and state.node:
        stage, _, domain = state.node.partition(":")
        stages, domains = served.atlas.stages, served.stages.groups.domains
        if whole(stage, len(stages) - 1) is None or domain not in domains:
            names = [f"{at}:{name}" for at in range(len(stages)) for name in domains]
            found.append(f"domain {_quoted(state.node)} (it has {_some(names)})")
    if state.view == "film":
        n = len(served.atlas.slices)
        found += [
            f"slice number {each} (it has 0 to {n - 1})"
            for each in state.chosen_slices
            if each >= n
        ]
    return found


def of_factors(query: Mapping[str, str], n: int) -> list[str]:
    """Names in the address of the page Factors, of `n` factors, that would be passed over in
    silence."""
    found = []
    for name, told in (("factor", "factor"), ("with", "second factor")):
        text = query.get(name, "")
        if text and whole(text, n - 1) is None:
            found.append(f"{told} {_quoted(text)} (it has 0 to {n - 1})")
    if query.get("sets") and not read_view(query, n).sets:
        found.append(f"gene sets {_quoted(query['sets'])}")
    return found


def register(app: dash.Dash, site: Site) -> None:
    """What the address names no more is told no more."""

    @app.callback(
        Output(ids.NOT_FOUND, "children"),
        Output(ids.NOT_FOUND, "data-names"),
        Input(ids.LOCATION, "search"),
        State(ids.LOCATION, "pathname"),
        State(ids.NOT_FOUND, "data-names"),
        prevent_initial_call=True,
    )
    def follow(address: str | None, pathname: str | None, before: str | None) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        page = page_of(pathname, site.settings.prefix)
        if served is None or page not in ("stages", "factors"):
            return no_update, no_update
        if page == "stages":
            names = of_stages(served, query, read_stages(query))
        else:
            names = of_factors(query, served.atlas.n_factors)
        told = "\n".join(names)
        # A line that its reader closed stays closed while the same is lacking.
        return (no_update, no_update) if told == (before or "") else (line(names), told)


def _some(known: Iterable[str]) -> str:
    names = list(known)
    more = f" and {len(names) - MOST_KNOWN} more" if len(names) > MOST_KNOWN else ""
    return ", ".join(names[:MOST_KNOWN]) + more


def _quoted(name: str) -> str:
    return f"“{name[:LONGEST]}…”" if len(name) > LONGEST else f"“{name}”"
