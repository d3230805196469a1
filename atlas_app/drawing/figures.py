"""Charts as plain functions of numbers. Text and grid take their colours from the style sheet,
so one figure serves light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

if TYPE_CHECKING:
    from training.store import Atlas

ACCENT = "#0ca678"
SOFT = "#8fd3bd"
# Numbers at the ticks as in words, "12,000" and not "12k".
NUMBERS: dict[str, Any] = {"separatethousands": True, "exponentformat": "none"}
# How a chart reacts: no tool bar but for its axes, no logo.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": [
        "select2d",
        "lasso2d",
        "autoScale2d",
        "zoomIn2d",
        "zoomOut2d",
        # Saved by the buttons below a chart, with the line that names the atlas.
        "toImage",
        # It would hand the chart of an atlas that may be secret to a server elsewhere.
        "sendChartToCloud",
    ],
}


def caption(atlas: Atlas) -> str:
    """The line below a saved figure: the atlas and its digest, as pictures of maps have it."""
    return f"{atlas.card.get('title') or atlas.id} · digest {atlas.digest[:12]}"


def blank(height: int) -> go.Figure:
    """An empty figure in the app's style."""
    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 56, "r": 12, "t": 12, "b": 44},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
        showlegend=False,
        hoverlabel={"font": {"size": 13}},
        modebar={"orientation": "v", "bgcolor": "rgba(0,0,0,0)"},
    )
    figure.update_xaxes(**NUMBERS)
    figure.update_yaxes(ticklabelstandoff=5, **NUMBERS)
    return figure


def bar_gap(n: int) -> float:
    """The part of their room that lies between `n` bars: a single one is no wall."""
    return max(0.3, 1 - 0.16 * n)


def stage_ticks(n: int) -> dict[str, Any]:
    """How `n` stages are named below an axis: upright on a phone too, which has no room for letters
    of the usual size below more than four."""
    return {"tickangle": 0, "tickfont": {"size": 13 if n <= 4 else 11}}


def spots_by_stage(
    stages: Sequence[str], slices: Sequence[tuple[str, str, int]], height: int = 260
) -> go.Figure:
    """Spots per stage, one block per slice: `slices` are (name, stage, spots)."""
    figure = blank(height)
    figure.add_bar(
        x=[stage for _, stage, _ in slices],
        y=[spots for _, _, spots in slices],
        customdata=[name for name, _, _ in slices],
        hovertemplate="%{customdata}<br>%{x}: %{y:,} spots<extra></extra>",
        marker={"color": ACCENT, "line": {"color": "rgba(255,255,255,.85)", "width": 1.5}},
    )
    figure.update_layout(barmode="stack", bargap=bar_gap(len(stages)))
    figure.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=list(stages),
        fixedrange=True,
        tickfont={"size": 11},
    )
    figure.update_yaxes(title="spots", fixedrange=True)
    return figure


def usage_by_slice(
    stages: Sequence[str], slices: Sequence[tuple[str, str]], usage: np.ndarray, height: int = 300
) -> go.Figure:
    """Mean proportion of one factor in every slice, by stage, with the mean over slices.

    `slices` are (name, stage); `usage` (n_slices,) in [0, 1]. Every stage says how many slices it
    rests on, so a mean of one slice cannot pass for more.
    """
    values = np.asarray(usage, dtype=float)
    stage_of = np.array([stage for _, stage in slices])
    counts = {stage: int((stage_of == stage).sum()) for stage in stages}
    label = {stage: f"{stage}<br>n = {counts[stage]}" for stage in stages}
    figure = blank(height)
    present = [stage for stage in stages if counts[stage]]
    figure.add_scatter(
        x=[label[stage] for stage in present],
        y=[float(values[stage_of == stage].mean()) for stage in present],
        mode="lines+markers",
        line={"color": SOFT, "width": 2},
        marker={"symbol": "line-ew", "size": 22, "line": {"width": 3, "color": ACCENT}},
        name="mean of slices",
        hovertemplate="%{x}<br>mean %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=[label[stage] for _, stage in slices],
        y=values.tolist(),
        mode="markers",
        marker={"size": 9, "color": ACCENT, "opacity": 0.75},
        customdata=[name for name, _ in slices],
        name="slice",
        hovertemplate="%{customdata}: %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=[label[stage] for stage in stages],
        fixedrange=True,
        **stage_ticks(len(stages)),
    )
    figure.update_yaxes(title="mean proportion", rangemode="tozero", fixedrange=True)
    return figure


def shares(
    names: Sequence[str],
    values: Sequence[float],
    colors: Sequence[str] | None = None,
    height: int = 260,
) -> go.Figure:
    """Shares in [0, 1] as horizontal bars, the first on top."""
    figure = blank(max(120, min(height, 64 + 30 * len(names))))
    figure.add_bar(
        y=list(names),
        x=list(values),
        orientation="h",
        marker={"color": list(colors) if colors else ACCENT},
        text=[f"{value:.0%}" for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(
        tickformat=".0%",
        rangemode="tozero",
        fixedrange=True,
        nticks=5,
        range=[0, max([*values, 0.01]) * 1.15],
    )
    figure.update_yaxes(
        type="category",
        autorange="reversed",
        fixedrange=True,
        automargin=True,
    )
    figure.update_layout(margin={"l": 8, "r": 28, "t": 8, "b": 32}, bargap=0.3)
    return figure


def confidence_steps(values: np.ndarray) -> list[tuple[float, float, int]]:
    """Lower end, width and number of spots of twenty steps of confidence over [0, 1]; spots
    without confidence are in none."""
    usable = np.asarray(values, dtype=float)
    counts, edges = np.histogram(usable[np.isfinite(usable)], bins=20, range=(0.0, 1.0))
    lows, widths = edges[:-1].tolist(), np.diff(edges).tolist()
    return list(zip(lows, widths, counts.tolist(), strict=True))


def confidence_histogram(values: np.ndarray, height: int = 220) -> go.Figure:
    """How many spots have which confidence, in the steps of `confidence_steps`."""
    steps = confidence_steps(values)
    figure = blank(height)
    figure.add_bar(
        x=[low + width / 2 for low, width, _ in steps],
        y=[spots for *_, spots in steps],
        width=0.046,
        marker={"color": ACCENT},
        hovertemplate="confidence near %{x:.2f}: %{y:,} spots<extra></extra>",
    )
    figure.update_xaxes(title="confidence of the domain", range=[0, 1], fixedrange=True)
    figure.update_yaxes(title="spots", fixedrange=True)
    return figure
