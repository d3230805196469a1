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


def drawn_rows(n: int, most: int = MOST_DRAWN) -> NDArray[np.int64]:
    """Rows of `n` spots that are drawn: all, or `most` of them at random, always the same."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def spot_picture(
    positions: NDArray[np.floating], colors: Sequence[str], label: str, width: int = WIDTH
) -> str:
    """An <svg> of spots in the plane of the section, y downward as on an image.

    Args:
        positions: (n, 2); colors: n of the form '#rrggbb'; label: for those who cannot see it.
    """
    xy = np.asarray(positions, dtype=np.float64)
    low = xy.min(axis=0) if len(xy) else np.zeros(2)
    span = np.maximum((xy.max(axis=0) if len(xy) else np.ones(2)) - low, 1e-9)
    scale = min(width / span[0], TALLEST / span[1])
    size = max(1.0, COVER * float(np.sqrt(span[0] * span[1] * scale**2 / max(1, len(xy)))))
    size = min(size, width / 8)
    height = span[1] * scale
    placed = (xy - low) * scale + size
    names, owner = np.unique(np.asarray(colors, dtype=str), return_inverse=True)
    paths = []
    for code, name in enumerate(names):
        # A line of no length with round ends is a dot: seven bytes where a circle takes forty.
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in placed[owner == code])
        paths.append(f'<path d="{dots}" stroke="{html.escape(str(name), quote=True)}"/>')
    box = f"0 0 {span[0] * scale + 2 * size:.1f} {height + 2 * size:.1f}"
    return (
        f'<svg viewBox="{box}" width="{width}" role="img" '
        f'aria-label="{html.escape(label, quote=True)}" fill="none" '
        f'stroke-linecap="round" stroke-width="{size:.2f}">{"".join(paths)}</svg>'
    )
