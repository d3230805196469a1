"""Colour maps are perceptual, palettes can be told apart, and the browser has the same tables."""

from __future__ import annotations

import re

import numpy as np
import pytest

from atlas_app.drawing import colors
from atlas_app.paths import assets_folder

# Simulated full deuteranopia and protanopia (Machado et al. 2009), on linear sRGB.
DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
NORMAL = np.eye(3)
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(rgb: np.ndarray, sight: np.ndarray | list[list[float]] = NORMAL) -> np.ndarray:
    """OKLab of (n, 3) sRGB bytes as seen with `sight`."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(sight).T, 0, 1)
    return np.cbrt(seen @ TO_LMS.T) @ TO_LAB.T


@pytest.mark.parametrize("name", colors.color_maps())
def test_maps_step_evenly_in_lightness(name: str) -> None:
    table = colors.color_table(name)
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    steps = np.diff(oklab(table[::8])[:, 0])
    steps *= np.sign(steps.sum())
    assert steps.min() > 0
    assert steps.max() < 4 * steps.mean()


def test_published_maps_keep_their_ends() -> None:
    ends = {
        name: [colors.hex_color(colors.color_table(name)[i]) for i in (0, 255)]
        for name in ("viridis", "magma", "plasma")
    }
    assert ends == {
        "viridis": ["#440154", "#fde725"],
        "magma": ["#000004", "#fcfdbf"],
        "plasma": ["#0d0887", "#f0f921"],
    }
    with pytest.raises(KeyError):
        colors.color_table("jet")


@pytest.mark.parametrize("sight", [NORMAL, DEUTERANOPIA, PROTANOPIA])
def test_categories_differ_for_every_sight(sight: np.ndarray) -> None:
    shown = np.array([colors.rgb(color) for color in colors.category_colors(24)], dtype=float)
    lab = oklab(shown, sight)
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 10 * np.eye(24)
    assert distance[:8, :8].min() > 0.07
    assert distance.min() > 0.05


def test_zero_and_missing_lie_apart_from_every_map() -> None:
    apart = np.array([colors.rgb(c) for c in (*colors.ZERO.values(), *colors.MISSING.values())])
    distance = np.linalg.norm(oklab(apart)[:, None] - oklab(apart)[None], axis=2)
    assert (distance + np.eye(4)).min() > 0.06
    background = oklab(np.array([[255, 255, 255], [31, 31, 31]], dtype=float))
    for scheme, paper in zip(("light", "dark"), background, strict=True):
        for table in (colors.ZERO, colors.MISSING):
            assert np.linalg.norm(oklab(colors.rgb(table[scheme])[None])[0] - paper) > 0.05


def test_category_colors_take_the_published_ones() -> None:
    assert colors.category_colors(2, ["#ff0000ff", "#00FF00"]) == ["#ff0000", "#00ff00"]
    assert colors.category_colors(3, ["#ff0000"]) == list(colors.CATEGORIES[:3])
    many = colors.category_colors(60)
    assert len(set(many)) == 60
    assert colors.category_colors(0) == []
    with pytest.raises(ValueError, match="red"):
        colors.rgb("red")


def test_plotly_scale_spans_zero_to_one() -> None:
    scale = colors.plotly_scale("viridis")
    assert scale[0] == [0.0, "#440154"]
    assert scale[-1] == [1.0, "#fde725"]


def test_the_browser_declares_the_same_tables() -> None:
    text = (assets_folder() / "colours" / "palettes.mjs").read_text()
    block = text[text.index("ANCHORS = {") : text.index("export const CATEGORIES")]
    declared = {
        name: "".join(re.findall(r'"([0-9a-f]+)"', body))
        for name, body in re.findall(r"(\w+):\s+((?:\"[0-9a-f]+\"[\s+]*)+)", block)
    }
    assert declared == colors.ANCHORS
    listed = text[text.index("CATEGORIES = [") : text.index("export const MISSING")]
    assert tuple(re.findall(r'"(#[0-9a-f]{6})"', listed)) == colors.CATEGORIES
    for name, table in (("MISSING", colors.MISSING), ("ZERO", colors.ZERO)):
        pair = re.search(rf'{name} = {{ light: "(#\w+)", dark: "(#\w+)" }}', text)
        assert pair is not None
        assert {"light": pair[1], "dark": pair[2]} == table
    assert f'DEFAULT_MAP = "{colors.DEFAULT_MAP}"' in text
