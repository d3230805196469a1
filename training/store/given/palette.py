"""Colours of categories, where the atlas's builder gave none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Six hues after Okabe and Ito, then colours added one by one, each as far as possible in OKLab
# from all before it as seen with normal, deuteranopic and protanopic sight.
CATEGORIES: tuple[str, ...] = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#7d2e42",
    "#4ae2ac",
    "#523696",
    "#9b79fe",
    "#8b5c47",
    "#1d536d",
    "#6fb880",
    "#6164e4",
    "#8fd0e2",
    "#cfc871",
    "#2f7675",
    "#184fc3",
    "#7b91d9",
    "#9d3108",
    "#0b9109",
    "#bf3a90",
    "#eb97bb",
    "#8d9f4d",
)


def category_colors(n: int, given: list[str] | None = None) -> list[str]:
    """Colours of `n` categories: the published ones where `given` has `n`, else the palette.

    Beyond 24 categories the palette repeats, each round half as far again towards white.
    """
    if given is not None and len(given) == n:
        return [hex_color(rgb(color)) for color in given]
    colors = []
    for i in range(n):
        base = rgb(CATEGORIES[i % len(CATEGORIES)]).astype(float)
        towards_white = 1 - 0.5 ** (i // len(CATEGORIES))
        colors.append(hex_color(np.floor(base + (255 - base) * towards_white + 0.5)))
    return colors


def rgb(color: str) -> NDArray[np.uint8]:
    """'#rrggbb' (or with alpha, dropped) as three sRGB bytes. Raises ValueError otherwise."""
    if not color.startswith("#") or len(color) not in (7, 9):
        raise ValueError(f"not a colour of the form #rrggbb: {color!r}")
    return np.frombuffer(bytes.fromhex(color[1:7]), np.uint8)


def hex_color(values: NDArray[np.generic]) -> str:
    """Three sRGB bytes as '#rrggbb'."""
    return "#" + "".join(f"{int(value):02x}" for value in values)
