"""Explore: the canvas over tissue and UMAP. Its controls and its state live in the browser."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from atlas_app.explore.state import default_color, read_state

# Holds the lasso as the browser tells it: {"outline", "count", "spots": {slice: n}, "digest"}.
SELECTION = "explore-selection"


def layout(description: dict[str, Any], query: dict[str, str]) -> Any:
    """The page for one atlas.

    `description` is the atlas's JSON description, `query` the parameters of the address. The
    browser fills `.atlas-explore`; naming the digest and the colour here lets it ask for all bytes
    at once, before it has read the description.
    """
    color = read_state(query).color or default_color(description)
    return html.Div(
        className="explore-page",
        children=[
            html.H1("Explore", className="visually-hidden"),
            html.Div(
                className="atlas-explore"
                + ("" if len(description["stages"]) > 1 else " of-one-stage"),
                **{
                    "data-base": description["base"],
                    "data-digest": description["digest"],
                    "data-color": color,
                    "data-store": SELECTION,
                },
            ),
            dcc.Store(id=SELECTION),
        ],
    )


def register(app: dash.Dash) -> None:
    """Connect nothing: every control of this page works in the browser alone."""
