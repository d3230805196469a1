"""Names in an address that the atlas does not have, told as long as the address holds them."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, State, no_update

from atlas_app.components import ids
from atlas_app.components.missing_names import line
from atlas_app.http.links import page_of, parse_search
from atlas_app.pages.factors.missing_names import missing_names as missing_for_factors
from atlas_app.pages.stages.missing_names import missing_names as missing_for_stages
from atlas_app.site import Site
from atlas_app.stages.state import read_view as read_stages


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
            names = missing_for_stages(served, query, read_stages(query))
        else:
            names = missing_for_factors(query, served.atlas.n_factors)
        told = "\n".join(names)
        # A line that its reader closed stays closed while the same is lacking.
        return (no_update, no_update) if told == (before or "") else (line(names), told)
