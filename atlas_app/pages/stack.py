"""3D: the sections of one specimen as a stack. Its controls and its state live in the browser."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app import layout as site_layout
from atlas_app.atlases.data import ServedAtlas
from atlas_app.explore.state import default_color, is_plain, read_state
from atlas_app.site import Site

NO_STACK = (
    "No specimen of this atlas has more than one section, so there is nothing to stack. Each "
    "section can be seen on its own."
)


def layout(site: Site, served: ServedAtlas, query: dict[str, str]) -> Any:
    """The page for one atlas, or, when no specimen has several sections, the way to Explore.

    `query` holds the parameters of the address. The browser fills `.atlas-explore`; naming the
    digest and the colour here lets it ask for all bytes at once.
    """
    description = served.description
    if not description["stacks"]:
        return site_layout.message(
            "No stack to show",
            NO_STACK,
            dmc.Anchor("See the sections in Explore", href=site.href("explore", served)),
            color="teal",
        )
    color = read_state(query).color
    # In depth one colour is shown at a time.
    if not is_plain(color):
        color = default_color(description)
    return html.Div(
        className="explore-page",
        children=[
            html.H1("Sections in 3D", className="visually-hidden"),
            html.Div(
                className="atlas-explore"
                + ("" if len(description["stacks"]) > 1 else " of-one-stack"),
                **{
                    "data-page": "stack",
                    "data-base": description["base"],
                    "data-digest": description["digest"],
                    "data-color": color,
                },
            ),
        ],
    )
