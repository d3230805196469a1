"""Every page looks as it did, light and dark, wide and narrow, by its golden pictures."""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

PICTURES = runpy.run_path(str(Path(__file__).with_name("pictures.py")))
SHIFT = Path(__file__).with_name("layout_shift.js").read_text(encoding="utf-8")
sitter = PICTURES["sitter"]
GOLDEN: Path = PICTURES["GOLDEN"]
NAMES = [
    PICTURES["file_name"](page, *each)
    for page in PICTURES["PAGES"]
    for each in PICTURES["combinations"]()
]
MOST_BYTES = 300_000
# How far parts of a page may move while it loads.
MOST_SHIFT = 0.05
# For so long a page that differs may still become what it should be, in seconds.
PATIENCE = 40.0
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="fonts are given by fontconfig"),
]


@pytest.fixture(scope="module")
def addresses(
    server: Any, small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("pictured")
    with PICTURES["pictured_site"](server, small_stores[0], folder) as found:
        yield found


def golden(name: str) -> Image.Image:
    with Image.open(GOLDEN / name) as kept:
        return kept.convert("RGB")


def until(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


@pytest.mark.parametrize("page", PICTURES["PAGES"])
def test_a_page_looks_as_it_did(
    sitter: Any, addresses: dict[str, str], page: str, tmp_path: Path
) -> None:
    wrong = []
    sitter.tab.goto(addresses[page])
    sitter.settle()
    shift = sitter.tab.evaluate(SHIFT, 0)
    assert shift["score"] <= MOST_SHIFT, shift
    for theme, width in PICTURES["combinations"]():
        name = PICTURES["file_name"](page, theme, width)
        sitter.pose(theme, width)
        picture, found = PICTURES["compared"](sitter, golden(name), until(PATIENCE))
        if found:
            x, y, points = found[0]
            at = PICTURES["kept"](tmp_path, name, picture, golden(name))
            wrong.append(f"{name}: {len(found)} tiles, most at {x}, {y} ({points} points); {at}")
    assert not wrong, "\n".join(
        [
            *wrong,
            "If it is meant so: python tests/browser/make_pictures.py, and look at what it made.",
        ]
    )


def test_a_change_is_seen_and_another_rendering_of_letters_is_none(
    sitter: Any, addresses: dict[str, str]
) -> None:
    name = PICTURES["file_name"]("factors", "light", 1440)
    sitter.tab.goto(addresses["factors"])
    sitter.pose("light", 1440)
    assert not PICTURES["compared"](sitter, golden(name), until(PATIENCE))[1]

    def differs(css: str) -> list[tuple[int, int, int]]:
        sitter.tab.evaluate(
            "css => document.head.append(Object.assign(document.createElement('style'), "
            "{ id: 'change', textContent: css }))",
            css,
        )
        found = PICTURES["compared"](sitter, golden(name), lambda: False)[1]
        sitter.tab.evaluate("document.getElementById('change').remove()")
        return found

    for change in (
        "#factors-grid { margin-left: 40px }",
        "main { padding-top: 40px }",
        ".ac-key { visibility: hidden }",
        ".js-plotly-plot { visibility: hidden }",
        "h1 { visibility: hidden }",
        ".ac-canvas { filter: hue-rotate(150deg) }",
    ):
        assert differs(change), change
    for same in (
        "* { text-rendering: geometricPrecision; -webkit-font-smoothing: none }",
        "main { position: relative; left: 3px; top: 3px }",
        "body { font-weight: 500 }",
    ):
        assert not differs(same), same


def test_of_pictures_alone_a_wrong_theme_and_a_lost_part_are_seen() -> None:
    differences = PICTURES["differences"]
    for page in PICTURES["PAGES"]:
        for width in PICTURES["WINDOWS"]:
            light, dark = (
                golden(PICTURES["file_name"](page, theme, width)) for theme in PICTURES["THEMES"]
            )
            assert not differences(light, light)
            assert len(differences(light, dark)) > 100
            softer = Image.blend(light, light.filter(ImageFilter.GaussianBlur(1)), 0.15)
            assert not differences(softer, light)
            noise = np.random.default_rng(0).integers(-8, 9, np.asarray(light).shape)
            other = np.clip(np.asarray(light) + noise, 0, 255).astype(np.uint8)
            assert not differences(Image.fromarray(other), light)


def test_golden_pictures_are_small_and_all_there() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(NAMES)
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < MOST_BYTES
