"""Charts of the Stages page as plain functions of its numbers.

Every point carries as customdata [text, address]: what is said when it is pointed at, and the page
that a click leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from atlas_app.drawing.colors import category_colors, hex_color, rgb
from atlas_app.drawing.figures import ACCENT, SOFT, bar_gap, blank, stage_ticks
from atlas_app.stages.abundance import Abundance
from atlas_app.stages.changes import Changes
from atlas_app.stages.courses import Course
from atlas_app.words.readable import counted, readable
from training.store import Atlas

QUIET = "#8a94a0"
HOVER = "%{customdata[0]}<extra></extra>"
SHOWN_GENES = 10
# From early to late, of one lightness: the tables of the maps have ends that a page swallows.
COURSE = ("#2f80d0", "#9a68cf", "#d34f8f", "#d96a2b")


def stage_places(atlas: Atlas) -> tuple[list[float], bool]:
    """Where the stages stand on the axis: their times, or 0, 1, … where a time is not known."""
    times = [stage.time for stage in atlas.stages]
    known = [time for time in times if time is not None and np.isfinite(time)]
    if len(known) == len(times) and len(set(known)) == len(known):
        return [float(time) for time in known], True
    return [float(i) for i in range(len(times))], False


def stage_range(places: list[float]) -> list[float]:
    """Ends of the axis: all stages and room for the slices beside the outer ones."""
    gaps = np.diff(sorted(places))
    room = 0.45 * float(gaps.min()) if len(gaps) else 1.0
    room = max(room, 0.06 * (max(places) - min(places)))
    return [min(places) - room, max(places) + room]


def slice_places(atlas: Atlas) -> list[float]:
    """Where slices stand: their stage, beside one another within it."""
    places, _ = stage_places(atlas)
    gaps = np.diff(sorted(places))
    # Far apart, slices of the only stage would look like a course.
    step = 0.5 * float(gaps.min()) if len(gaps) else 0.2
    names = [stage.name for stage in atlas.stages]
    found = []
    for part in atlas.slices:
        twins = [other.name for other in atlas.slices if other.stage == part.stage]
        shift = (twins.index(part.name) - (len(twins) - 1) / 2) / max(len(twins) - 1, 4)
        found.append(places[names.index(part.stage)] + step * shift)
    return found


def course_chart(atlas: Atlas, course: Course, link: Callable[[str], str]) -> go.Figure:
    """Slices as points, mean and interval by stage on the axis of time; `link(stage)` is where a
    click leads."""
    places, timed = stage_places(atlas)
    summary = course.summary
    several, single = np.flatnonzero(summary.n > 1), np.flatnonzero(summary.n == 1)
    figure = blank(380)
    drawn = np.flatnonzero(summary.n > 0)
    if len(drawn) > 1:
        figure.add_scatter(
            x=[places[t] for t in drawn],
            y=summary.mean[drawn, 0].tolist(),
            mode="lines",
            line={"color": SOFT, "width": 2},
            hoverinfo="skip",
            name="mean",
        )
    points = np.flatnonzero(~np.isnan(course.values))
    spread = slice_places(atlas)
    figure.add_scatter(
        x=[spread[s] for s in points],
        y=course.values[points].tolist(),
        mode="markers",
        marker={"size": 9, "color": QUIET, "opacity": 0.7},
        customdata=[
            [
                f"{atlas.slices[s].name}: {readable(course.values[s], 4)}<br>"
                f"{counted(int(course.spots[s]), 'spot')}",
                link(atlas.slices[s].stage),
            ]
            for s in points
        ],
        hovertemplate=HOVER,
        name="slice",
    )
    for rows, symbol, size, name in (
        (several, "diamond", 12, "mean and 95% interval over slices"),
        (single, "diamond-open", 13, "one slice: no interval"),
    ):
        if not len(rows):
            continue
        mean = summary.mean[rows, 0]
        figure.add_scatter(
            x=[places[t] for t in rows],
            y=mean.tolist(),
            error_y={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(summary.high[rows, 0] - mean).tolist(),
                "arrayminus": np.nan_to_num(mean - summary.low[rows, 0]).tolist(),
                "color": ACCENT,
                "thickness": 2,
                "width": 6,
                "visible": name.startswith("mean"),
            },
            mode="markers",
            marker={"size": size, "color": ACCENT, "symbol": symbol, "line": {"width": 2}},
            customdata=[
                [mean_text(atlas, course, int(t)), link(atlas.stages[t].name)] for t in rows
            ],
            hovertemplate=HOVER,
            name=name,
        )
    unit = str(atlas.card.get("time_unit") or "")
    title = f"time{f' ({unit})' if unit else ''}" if timed else "stage (times not known)"
    figure.update_xaxes(
        title=title,
        tickvals=places,
        ticktext=[
            f"{stage.name}<br>n = {n}" for stage, n in zip(atlas.stages, summary.n, strict=True)
        ],
        range=stage_range(places),
        fixedrange=True,
        automargin=True,
    )
    figure.update_yaxes(title=course.unit, rangemode="tozero", fixedrange=True)
    return legend_above(figure)


def mean_text(atlas: Atlas, course: Course, stage: int) -> str:
    """Mean, interval and n of a stage in words."""
    found = course.summary
    name = atlas.stages[stage].name
    mean, low, high = (readable(each[stage, 0], 4) for each in (found.mean, found.low, found.high))
    if found.n[stage] == 1:
        return f"{name}: {mean}<br>n = 1: no interval"
    return f"{name}: mean {mean}<br>95% interval {low} to {high}<br>n = {found.n[stage]} slices"


def part_colors(atlas: Atlas, abundance: Abundance) -> list[str]:
    """Colours of domains as on the maps, of factors from the palette."""
    given = atlas.obs_columns["domain"].colors if abundance.parts == "domain" else None
    return category_colors(len(abundance.names), given)


def composition_chart(
    atlas: Atlas, abundance: Abundance, link: Callable[[str, str], str]
) -> go.Figure:
    """What each stage is made of: one bar per stage, mean over slices. `link(part, stage)`."""
    figure = blank(380)
    short = abundance.labels if abundance.parts == "domain" else [f"F{n}" for n in abundance.names]
    colors = part_colors(atlas, abundance)
    mean, n = abundance.summary.mean, abundance.summary.n
    labels = [f"{stage.name}<br>n = {k}" for stage, k in zip(atlas.stages, n, strict=True)]
    for part, label in enumerate(abundance.labels):
        figure.add_bar(
            x=labels,
            y=mean[:, part].tolist(),
            name=short[part],
            marker={"color": colors[part], "line": {"width": 0}},
            customdata=[
                [
                    f"{label}<br>{stage.name}: {share_text(abundance.summary, t, part)}",
                    link(abundance.names[part], ""),
                ]
                for t, stage in enumerate(atlas.stages)
            ],
            hovertemplate=HOVER,
        )
    figure.update_layout(barmode="stack", bargap=bar_gap(len(atlas.stages)))
    figure.update_xaxes(type="category", fixedrange=True, **stage_ticks(len(atlas.stages)))
    figure.update_yaxes(title=share_of(abundance), tickformat=".0%", range=[0, 1], fixedrange=True)
    return legend_above(figure)


def interval_chart(
    atlas: Atlas, abundance: Abundance, link: Callable[[str, str], str]
) -> go.Figure:
    """Every part as a row, its stages below one another with their intervals, earliest on top."""
    n_stages = len(atlas.stages)
    order = np.argsort(np.nanmax(abundance.summary.mean, axis=0), kind="stable")
    figure = blank(90 + len(order) * max(34, 13 * n_stages))
    colors = stage_colors(n_stages)
    summary = abundance.summary
    for t, stage in enumerate(atlas.stages):
        offset = 0.3 - 0.6 * (t / max(1, n_stages - 1)) if n_stages > 1 else 0.0
        mean = summary.mean[t, order]
        low, high = summary.low[t, order], summary.high[t, order]
        one = summary.n[t] == 1
        figure.add_scatter(
            x=mean.tolist(),
            y=[place + offset for place in range(len(order))],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(high - mean).tolist(),
                "arrayminus": np.nan_to_num(mean - low).tolist(),
                "color": colors[t],
                "thickness": 1.5,
                "width": 0,
                "visible": not one,
            },
            mode="markers",
            marker={"size": 7, "color": colors[t], "symbol": "circle-open" if one else "circle"},
            name=f"{stage.name} (n = {summary.n[t]})",
            customdata=[
                [
                    f"{abundance.labels[part]}, {stage.name}: {share_text(summary, t, part)}",
                    link(abundance.names[part], stage.name),
                ]
                for part in order.tolist()
            ],
            hovertemplate=HOVER,
        )
    figure.update_yaxes(
        tickvals=list(range(len(order))),
        ticktext=[shorten(abundance.labels[part]) for part in order.tolist()],
        range=[-0.6, len(order) - 0.4],
        fixedrange=True,
        automargin=True,
        zeroline=False,
    )
    figure.update_xaxes(
        title=f"mean {share_of(abundance)}<br>95% interval",
        tickformat=".0%",
        rangemode="tozero",
        fixedrange=True,
    )
    return legend_above(figure)


def share_of(abundance: Abundance) -> str:
    """What the shares of a chart are parts of."""
    return f"share of {abundance.within}" if abundance.within else "share of a stage"


def share_text(summary: object, stage: int, part: int) -> str:
    """A share with its interval, or what stands in its way."""
    mean, low = summary.mean[stage, part], summary.low[stage, part]  # type: ignore[attr-defined]
    high, n = summary.high[stage, part], summary.n[stage]  # type: ignore[attr-defined]
    if n == 0:
        return "–"
    return f"{mean:.1%} (n = 1)" if n == 1 else f"{mean:.1%} ({low:.1%} to {high:.1%})"


def effect_chart(
    changes: Changes, labels: Sequence[str], link: Callable[[str], str], shown: int = SHOWN_GENES
) -> go.Figure:
    """The clearest rises and falls with their intervals, the largest rise on top."""
    effect = changes.difference.effect
    order = changes.order()
    rises = [i for i in order.tolist() if effect[i] > 0][:shown]
    falls = [i for i in order.tolist() if effect[i] < 0][:shown]
    rows = sorted(rises + falls, key=lambda i: effect[i])
    figure = blank(100 + 24 * len(rows))
    values = effect[rows]
    low, high = changes.difference.low[rows], changes.difference.high[rows]
    figure.add_scatter(
        x=values.tolist(),
        y=list(range(len(rows))),
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(high - values).tolist(),
            "arrayminus": np.nan_to_num(values - low).tolist(),
            "color": SOFT,
            "thickness": 2,
            "width": 0,
            "visible": changes.tested,
        },
        mode="markers",
        marker={
            "size": 9,
            "color": ACCENT,
            "symbol": "diamond" if changes.tested else "diamond-open",
        },
        customdata=[[f"{labels[i]}: {effect[i]:+.3g}", link(changes.names[i])] for i in rows],
        hovertemplate=HOVER,
    )
    figure.add_vline(x=0, line={"color": QUIET, "width": 1})
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[shorten(labels[i]) for i in rows],
        range=[-0.8, len(rows) - 0.2],
        fixedrange=True,
        automargin=True,
        zeroline=False,
    )
    # In two lines, as names of factors leave little room beside them.
    measure = "log2 ratio" if changes.what == "genes" else "difference of<br>mean proportions"
    figure.update_xaxes(title=measure, fixedrange=True, zeroline=False)
    return figure


def stage_colors(n: int) -> list[str]:
    """Colours from early to late, 3 : 1 or more apart from the page when light and when dark."""
    at = np.linspace(0, 1, n) if n > 1 else np.zeros(1)
    steps = np.linspace(0, 1, len(COURSE))
    channels = [np.interp(at, steps, channel) for channel in zip(*map(rgb, COURSE), strict=True)]
    return [hex_color(np.rint(color).astype(int)) for color in zip(*channels, strict=True)]


def shorten(text: str, most: int = 22) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def legend_above(figure: go.Figure) -> go.Figure:
    """The legend in a line above the chart, where it takes no width."""
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "font": {"size": 12},
            "traceorder": "normal",
        },
        margin={"l": 60, "r": 12, "t": 48, "b": 52},
    )
    return figure
