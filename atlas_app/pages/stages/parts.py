"""Small parts and links that the views of the Stages page share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import dash_mantine_components as dmc
from dash import dcc, html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.drawing.figures import CONFIG, caption
from atlas_app.explore import state as explore_state
from atlas_app.site import Site
from atlas_app.stages.state import StageView, write_view
from atlas_app.words.readable import readable


def page_link(site: Site, served: ServedAtlas, state: StageView) -> str:
    """The address of this page in a state; stages that are the atlas's outer ones are left out."""
    stages = served.atlas.stages
    plain = replace(
        state,
        a="" if state.a == stages[0].name else state.a,
        b="" if state.b == stages[-1].name else state.b,
    )
    return site.href("stages", served, **write_view(plain))


def map_link(site: Site, served: ServedAtlas, color: str, stage: str, hide: Any = ()) -> str:
    """The address of Explore with a colour at a stage; without a colour, its own choice."""
    state = explore_state.ViewState(color=color, stage=stage, hidden=frozenset(hide))
    return site.href("explore", served, **explore_state.write_state(state))


def domain_map(site: Site, served: ServedAtlas, domain: str, stage: str = "") -> str:
    """The address of Explore with the spots of one domain alone, at a stage or at all."""
    domains = served.stages.groups.domains
    others = [code for code, name in enumerate(domains) if name != domain]
    return map_link(site, served, "obs:domain", stage, others)


def card_link(site: Site, served: ServedAtlas, gene: str) -> Any:
    """A link to the card of a gene, beside its map."""
    address = site.href("explore", served, color=f"gene:{gene}", card=gene)
    return dmc.Anchor(f"About {gene}", href=address, size="sm")


def chart(served: ServedAtlas, name: str, figure: Any, label: str, least: int = 0) -> Any:
    """A chart whose points lead on when they are clicked; saved, it names the atlas. Where the page
    is narrower than `least` pixels it scrolls sideways, while its buttons stay."""
    graph = dcc.Graph(
        id={"type": ids.STAGES_CHART, "name": name},
        figure=figure,
        config=cast(Any, CONFIG),
        style={"height": f"{figure.layout.height}px"},
    )
    drawn = parts.kept_open(graph, figure.layout.height)
    return html.Div(
        [
            sideways(drawn, least, f"Chart: {label}") if least else drawn,
            parts.save_buttons(label, served.file_name(name), caption(served.atlas)),
        ],
        role="figure",
        className="figure stages-chart",
        **cast(Any, {"aria-label": label}),
    )


def sideways(content: Any, least: int, label: str) -> Any:
    """Content that scrolls sideways, by keys too, where the page is narrower than `least` pixels;
    `label` names it for screen readers."""
    return html.Div(
        html.Div(content, style={"minWidth": f"{least}px"}),
        className="stages-sideways",
        role="region",
        tabIndex=0,
        **cast(Any, {"aria-label": label}),
    )


def scrolled(content: Any, label: str) -> Any:
    """A long table that scrolls within its card, by keys too."""
    return html.Div(
        content,
        className="stages-scroll",
        tabIndex=0,
        **cast(Any, {"aria-label": label, "role": "region"}),
    )


def signed(share: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def points(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"({signed(low)} to {signed(high)})"


def interval(low: float | None, high: float | None, n: int) -> str:
    if n == 1:
        return "one slice: no interval"
    return "–" if low is None or high is None else f"{readable(low, 4)} to {readable(high, 4)}"
