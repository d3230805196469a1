"""Map: take a section to the atlas. The address names the job, so its page can be kept."""

from __future__ import annotations

import time
from typing import Any

import dash
import dash_mantine_components as dmc
import flask
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.http.errors import ApiError
from atlas_app.http.links import page_of, parse_search, search
from atlas_app.jobs.backends.backend import JobsUnavailable
from atlas_app.jobs.record import DONE, QUEUED, RUNNING
from atlas_app.jobs.submission import demonstrate_for
from atlas_app.pages.map import drawing as map_drawing
from atlas_app.pages.map import registration as map_registration
from atlas_app.pages.map import result as map_result
from atlas_app.pages.map.colors import FIRST_COLOR
from atlas_app.pages.map.form import form, gene_options
from atlas_app.site import Site

POLL_SECONDS = 1.0


def layout(site: Site, served: ServedAtlas, query: dict[str, str]) -> Any:
    """The page: the form, or the job that `?job=` names."""
    content, key, waiting = shown(site, served, query)
    return dmc.Container(
        [
            dcc.Store(id=ids.MAP_SHOWN, data=key),
            dcc.Store(id=ids.MAP_ACTION, data=0),
            dcc.Interval(id=ids.MAP_POLL, interval=1000 * POLL_SECONDS, disabled=not waiting),
            html.Div(content, id=ids.MAP_CONTENT),
        ],
        size="xl",
        py="lg",
    )


def shown(site: Site, served: ServedAtlas, query: dict[str, str]) -> tuple[Any, str, bool]:
    """(content, what it shows, whether it is to be asked for again) for an address."""
    job_id = query.get("job")
    if not job_id:
        return form(site, served), "form", False
    try:
        job = site.queries.look(job_id)
        status = site.queries.status(job)
        view = site.queries.view(job_id) if job.state == DONE else None
    except JobsUnavailable:
        return unavailable(), f"{job_id} unavailable", True
    except ApiError as error:
        return gone(site, served, error), f"{job_id} gone", False
    key = f"{job_id} {job.state}"
    if job.state in (QUEUED, RUNNING):
        return waiting_panel(site, status), key, True
    if view is not None:
        color = query.get("color", FIRST_COLOR)
        return map_result.panel(site, served, view, status, color), key, False
    return ended_panel(site, served, status), key, False


def waiting_panel(site: Site, status: dict[str, Any]) -> Any:
    """A job in the queue or at work: how far it is, and a way to stop it."""
    queued = status["state"] == QUEUED
    before = status["position"]
    head = f"Waiting: {before} before it" if queued and before else "Waiting for a free place"
    if not queued:
        head = (status["phase"] or "starting").replace("_", " ").capitalize()
    steps = [
        dmc.ListItem(": ".join(filter(None, (step["phase"].replace("_", " "), step["message"]))))
        for step in status["steps"]
    ]
    percent = round(100 * status["fraction"])
    return dmc.Stack(
        [
            dmc.Title(f"Mapping {status['name']}", order=1, size="h2"),
            *([dmc.Alert(status["note"], color="yellow")] if status["note"] else []),
            parts.card(
                dmc.Group(
                    [dmc.Text(head, fw=600), dmc.Text(f"{percent}%", c="dimmed")],
                    justify="space-between",
                ),
                dmc.Progress(
                    value=percent,
                    striped=True,
                    animated=True,
                    size="lg",
                    **{"aria-label": "Progress of the projection"},
                ),
                dmc.List(steps, size="sm", c="dimmed"),
                dmc.Group(
                    [dmc.Button("Cancel", id=ids.MAP_CANCEL, variant="default")], justify="flex-end"
                ),
            ),
            dmc.Text(
                "You may close this page and come back by its address; the job goes on.",
                size="sm",
                c="dimmed",
            ),
        ],
        maw=760,
    )


def ended_panel(site: Site, served: ServedAtlas, status: dict[str, Any]) -> Any:
    """A job that failed or was cancelled: why, and the way on."""
    failed = status["state"] == "failed"
    return dmc.Stack(
        [
            dmc.Title(f"Mapping {status['name']}", order=1, size="h2"),
            dmc.Alert(
                html.Pre(status["error"] or "No reason was given.", className="error-text"),
                title="This section could not be mapped",
                color="red",
            )
            if failed
            else dmc.Alert(
                "You stopped this job; its files are deleted.", title="Cancelled", color="gray"
            ),
            dmc.Group(
                [
                    dmc.Anchor(
                        "Map another file",
                        href=site.href("map", served),
                        underline="never",
                        className="link-button filled",
                    )
                ]
            ),
            dmc.Text("The same as a command:", size="sm"),
            parts.command(status["command"]),
        ],
        maw=760,
    )


def unavailable() -> Any:
    """Nobody can say how a job stands just now."""
    return dmc.Stack(
        [
            dmc.Title("The queue does not answer at the moment", order=1, size="h2"),
            dmc.Alert(
                "How this query stands cannot be looked up just now. Nothing need be lost: this "
                "page asks again every second. The atlas can be browsed meanwhile.",
                color="yellow",
            ),
        ],
        maw=760,
    )


def gone(site: Site, served: ServedAtlas, error: ApiError) -> Any:
    """An address of a job that is no more."""
    return dmc.Stack(
        [
            dmc.Title("This result is not here", order=1, size="h2"),
            dmc.Alert(
                f"{error.error} Results are deleted {site.settings.result_hours:g} hours after "
                "they are made, or when someone with the link deletes them.",
                color="yellow",
            ),
            dmc.Group(
                [
                    dmc.Anchor(
                        "Map a file",
                        href=site.href("map", served),
                        underline="never",
                        className="link-button filled",
                    )
                ]
            ),
        ],
        maw=760,
    )


def register(app: dash.Dash, site: Site) -> None:
    """The address says which job; a timer asks how it stands; buttons stop or delete it."""

    @app.callback(
        Output(ids.MAP_CONTENT, "children"),
        Output(ids.MAP_SHOWN, "data"),
        Output(ids.MAP_POLL, "disabled"),
        Input(ids.LOCATION, "search"),
        Input(ids.MAP_POLL, "n_intervals"),
        Input(ids.MAP_ACTION, "data"),
        State(ids.LOCATION, "pathname"),
        State(ids.MAP_SHOWN, "data"),
        prevent_initial_call=True,
    )
    def follow(address: str, _tick: int, _action: float, pathname: str, before: str) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        if served is None or page_of(pathname, site.settings.prefix) != "map":
            return no_update, no_update, no_update
        if is_settled(before, query):
            return no_update, no_update, True
        content, key, waiting = shown(site, served, query)
        return content, key, not waiting

    @app.callback(
        Output(ids.MAP_ACTION, "data"),
        Input(ids.MAP_CANCEL, "n_clicks"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, address: str) -> Any:
        if not clicks:
            return no_update
        site.queries.jobs.cancel(parse_search(address).get("job", ""))
        return time.time()

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input(ids.MAP_DELETE, "n_clicks"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def delete(clicks: int | None, address: str) -> Any:
        query = parse_search(address)
        job = site.queries.jobs.get(query.get("job", ""))
        if not clicks or job is None:
            return no_update
        site.queries.jobs.discard(job.id)
        return search({"atlas": query.get("atlas")})

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Output(ids.MAP_DEMO_NOTE, "children"),
        Input(ids.MAP_DEMO, "n_clicks"),
        State(ids.MAP_IMPUTE, "value"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def demonstrate(clicks: int | None, genes: list[str] | None, address: str) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        if not clicks or served is None:
            return no_update, no_update
        try:
            job = demonstrate_for(site.queries, served, genes or [], flask.request.remote_addr)
        except ApiError as error:
            text = f"{error.error} Found: {error.found}. Expected: {error.expected}."
            return no_update, dmc.Alert(text, color="red")
        return search({"atlas": query.get("atlas"), "job": job.id}), no_update

    @app.callback(
        Output(ids.MAP_IMPUTE, "data"),
        Input(ids.MAP_IMPUTE, "searchValue"),
        State(ids.MAP_IMPUTE, "value"),
        State(ids.MAP_IMPUTE, "data"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def offer(
        text: str | None, chosen: list[str] | None, before: list[dict[str, str]], address: str
    ) -> Any:
        served = site.atlas(parse_search(address))
        if served is None:
            return no_update
        return gene_options(served, text or "", chosen or [], before)

    # In the browser, so that a start right after a choice cannot miss it.
    app.clientside_callback(
        ClientsideFunction("atlas_map", "imputed"),
        Output(ids.MAP_UPLOAD, "data-impute"),
        Input(ids.MAP_IMPUTE, "value"),
    )
    app.clientside_callback(
        ClientsideFunction("atlas_map", "section"),
        Output(ids.MAP_UPLOAD, "data-section"),
        Input(ids.MAP_SECTION, "value"),
    )

    map_drawing.register(app, site)
    map_registration.register(app, site)


def is_settled(before: str | None, query: dict[str, str]) -> bool:
    """Whether what is shown is the end of the very job (or the form) that the address names."""
    job_id = query.get("job")
    if not job_id:
        return before == "form"
    return before in {f"{job_id} {state}" for state in ("done", "failed", "cancelled", "gone")}
