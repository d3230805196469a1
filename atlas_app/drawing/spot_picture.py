"""Spots drawn as SVG that stands alone: for reports that are kept without the canvas."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# More spots than this are drawn as a sample of so many, which the caller says.
MOST_DRAWN = 30_000
WIDTH = 460
TALLEST = 560
# A spot covers this share of the area that falls to it.
COVER = 0.95
# Of two sections in one picture; both are told from white and from black.
BELOW, ABOVE = "#9aa1a9", "#0b8f6a"


def drawn_rows(n: int, most: int = MOST_DRAWN) -> NDArray[np.int64]:
    """Rows of `n` spots that are drawn: all, or `most` of them at random, always the same."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def spot_picture(
    positions: NDArray[np.floating],
    colors: Sequence[str],
    label: str,
    width: int = WIDTH,
    frame: NDArray[np.floating] | None = None,
) -> str:
    """An <svg> of spots in the plane of the section, y downward as on an image.

    Args:
        positions: (n, 2); colors: n of the form '#rrggbb'; label: for those who cannot see it.
        frame: (m, 2) points that the picture has room for, beside the spots; pictures of one frame
            have one scale.
    """
    return _picture([(positions, np.asarray(colors, dtype=str), 1.0)], label, width, frame)


def overlay_picture(
    below: NDArray[np.floating],
    above: NDArray[np.floating],
    label: str,
    width: int = WIDTH,
    frame: NDArray[np.floating] | None = None,
) -> str:
    """An <svg> of two sections in one frame: large grey spots below, small green ones above."""
    grey, green = np.full(len(below), BELOW), np.full(len(above), ABOVE)
    return _picture([(below, grey, 1.0), (above, green, 0.55)], label, width, frame)


def _picture(
    layers: Sequence[tuple[NDArray[np.floating], NDArray[np.str_], float]],
    label: str,
    width: int,
    frame: NDArray[np.floating] | None,
) -> str:
    """Layers of spots, each with its colours and the part of a spot's room that is filled."""
    points = [np.asarray(xy, dtype=np.float64) for xy, _, _ in layers]
    shown = np.concatenate([*points, *([] if frame is None else [np.asarray(frame, np.float64)])])
    low = shown.min(axis=0) if len(shown) else np.zeros(2)
    span = np.maximum((shown.max(axis=0) if len(shown) else np.ones(2)) - low, 1e-9)
    scale = min(width / span[0], TALLEST / span[1])
    sizes = [min(_room(xy, scale), width / 8) for xy in points]
    margin = max(sizes)
    paths = []
    for xy, (_, colors, part), size in zip(points, layers, sizes, strict=True):
        placed = (xy - low) * scale + margin
        names, owner = np.unique(colors, return_inverse=True)
        for code, name in enumerate(names):
            # A line of no length with round ends is a dot: seven bytes where a circle takes forty.
            dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in placed[owner == code])
            color = html.escape(str(name), quote=True)
            paths.append(f'<path d="{dots}" stroke="{color}" stroke-width="{size * part:.2f}"/>')
    box = f"0 0 {span[0] * scale + 2 * margin:.1f} {span[1] * scale + 2 * margin:.1f}"
    return (
        f'<svg viewBox="{box}" width="{width}" role="img" '
        f'aria-label="{html.escape(label, quote=True)}" fill="none" '
        f'stroke-linecap="round">{"".join(paths)}</svg>'
    )


def _room(xy: NDArray[np.float64], scale: float) -> float:
    """Width of the square that falls to a spot, in the picture's pixels; 1 at least."""
    span = np.maximum(np.ptp(xy, axis=0), 1e-9) if len(xy) else np.ones(2)
    return max(1.0, COVER * float(np.sqrt(span[0] * span[1] * scale**2 / max(1, len(xy)))))
