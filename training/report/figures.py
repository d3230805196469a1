"""Pictures of a fit, as data addresses that a page can hold: losses, factors on tissue, mixing."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from training.start.choosing import Choice

SPOTS_DRAWN = 20_000
"""Spots of a gallery; more would be drawn over one another at its size."""
GAP = 0.08
WIDTH = 10.0
"""Inches of a figure."""


def draw_losses(losses: Mapping[str, Sequence[float]]) -> str:
    """One small chart per loss: every step faint, a running mean over a fiftieth of them bold."""
    names = list(losses)
    lines = (len(names) + 2) // 3
    figure, axes = _grid(2.2, lines, 3, (0.55, 0.1, 0.3, 0.25))
    for axis, name in zip(axes, names, strict=False):
        values = np.asarray(losses[name], dtype=float)
        steps = np.arange(1, len(values) + 1)
        width = max(len(values) // 50, 1)
        mean = np.convolve(values, np.ones(width) / width, mode="valid")
        axis.plot(steps, values, color="#9fc5e8", linewidth=0.6)
        axis.plot(steps[width - 1 :], mean, color="#0b5394", linewidth=1.4)
        axis.set_title(name, fontsize=9, loc="left", y=1.0)
        low, high = np.percentile(values, [1, 99]) if len(values) else (0, 1)
        margin = 0.1 * max(high - low, 1e-9)
        axis.set_ylim(low - margin, high + margin)
        axis.locator_params(nbins=5)
        axis.ticklabel_format(axis="y", scilimits=(-3, 4))
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    return _address(figure)


def draw_gallery(
    proportions: NDArray[np.floating],
    positions: NDArray[np.floating],
    slices: NDArray[np.integer],
    titles: Sequence[str],
    seed: int = 0,
) -> str:
    """Every factor on all slices laid side by side, each with its own colour scale.

    Args:
        proportions: (n, K); positions: (n, 2); slices: (n,) in the order they are laid.
        titles: one per factor.
    """
    rows = np.arange(len(slices))
    if len(rows) > SPOTS_DRAWN:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SPOTS_DRAWN, replace=False))
    laid = lay_side_by_side(positions, slices)[rows]
    width, height = np.ptp(laid, axis=0) + 1e-9
    columns = 2
    lines = (len(titles) + columns - 1) // columns
    tall = 5 * min(max(height / width, 0.12), 1.5) + 0.35
    figure, axes = _grid(tall, lines, columns, (0.05, 0.05, 0.05, 0.25))
    size = max(0.4, min(12.0, 6_000 / len(rows)))
    for factor, axis in enumerate(axes):
        axis.set_axis_off()
        if factor >= len(titles):
            continue
        values = proportions[rows, factor]
        order = np.argsort(values)
        axis.scatter(
            laid[order, 0],
            laid[order, 1],
            c=values[order],
            s=size,
            cmap="viridis",
            vmin=0,
            vmax=max(float(np.percentile(values, 99)), 1e-6),
            linewidths=0,
        )
        axis.set_aspect("equal")
        axis.invert_yaxis()
        axis.set_title(titles[factor], fontsize=8, loc="left", y=1.0)
    return _address(figure, dpi=110)


def draw_shares(shares: NDArray[np.floating], names: Sequence[str]) -> str:
    """Bars of how well each slice is mixed; 1 is complete mixing."""
    figure = _figure(0.24 * len(names) + 0.7)
    axis = figure.subplots()
    axis.barh(np.arange(len(names)), shares, color="#3d85c6")
    axis.axvline(1, color="#666666", linewidth=0.8)
    axis.set_yticks(np.arange(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlabel("neighbours in other slices, as a part of complete mixing")
    return _address(figure)


def draw_usage(usage: NDArray[np.floating], names: Sequence[str]) -> str:
    """Mean proportion of every factor in every slice."""
    figure = _figure(0.24 * len(names) + 1.0)
    axis = figure.subplots()
    image = axis.imshow(usage, aspect="auto", cmap="viridis", vmin=0)
    axis.set_yticks(np.arange(len(names)), names)
    axis.set_xticks(np.arange(usage.shape[1]), [str(k) for k in range(usage.shape[1])])
    axis.set_xlabel("factor")
    figure.colorbar(image, ax=axis, label="mean proportion", fraction=0.03)
    return _address(figure)


def draw_candidates(choice: Choice) -> str:
    """Held-out likelihood with its error, and stability, for every number of factors tried."""
    figure = _figure(2.8)
    left, right = figure.subplots(1, 2)
    numbers = [each.factors for each in choice.curve]
    best = max(each.likelihood for each in choice.curve)
    left.errorbar(
        numbers,
        [each.likelihood - best for each in choice.curve],
        [each.error for each in choice.curve],
        color="#0b5394",
        marker="o",
        markersize=3,
    )
    left.set_ylabel("log likelihood below the best, nats per held-out count")
    right.plot(numbers, [each.stability for each in choice.curve], "o-", ms=3, color="#38761d")
    right.set_ylabel("stability")
    right.set_ylim(0, 1)
    for axis in (left, right):
        axis.axvline(choice.factors, color="#666666", linewidth=0.8, linestyle="--")
        axis.set_xlabel("number of factors")
    return _address(figure)


def lay_side_by_side(
    positions: NDArray[np.floating], slices: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Coordinates (n, 2) with slices in one row, at one scale, tops level, a gap between."""
    laid = np.array(positions, dtype=float)
    kinds = np.unique(slices)
    widest = max((np.ptp(laid[slices == kind, 0]) for kind in kinds), default=1.0) or 1.0
    left = 0.0
    for kind in kinds:
        inside = slices == kind
        part = laid[inside] - laid[inside].min(axis=0)
        laid[inside] = part + np.array([left, 0.0])
        left += np.ptp(part[:, 0]) + GAP * widest
    return laid


def _figure(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, max(height, 1.0)), layout="constrained")


def _grid(
    tall: float, lines: int, columns: int, margins: tuple[float, float, float, float]
) -> tuple[Figure, list[Axes]]:
    """Equal charts in lines. Their margins are given: fitting them to labels takes longer than all
    the drawing.

    Args:
        tall: inches of a line with its margins.
        margins: inches left, right, below and above each chart.
    """
    from matplotlib.figure import Figure

    left, right, bottom, top = margins
    figure = Figure(figsize=(WIDTH, max(lines * tall, 1.0)))
    width, height = figure.get_size_inches()
    across = left + right
    along = bottom + top
    axes = figure.subplots(
        lines,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "bottom": bottom / height,
            "top": 1 - top / height,
            "wspace": across / (width / columns - across),
            "hspace": along / (height / lines - along),
        },
    )
    return figure, list(axes.ravel())


def _address(figure: Figure, dpi: int = 100) -> str:
    for axis in figure.axes:
        if not axis.axison:
            continue
        axis.tick_params(labelsize=7)
        for text in (axis.xaxis.label, axis.yaxis.label):
            text.set_fontsize(8)
    out = io.BytesIO()
    plain: dict[str, Any] = {"Software": None}
    figure.savefig(out, format="png", dpi=dpi, metadata=plain)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
