"""Stages: courses over time, what stages are made of, what changes, which domains are alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import dash
import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.components.missing_names import place
from atlas_app.http.errors import ApiError
from atlas_app.http.links import page_of, parse_search, search
from atlas_app.pages.stages.changes import show_row
from atlas_app.pages.stages.controls import (
    apply,
    control_id,
    control_value,
    controls,
    gene_names,
    shape,
)
from atlas_app.pages.stages.missing_names import missing_names
from atlas_app.pages.stages.parts import page_link
from atlas_app.pages.stages.views import comparable, show_view
from atlas_app.site import Site
from atlas_app.stages.state import VIEWS, StageView, read_view, write_view


def layout(site: Site, served: ServedAtlas, query: dict[str, str]) -> Any:
    """The page; its address says what it shows (`stages.state`)."""
    state = read_view(query)
    return dmc.Container(
        dmc.Stack(
            [
                dmc.Group(
                    [
                        html.Div(
                            [
                                dmc.Title("Stages", order=1, size="h2"),
                                dmc.Text(
                                    "How genes, factors and domains change over development. The "
                                    "replicate is the slice: a stage of one slice has no interval.",
                                    c="dimmed",
                                ),
                            ]
                        ),
                        parts.take_along(
                            f"{served.base}/python/stages.py", served.file_name("stages")
                        ),
                    ],
                    justify="space-between",
                    align="end",
                ),
                place(missing_names(served, query, state)),
                html.Div(panel(site, served, state), id=ids.STAGES_PANEL),
                dcc.Store(id=ids.STAGES_SHOWN, data=shown(state)),
            ],
            gap="md",
        ),
        size="xl",
        py="lg",
    )


def panel(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """Links to the views, the controls of the one that is shown, and what it shows."""
    return dmc.Stack(
        [
            html.Nav(
                views(site, served, state),
                id=ids.STAGES_VIEWS,
                className="nav-links stages-views",
                **cast(Any, {"aria-label": "Views of stages"}),
            ),
            *([controls(served, state)] if comparable(served, state) else []),
            html.Div(result(site, served, state), id=ids.STAGES_RESULT),
            html.Div(show_row(site, served, state), id=ids.STAGES_DETAIL),
        ],
        gap="md",
    )


def views(site: Site, served: ServedAtlas, state: StageView) -> list[Any]:
    """Links to the views, each of what the one that is shown is of."""
    return [
        dmc.Anchor(
            label,
            href=page_link(site, served, replace(state, view=view, row="", t=None, slices="")),
            underline="never",
            className="nav-link active" if view == state.view else "nav-link",
            **({"aria-current": "true"} if view == state.view else {}),
        )
        for view, label in VIEWS.items()
    ]


def result(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """What a state shows, or what is wrong with it and the way on."""
    try:
        return show_view(site, served, state)
    except ApiError as error:
        examples = f" For example: {', '.join(error.examples)}." if error.examples else ""
        return dmc.Stack(
            [
                dmc.Alert(
                    f"Found: {error.found}. Expected: {error.expected}.{examples}",
                    title=error.error,
                    color="red",
                ),
                dmc.Anchor(
                    "Start again with this view",
                    href=page_link(site, served, StageView(view=state.view)),
                ),
            ],
            gap="sm",
        )


def shown(state: StageView) -> dict[str, Any]:
    """What a panel was made for: its shape, and the state but for the chosen row and for what
    the animation shows, which the browser follows by itself."""
    result = write_view(replace(state, row="", t=None, slices=""))
    return {"shape": shape(state), "result": result, "row": state.row}


def register(app: dash.Dash, site: Site) -> None:
    """Controls write the address, the address fills the page; charts and rows lead on."""

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input({"type": ids.STAGES_CONTROL, "name": ALL}, "value"),
        State({"type": ids.STAGES_CONTROL, "name": ALL}, "id"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def choose(values: list[Any], names: list[dict[str, str]], address: str | None) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        # Only what a reader has just set: the other controls may not have followed yet.
        set_now = ctx.triggered_id["name"] if ctx.triggered_id else ""
        given = {each["name"]: value for each, value in zip(names, values, strict=True)}
        if served is None or set_now not in given:
            return no_update
        state = read_view(query)
        wanted = apply(served, state, {set_now: given[set_now]})
        return no_update if wanted == state else written(query, wanted)

    @app.callback(
        Output(ids.STAGES_PANEL, "children"),
        Output(ids.STAGES_VIEWS, "children"),
        Output(ids.STAGES_RESULT, "children"),
        Output(ids.STAGES_DETAIL, "children"),
        Output(ids.STAGES_SHOWN, "data"),
        Output({"type": ids.STAGES_CONTROL, "name": ALL}, "value"),
        Input(ids.LOCATION, "search"),
        State(ids.LOCATION, "pathname"),
        State(ids.STAGES_SHOWN, "data"),
        State({"type": ids.STAGES_CONTROL, "name": ALL}, "id"),
        State({"type": ids.STAGES_CONTROL, "name": ALL}, "value"),
        prevent_initial_call=True,
    )
    def follow(
        address: str | None,
        pathname: str | None,
        before: dict[str, Any] | None,
        names: list[dict[str, str]],
        held: list[Any],
    ) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        same = [no_update] * len(names)
        if served is None or page_of(pathname, site.settings.prefix) != "stages":
            return no_update, no_update, no_update, no_update, no_update, same
        state = read_view(query)
        now, old = shown(state), before or {}
        if now == old:
            return no_update, no_update, no_update, no_update, no_update, same
        if now["shape"] != old.get("shape"):
            return panel(site, served, state), no_update, no_update, no_update, now, same
        wanted = [control_value(served, state, each["name"]) for each in names]
        # A field that says so already is left alone: its reader may be typing on.
        values = [no_update if w == h else w for w, h in zip(wanted, held, strict=True)]
        body = result(site, served, state) if now["result"] != old.get("result") else no_update
        links = views(site, served, state)
        return no_update, links, body, show_row(site, served, state), now, values

    @app.callback(
        Output(control_id("gene"), "data"),
        Output(control_id("gene"), "error"),
        Input(control_id("gene"), "value"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def offer(text: str | None, address: str | None) -> Any:
        served = site.atlas(parse_search(address))
        if served is None:
            return no_update, no_update
        found = gene_names(served, text or "")
        return found, None if found else "No such gene in this atlas"

    @app.callback(
        Output(ids.LOCATION, "href", allow_duplicate=True),
        Input({"type": ids.STAGES_CHART, "name": ALL}, "clickData"),
        prevent_initial_call=True,
    )
    def lead_on(_: list[Any]) -> Any:
        clicked: Any = ctx.triggered[0]["value"] if ctx.triggered else None
        try:
            address = clicked["points"][0]["customdata"][1]
        except (TypeError, KeyError, IndexError):
            return no_update
        return address if str(address).startswith(f"{site.settings.prefix}/") else no_update

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input(ids.STAGES_GRID, "selectedRows"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def choose_row(selected: Any, address: str | None) -> Any:
        query = parse_search(address)
        state = read_view(query)
        if not isinstance(selected, list) or not selected or selected[0]["id"] == state.row:
            return no_update
        return written(query, replace(state, row=selected[0]["id"]))


def written(query: dict[str, str], state: StageView) -> str:
    """The query string of a state, in the same atlas."""
    return search({"atlas": query.get("atlas"), **write_view(state)})
