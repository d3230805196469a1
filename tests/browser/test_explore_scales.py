"""Explore: one scale of colour over all slices, or one of each slice's own."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from training.store import open_atlas

matplotlib.use("Agg")
import matplotlib.pyplot as plt

pytestmark = pytest.mark.browser
COLOURS = runpy.run_path(str(Path(__file__).with_name("test_explore_colours.py")))
SVG = "{http://www.w3.org/2000/svg}"
EXPORTS = """async () => {
  const atlas = document.querySelector(".atlas-explore").atlasCanvas;
  const { pythonOf } = await import("/assets/explore/python.mjs");
  const { drawSvg } = await import("/assets/pictures/picture.mjs");
  return [pythonOf(atlas), drawSvg(atlas)];
}"""


def own_palettes(
    data: np.ndarray, slices: list[dict[str, Any]], **how: Any
) -> list[tuple[slice, dict[int, Any]]]:
    """The rows of each slice, and the colour of every byte by the slice's own spots."""
    spans = [slice(part["start"], part["stop"]) for part in slices]
    return [(span, COLOURS["number_palette"](data[span], **how)) for span in spans]


def wrong_pixels(pixels: dict[int, Any], data: np.ndarray, palettes: Any) -> list[int]:
    """Spots whose pixel is not the colour of their byte on the scale of their slice."""
    return [
        spot
        for span, palette in palettes
        for spot, pixel in pixels.items()
        if span.start <= spot < span.stop
        and max(abs(a - b) for a, b in zip(pixel, palette[int(data[spot])], strict=True)) > 1
    ]


def test_each_slice_on_its_own_scale(tab: Any, canvas: Any, http: Any, tiny_atlas: Path) -> None:
    slices = http.description["slices"]
    data, lo, hi = http.values("factor", "1")
    opened = tab("/explore?color=factor:1&clip=5_95")
    view = canvas(opened)
    page = opened.page
    locked = view.pixels(most=view.ask("c.n"))
    palettes = own_palettes(data, slices, zero_apart=False, clip=(5, 95))
    assert wrong_pixels(locked, data, palettes)
    bounds = page.locator(".ac-bounds .ac-bound")
    assert re.search(r"\d", bounds.first.text_content())

    page.get_by_role("combobox", name="Scale").select_option("slice")
    view.wait("c.applied.scale === 'slice'")
    assert "scale=slice" in unquote(page.url)
    own = view.pixels(most=view.ask("c.n"))
    assert len(own) > 100
    assert not wrong_pixels(own, data, palettes)
    assert not wrong_pixels(view.pixels("umap"), data, palettes)

    # The bar bears no value; every tile and the list tell those of its slice.
    assert [bounds.first.text_content(), bounds.last.text_content()] == ["own 5%", "own 95%"]
    assert "each slice on its own scale" in page.locator(".ac-key-unit").text_content()
    assert not page.locator(".ac-handle").first.is_visible()
    page.get_by_text("Ranges of the slices").click()
    listed = page.locator(".ac-ranges .ac-legend-count").all_text_contents()
    assert len(listed) == len(slices)
    for number, part in enumerate(slices):
        spots = np.sort(data[part["start"] : part["stop"]].astype(int))
        ends = [spots[max(1, int(np.ceil(p * len(spots)))) - 1] for p in (0.05, 0.95)]
        told = [float(text) for text in listed[number].split(" – ")]
        assert told == pytest.approx([lo + end / 254 * (hi - lo) for end in ends], rel=0.01)
        label = page.locator(f".ac-label[data-slice='{number}'] .ac-label-facts").text_content()
        assert label == listed[number]

    # What is taken along says it too, and the Python runs and colours alike.
    python, svg = page.evaluate(EXPORTS)
    assert "each slice on its own scale" in svg
    assert "own 5%" in svg
    assert all(text in svg for text in listed)
    seen: dict[str, Any] = {}
    code = python.replace(f"{http.description['id']}.atlas.zarr", str(tiny_atlas))
    exec(code, seen)
    bar = seen["figure"].axes[-2 if seen["figure"].axes[-1].get_xticks().size == 0 else -1]
    assert [tick.get_text() for tick in bar.get_xticklabels()] == ["own 5%", "own 95%"]
    factor = open_atlas(tiny_atlas).factor(1)
    for part in slices:
        span = slice(part["start"], part["stop"])
        low, high = seen["ranges"][part["name"]]
        shade = np.clip(seen["shade"][span], 0, 1)
        # Values are bytes on the page.
        expected = np.clip((factor[span] - low) / (high - low), 0, 1)
        assert shade == pytest.approx(expected, abs=1e-5)
    plt.close("all")

    page.go_back()
    view.wait("c.applied.scale === ''")
    assert view.pixels(most=view.ask("c.n")) == locked


def test_own_scales_of_a_gene_and_of_one_slice_alone(tab: Any, canvas: Any, http: Any) -> None:
    slices = http.description["slices"]
    gene = http.genes("m")[0]["name"]
    data, _, _ = http.values("gene", gene)
    opened = tab(f"/explore?color=gene:{gene}&scale=slice&clip=0_100&slice={slices[6]['name']}")
    view = canvas(opened)
    pixels = view.pixels(most=view.ask("c.n"))
    own = data[slices[6]["start"] : slices[6]["stop"]]
    some = own[(own > 0) & (own < 255)]
    # 0 and 100% are the least and the greatest value of the slice, zero being apart.
    table = COLOURS["number_palette"](
        np.concatenate([own, np.zeros(1, np.uint8)]), zero_apart=True, clip=(1e-6, 99.999999)
    )
    assert len(some) > 10
    assert not wrong_pixels(pixels, data, [(slice(0, len(data)), table)])
    ends = opened.page.locator(".ac-bounds .ac-bound")
    assert [ends.first.text_content(), ends.last.text_content()] == ["own least", "own greatest"]
    assert opened.page.locator(".ac-ranges .ac-legend-item").count() == 1
    # Several colours and categories have scales of their own kind: there is nothing to choose.
    opened.page.get_by_label("Annotation", exact=True).select_option("domain")
    view.wait_color("obs:domain")
    assert not opened.page.get_by_role("combobox", name="Scale").is_visible()


def test_a_saved_picture_names_ends_and_panels_as_the_page_does(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?color=factor:0")
    canvas(opened)
    _, svg = opened.page.evaluate(EXPORTS)
    texts = [node.text for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    low, _, high = opened.page.locator(".ex-key .ac-bound").all_inner_texts()
    assert low.startswith("≤")
    assert {low, high, "UMAP"} <= set(texts)
