"""Which domains lie side by side in the latent: PAGA's connectivity, as the fit found it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from atlas_app.drawing.colors import category_colors
from atlas_app.drawing.figures import blank
from atlas_app.http.errors import ApiError
from atlas_app.stages.charts import HOVER, QUIET
from atlas_app.stages.rows import Row, number
from training.store import Atlas, StoreError

LEAST = 0.01
"""Of connectivity: weaker edges are not drawn, though the table has them."""
WIDEST = 7.0


@dataclass(frozen=True)
class Graph:
    """Domains of an atlas: names, spots (D,), median places on the UMAP (D, 2), NaN without spots,
    and edges as rows, strongest first."""

    domains: list[str]
    spots: NDArray[np.int64]
    places: NDArray[np.float64]
    edges: list[Row]

    @property
    def joined(self) -> list[Row]:
        """Edges of LEAST connectivity and more, strongest first."""
        return [edge for edge in self.edges if (edge["connectivity"] or 0) >= LEAST]


def connectivity_rows(atlas: Atlas) -> list[Row]:
    """Pairs of domains by connectivity, strongest first.

    `connectivity` is observed over expected edges of the neighbour graph in the latent, at most 1.
    Raises ApiError (404) for a store without.
    """
    try:
        table = atlas.table("domain_relations")
    except StoreError:
        table = {}
    chosen = np.flatnonzero(table["relation"] == "connectivity") if table else np.zeros(0, int)
    if not len(chosen):
        raise ApiError(
            404,
            "This atlas holds no connectivity of domains.",
            found="one domain, or a store of an older version",
            expected="an atlas of several domains, fitted with the present version",
        )
    order = chosen[np.argsort(-table["value"][chosen], kind="stable")]
    return [
        {
            "domain": str(table["domain"][row]),
            "other_domain": str(table["other_domain"][row]),
            "connectivity": number(table["value"][row]),
            "observed_edges": number(table["observed"][row]),
            "expected_edges": number(table["expected"][row]),
        }
        for row in order.tolist()
    ]


def connect(atlas: Atlas) -> Graph:
    """The graph of an atlas; raises as `connectivity_rows` does."""
    edges = connectivity_rows(atlas)
    found = atlas.values("obs", "domain")
    domains = list(found.categories or [])
    umap = atlas.coordinates("umap")
    places = np.full((len(domains), 2), np.nan)
    spots = np.zeros(len(domains), dtype=np.int64)
    for code in range(len(domains)):
        own = found.data == code
        spots[code] = int(own.sum())
        if spots[code]:
            places[code] = np.median(umap[own], axis=0)
    return Graph(domains, spots, places, edges)


def connectivity_chart(atlas: Atlas, graph: Graph, link: Callable[[str], str]) -> go.Figure:
    """Domains at their places on the UMAP, edges as wide as they are strong."""
    column = atlas.obs_columns["domain"]
    colors = category_colors(len(column.categories), column.colors)
    place = {name: graph.places[at] for at, name in enumerate(graph.domains)}
    figure = blank(440)
    drawn = graph.joined
    # Domains are divided where few edges run: what is told apart is weak beside the strongest.
    most = max((edge["connectivity"] for edge in drawn), default=1.0)
    # The strongest are drawn last, on top.
    for edge in reversed(drawn):
        (x0, y0), (x1, y1) = place[edge["domain"]], place[edge["other_domain"]]
        strength = edge["connectivity"] / most
        figure.add_scatter(
            x=[x0, x1],
            y=[y0, y1],
            mode="lines",
            line={"width": max(0.6, WIDEST * strength), "color": QUIET},
            opacity=0.35 + 0.55 * strength,
            hoverinfo="skip",
            showlegend=False,
        )
    # A point in the middle of a line carries what the line says.
    middles = [(place[e["domain"]] + place[e["other_domain"]]) / 2 for e in drawn]
    figure.add_scatter(
        x=[float(x) for x, _ in middles],
        y=[float(y) for _, y in middles],
        mode="markers",
        marker={"size": 9, "color": "rgba(0,0,0,0)"},
        customdata=[[edge_text(edge), ""] for edge in drawn],
        hovertemplate=HOVER,
        showlegend=False,
    )
    share = graph.spots / max(1, graph.spots.sum())
    here = [at for at in range(len(graph.domains)) if graph.spots[at]]
    figure.add_scatter(
        x=[float(graph.places[at, 0]) for at in here],
        y=[float(graph.places[at, 1]) for at in here],
        mode="markers+text",
        text=[graph.domains[at] for at in here],
        textposition="top center",
        textfont={"size": 11},
        marker={
            "size": [10 + 30 * float(np.sqrt(share[at])) for at in here],
            "color": [colors[at] for at in here],
            "opacity": 1.0,
            "line": {"width": 1, "color": QUIET},
        },
        customdata=[
            [f"{graph.domains[at]}<br>{graph.spots[at]:,} spots", link(graph.domains[at])]
            for at in here
        ],
        hovertemplate=HOVER,
        showlegend=False,
    )
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    figure.update_layout(margin={"l": 24, "r": 24, "t": 24, "b": 12})
    return figure


def edge_text(edge: Row) -> str:
    """What a line says."""
    return (
        f"{edge['domain']} and {edge['other_domain']}<br>connectivity {edge['connectivity']:.2f}"
        f"<br>{edge['observed_edges']:,.0f} edges, {edge['expected_edges']:,.0f} by chance"
    )
