"""Charts of the Factors page, as plain functions of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from atlas_app.drawing.figures import ACCENT, SOFT, blank
from atlas_app.words.readable import readable

OTHER = "#3b7dd8"
# More names would lie on each other.
NAMED, NAMED_BESIDE = 5, 3
# Room of a name beside its point, as shares of the chart.
NAME_WIDTH, NAME_HEIGHT = 0.18, 0.06
# Beyond this share of the width a name stands to the left of its point.
NEAR_END = 0.8


# Loadings run over many powers of ten; those below this share of the highest stand at the edge.
FLOOR = 1e-4
AT_THE_EDGE = "Loadings below 1/10,000 of the highest stand at the edge."


def height_chart(genes: Sequence[dict[str, Any]], height: int = 330) -> go.Figure:
    """Loading against specificity of the genes of a factor, the first ones named.

    `genes` are rows of `tables.factor_gene_rows`.
    """
    figure = blank(height)
    highest = max((row["loading"] for row in genes), default=0.0) or 1.0
    places = [(_share(row["loading"], highest), row["specificity"]) for row in genes[:NAMED]]
    named = {genes[at]["gene"] for at in _apart(places)}
    figure.add_scatter(
        x=[_drawn(row["loading"], highest) for row in genes],
        y=[row["specificity"] for row in genes],
        mode="markers+text",
        text=[row["gene"] if row["gene"] in named else "" for row in genes],
        textposition=["top left" if x > NEAR_END else "top center" for x, _ in places]
        + ["top center"] * (len(genes) - len(places)),
        textfont={"size": 11},
        cliponaxis=False,
        customdata=[[row["gene"], row["rank"], readable(row["loading"])] for row in genes],
        marker={"size": 7, "color": ACCENT, "opacity": 0.65},
        hovertemplate="%{customdata[0]} (#%{customdata[1]})<br>loading %{customdata[2]}<br>"
        "specificity %{y:.2f}<extra></extra>",
    )
    figure.update_xaxes(title="loading, log scale", **_log_axis(highest))
    figure.update_yaxes(title="specificity", range=[-0.08, 1.12], fixedrange=True)
    return figure


def compare_chart(rows: Sequence[dict[str, Any]], a: str, b: str, height: int = 440) -> go.Figure:
    """Loadings of every fitted gene on two factors, the genes that differ most named.

    `rows` are those of `FactorFacts.compare`.
    """
    figure = blank(height)
    highest = max((max(row["loading_a"], row["loading_b"]) for row in rows), default=0.0) or 1.0
    named = _named_apart(rows, highest)
    figure.add_scatter(
        x=[highest * FLOOR, highest],
        y=[highest * FLOOR, highest],
        mode="lines",
        line={"color": SOFT, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    for sign, color in ((1, ACCENT), (-1, OTHER)):
        side = [row for row in rows if (row["difference"] >= 0) == (sign > 0)]
        figure.add_scatter(
            x=[_drawn(row["loading_a"], highest) for row in side],
            y=[_drawn(row["loading_b"], highest) for row in side],
            mode="markers+text",
            text=[row["gene"] if row["gene"] in named else "" for row in side],
            textposition="middle right" if sign < 0 else "top center",
            textfont={"size": 11},
            cliponaxis=False,
            customdata=[
                [row["gene"], readable(row["loading_a"]), readable(row["loading_b"])]
                for row in side
            ],
            marker={"size": 6, "color": color, "opacity": 0.6},
            hovertemplate="%{customdata[0]}<br>"
            f"{a}: %{{customdata[1]}}<br>{b}: %{{customdata[2]}}<extra></extra>",
        )
    figure.update_xaxes(title=f"loading on {a}, log scale", **_log_axis(highest))
    figure.update_yaxes(title=f"loading on {b}, log scale", **_log_axis(highest))
    figure.update_layout(margin={"r": 28})
    return figure


def _drawn(loading: float, highest: float) -> float:
    """Where a loading stands on the axis."""
    return max(loading, highest * FLOOR)


def _log_axis(highest: float) -> dict[str, Any]:
    """An axis of loadings up to `highest`, one tick for each power of ten."""
    ends = [math.log10(highest * FLOOR), math.log10(highest)]
    room = 0.05 * (ends[1] - ends[0])
    return {
        "type": "log",
        "range": [ends[0] - room, ends[1] + room],
        "dtick": 1,
        "exponentformat": "power",
        "tickfont": {"size": 12},
        "fixedrange": True,
    }


def _share(loading: float, highest: float) -> float:
    """Where a loading stands on the axis, as a share of its length."""
    return 1 - math.log(_drawn(loading, highest) / highest) / math.log(FLOOR)


def _named_apart(rows: Sequence[dict[str, Any]], highest: float) -> set[str]:
    """The first genes of either side whose names do not lie on those of genes before."""
    first = []
    for sign in (1, -1):
        side = [row for row in rows if (row["difference"] >= 0) == (sign > 0)]
        first += side[:NAMED_BESIDE]
    places = [(_share(r["loading_a"], highest), _share(r["loading_b"], highest)) for r in first]
    return {first[at]["gene"] for at in _apart(places)}


def _apart(places: Sequence[tuple[float, float]]) -> list[int]:
    """Which points have room for a name, the first ones first; places as shares of the chart."""
    taken: list[int] = []
    for at, (x, y) in enumerate(places):
        beside = (places[other] for other in taken)
        if all(abs(x - a) > NAME_WIDTH or abs(y - b) > NAME_HEIGHT for a, b in beside):
            taken.append(at)
    return taken


def domain_chart(rows: Sequence[dict[str, Any]]) -> go.Figure:
    """Mean use by domain with intervals over slices, as rows of `FactorFacts.by_domain`."""
    known = [row for row in rows if row["mean"] is not None]
    figure = blank(max(140, min(620, 72 + 26 * len(known))))
    figure.add_bar(
        y=[f"{row['domain']} (n = {row['n_slices']})" for row in known],
        x=[row["mean"] for row in known],
        orientation="h",
        marker={"color": ACCENT, "opacity": 0.8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(row["high"] or row["mean"]) - row["mean"] for row in known],
            "arrayminus": [
                row["mean"] - (row["mean"] if row["low"] is None else row["low"]) for row in known
            ],
            "thickness": 1,
            "width": 3,
            "color": "#868e96",
        },
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    figure.update_xaxes(title="mean proportion", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(type="category", autorange="reversed", fixedrange=True, automargin=True)
    figure.update_layout(margin={"l": 8, "r": 16, "t": 8}, bargap=0.3)
    return figure
