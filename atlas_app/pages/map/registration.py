"""The part of a result that lays the section beside and over the reference slice it resembles."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update

from atlas_app.components import ids, parts
from atlas_app.http.errors import ApiError
from atlas_app.http.links import parse_search
from atlas_app.pages.map.colors import FIRST_COLOR
from atlas_app.pages.map.drawing import usable_color
from atlas_app.results.mapped import ResultView
from atlas_app.results.reference import (
    DOMAIN,
    Coloring,
    color_both,
    reference_color,
    scale_colors,
)
from atlas_app.results.registration import (
    HEADS,
    PICTURES,
    Registration,
    hosts,
    pictures_of,
    registration_rows,
    registrations,
    sections_drawn,
)
from atlas_app.site import Site

MEANING = (
    "Spots near each other in the latent are paired, one with several, and the section is moved "
    "rigidly so that most pairs come to lie together; it is not bent. The residual is the median "
    "distance within pairs that agree. The score is the mean of the best correlation of a spot "
    "with the 6 nearest of the slice, 1 at most. Positions are in obsm['spatial_registered'] of "
    "the file, in the coordinates of the reference slice."
)
CHANCE = (
    "Not aligned: {section} resembles {reference}, the most similar slice of the atlas, no more "
    "than chance does. Its positions are left as they were, each picture has a scale of its own, "
    "and places in one are no places in the other."
)


def registration(view: ResultView, color: str = DOMAIN) -> Any:
    """The card; None for a result that does not say."""
    drawn, rest = sections_drawn(view)
    if not drawn:
        return None
    return parts.folding_card(
        html.Div(
            pictures(view, color, drawn),
            id=ids.MAP_REGISTERED,
            **cast(Any, {"data-color": color}),
        ),
        *([dmc.Text(rest, size="sm")] if rest else []),
        parts.table(list(HEADS), registration_rows(view), min_width=720),
        dmc.Text(MEANING, size="sm", c="dimmed"),
        title="On the reference",
    )


def pictures(view: ResultView, color: str, drawn: list[Registration]) -> list[Any]:
    """Each section beside and over its reference slice, both coloured as the map above is, and what
    the colours mean."""
    shown = reference_color(view, color)
    colors = color_both(view, shown, hosts(view))
    several = len(registrations(view)) > 1
    asked = f"?color={quote(shown, safe=':')}"
    rows = [
        html.Div(
            [
                html.Figure(
                    [
                        html.Img(
                            src=f"{view.base}/registration/{each.number}/{kind}.svg{asked}",
                            alt=f"{PICTURES[kind]}: {each.section} and {each.reference.name}",
                        ),
                        html.Figcaption(caption(kind, each, colors, several)),
                    ]
                )
                for kind in pictures_of(each)
            ]
            + ([] if each.registered else [not_aligned(view, each)]),
            className="registered",
        )
        for each in drawn
    ]
    return [dmc.Stack([*rows, key(colors, shown == color)], gap="lg")]


def not_aligned(view: ResultView, each: Registration) -> Any:
    """In place of the picture of both sides, why there is none."""
    text = CHANCE.format(section=each.section, reference=each.reference.name)
    if each.section in view.foreign_sections:
        text += " It is not of the atlas's tissue: its colours say nothing of it."
    return html.Div(dmc.Text(text, size="sm"))


def key(colors: Coloring, as_above: bool) -> Any:
    """What the colours of both sides mean."""
    follows = "" if as_above else " What the map above shows is of the section alone."
    if colors.end is None:
        text = f"Both {colors.what}, in the colours of the atlas.{follows}"
        return dmc.Text(text, size="sm", c="dimmed")
    bar = f"linear-gradient(90deg, {', '.join(scale_colors())})"
    return dmc.Text(
        [
            f"One scale for both, {colors.unit}: 0",
            html.Span(className="scale-bar", style={"background": bar}),
            f"{colors.end:.3g} and more.{follows}",
        ],
        size="sm",
        c="dimmed",
        className="registered-scale",
    )


def caption(kind: str, each: Registration, colors: Coloring, several: bool) -> str:
    """What a picture shows, and of how many spots; of `several` sections which."""
    text = PICTURES[kind]
    if kind == "reference":
        shown = f"{colors.what}, n = {each.reference.n_spots:,} spots"
        return f"{text} {each.reference.name}, {shown}"
    name = f": {each.section}" if several else ""
    if kind in ("query", "alone"):
        return f"{text}{name}, {colors.of_query}, n = {each.figures['n_spots']:,} spots"
    return f"{text}{name}"


def register(app: dash.Dash, site: Site) -> None:
    """The pictures follow the colour in the address."""

    @app.callback(
        Output(ids.MAP_REGISTERED, "children"),
        Output(ids.MAP_REGISTERED, "data-color"),
        Input(ids.LOCATION, "search"),
        State(ids.MAP_REGISTERED, "data-color"),
        prevent_initial_call=True,
    )
    def follow(address: str, before: str) -> tuple[Any, Any]:
        query = parse_search(address)
        if not query.get("job"):
            return no_update, no_update
        try:
            view = site.queries.view(query["job"])
            color = usable_color(view, query.get("color", FIRST_COLOR))
            drawn, _ = sections_drawn(view)
            if color == before or not drawn:
                return no_update, no_update
            return pictures(view, color, drawn), color
        except ApiError:  # deleted in the meantime
            return no_update, no_update
