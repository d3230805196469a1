"""The graph of similar domains, with stages as columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from atlas_app.drawing.colors import category_colors
from atlas_app.drawing.figures import ACCENT, blank
from atlas_app.stages.charts import HOVER, QUIET
from atlas_app.stages.relations import Edge, Graph
from training.store import Atlas

# Classes of edges: the width says how alike, in steps that can be told apart.
WIDTHS = ((0.9, 5.0), (0.8, 3.5), (0.7, 2.4), (0.5, 1.5), (-1.0, 0.8))


def relation_chart(
    atlas: Atlas,
    graph: Graph,
    edges: Sequence[Edge],
    node: str,
    link: Callable[[str], str],
) -> go.Figure:
    """Domains as points in columns of stages, likeness as lines; those of `node` stand out."""
    colors = dict(
        zip(
            atlas.values("obs", "domain").categories or [],
            category_colors(
                len(atlas.obs_columns["domain"].categories), atlas.obs_columns["domain"].colors
            ),
            strict=False,
        )
    )
    at = {each.key: (float(each.stage), each.y) for each in graph.nodes}
    rows = 1 + max(int(each.y) for each in graph.nodes)
    figure = blank(110 + 44 * rows)
    for least, width in WIDTHS:
        above = min((w for w, _ in WIDTHS if w > least), default=2.0)
        for mutual in (False, True):
            chosen = [e for e in edges if least <= e.similarity < above and e.mutual == mutual]
            if not chosen:
                continue
            xs: list[float | None] = []
            ys: list[float | None] = []
            for edge in chosen:
                (x0, y0), (x1, y1) = at[edge.source], at[edge.target]
                xs += [x0, x1, None]
                ys += [y0, y1, None]
            figure.add_scatter(
                x=xs,
                y=ys,
                mode="lines",
                line={"width": width, "color": ACCENT if mutual else QUIET},
                opacity=0.9 if mutual else 0.45,
                hoverinfo="skip",
                showlegend=False,
            )
    # A point in the middle of a line carries what the line says.
    figure.add_scatter(
        x=[(at[e.source][0] + at[e.target][0]) / 2 for e in edges],
        y=[(at[e.source][1] + at[e.target][1]) / 2 for e in edges],
        mode="markers",
        marker={"size": 9, "color": "rgba(0,0,0,0)"},
        customdata=[[edge_text(atlas, graph, edge), link(edge.source)] for edge in edges],
        hovertemplate=HOVER,
        showlegend=False,
    )
    joined = {end for edge in edges for end in (edge.source, edge.target)}
    for each in graph.nodes:
        faint = bool(node) and each.key != node and each.key not in joined
        figure.add_scatter(
            x=[at[each.key][0]],
            y=[at[each.key][1]],
            mode="markers+text",
            text=[each.domain],
            textposition="top center",
            textfont={"size": 11},
            marker={
                "size": 10 + 26 * float(np.sqrt(each.share)),
                "color": colors[each.domain],
                "opacity": 0.3 if faint else 1.0,
                "line": {"width": 3 if each.key == node else 1, "color": QUIET},
            },
            customdata=[
                [
                    f"{each.domain} at {atlas.stages[each.stage].name}<br>"
                    f"{each.share:.1%} of the stage's spots",
                    link("" if each.key == node else each.key),
                ]
            ],
            hovertemplate=HOVER,
            showlegend=False,
        )
    figure.update_xaxes(
        tickvals=list(range(len(atlas.stages))),
        ticktext=[stage.name for stage in atlas.stages],
        range=[-0.5, len(atlas.stages) - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        visible=False, range=[rows - 0.4, -0.9], fixedrange=True, showgrid=False, zeroline=False
    )
    figure.update_layout(margin={"l": 8, "r": 8, "t": 40, "b": 8})
    return figure


def edge_text(atlas: Atlas, graph: Graph, edge: Edge) -> str:
    """Both ends of an edge and how alike they are."""
    ends = [graph.node(edge.source), graph.node(edge.target)]
    words = [f"{e.domain} at {atlas.stages[e.stage].name}" for e in ends if e is not None]
    return (
        " and ".join(words)
        + f"<br>similarity {edge.similarity:.2f}"
        + ("<br>each the other's most similar" if edge.mutual else "")
    )
