"""Explore: slices as the alignment turned them, with the residual, and what is drawn on them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import matplotlib
import numpy as np
import pytest

from training.store import open_atlas

matplotlib.use("Agg")
import matplotlib.pyplot as plt

pytestmark = pytest.mark.browser
PYTHON = """async () => (await import("/assets/explore/python.mjs")).pythonOf(
  document.querySelector(".atlas-explore").atlasCanvas)"""


def places(view: Any) -> np.ndarray:
    """Where every spot is drawn, CSS pixels (n, 2), once the map fills its panel."""
    view.wait("c.frame.size[0] === c.frame.root.clientWidth")
    view.wait("c.frame.size[1] === c.frame.root.clientHeight")
    found = view.ask(
        "[...Array(c.n).keys()].map(i => (p => [p.x, p.y])(c.screenOf(i)))",
    )
    return np.array(found)


def test_slices_as_they_were_aligned(tab: Any, canvas: Any, http: Any, tiny_atlas: Path) -> None:
    atlas = open_atlas(tiny_atlas)
    assert atlas.aligned is not None
    opened = tab("/explore?umap=0")
    view = canvas(opened)
    page = opened.page
    given = places(view)
    page.get_by_label("Aligned").check()
    view.wait("c.applied.aligned && c.scene.aligned")
    assert "aligned=1" in page.url
    # The note takes some of the map's height.
    note = page.locator(".ex-orientation")
    note.wait_for()
    shown = places(view)
    tiles = view.ask("c.layout.tiles")
    for part, tile in zip(atlas.slices, tiles, strict=True):
        own = slice(part.start, part.stop)
        plane = np.asarray(atlas.aligned[own, :2])
        drawn = (shown[own] - shown[own].mean(0)) / tile["scale"]
        assert drawn == pytest.approx(plane - plane.mean(0), abs=0.2)
    residuals = [record["residual"] for record in atlas.card["alignment"]]
    told = float(re.search(r"still lie ([\d.]+) units apart", note.text_content()).group(1))
    assert told == pytest.approx(np.median(residuals), rel=0.01)

    # The Python puts the spots at the same places.
    seen: dict[str, Any] = {}
    code = page.evaluate(PYTHON).replace(f"{http.description['id']}.atlas.zarr", str(tiny_atlas))
    exec(code, seen)
    plt.close("all")
    assert np.c_[seen["x"], seen["y"]] == pytest.approx(shown, abs=0.1)

    # The same link opens the same; one slice alone tells its own residual; Back undoes both.
    other = tab(page.url.removeprefix(opened.site))
    again = canvas(other)
    other.page.locator(".ex-orientation").wait_for()
    assert places(again) == pytest.approx(shown)
    page.get_by_role("combobox", name="Slice", exact=True).select_option(atlas.slices[0].name)
    view.wait("c.applied.slice !== ''")
    opened.until(
        "t => document.querySelector('.ex-orientation').textContent.includes(t)",
        f"still lie {residuals[0]:.3g} units apart",
    )
    page.go_back()
    page.go_back()
    view.wait("!c.applied.aligned && !c.scene.aligned")
    assert not note.is_visible()
    assert places(view) == pytest.approx(given)


def test_slices_are_turned_beside_a_colour_that_cannot_be_had(tab: Any, canvas: Any) -> None:
    turned = canvas(tab("/explore?aligned=1&umap=0"))
    turned.page.locator(".ex-orientation").wait_for()
    opened = tab("/explore?umap=0")
    view = canvas(opened)
    view.ask("void c.set({ aligned: true, color: 'gene:NOPE' })")
    view.wait("c.applied.aligned && c.scene.aligned")
    opened.page.locator(".ac-notice").get_by_text("NOPE").wait_for()
    opened.page.locator(".ex-orientation").wait_for()
    assert places(view) == pytest.approx(places(turned))
    opened.forgive("404")


def test_a_selection_is_of_the_same_spots_either_way(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?aligned=1&umap=0")
    view = canvas(opened)
    page = opened.page
    # The left halves of two tiles that lie one above the other, each turned in its own way.
    tiles = view.ask("c.layout.tiles")
    first = tiles[0]
    second = next(t for t in tiles if t["y"] > first["y"] + 5 and t["x"] < first["x"] + 60)
    edge = first["x"] + first["width"] / 2
    corners = [first["x"] - 30, first["y"] - 2, edge, second["y"] + second["height"] + 2]
    page.get_by_role("button", name="Box", exact=True).click()
    box = page.locator(".ac-canvas").bounding_box()
    page.mouse.move(box["x"] + corners[0], box["y"] + corners[1])
    page.mouse.down()
    page.mouse.move(box["x"] + corners[2], box["y"] + corners[3], steps=5)
    page.mouse.up()
    view.wait("c.pickedCount > 0")
    flags = np.array(view.ask("Array.from(c.picked)"), dtype=bool)
    shown = places(view)
    inside = (shown >= corners[:2]).all(1) & (shown <= corners[2:]).all(1)
    slices = http.description["slices"]
    hit = [p["name"] for p in slices if inside[p["start"] : p["stop"]].any()]
    assert len(hit) > 1
    # Corners are kept to 1 in 2,000 of an outline, so that a spot on its edge may fall outside.
    assert (flags != inside).sum() <= 1
    assert 10 < inside.sum() < view.ask("c.n")
    page.mouse.move(5, 5)

    # The outlines are drawn where they were, and the server knows the same spots.
    sel = parse_qs(urlsplit(page.url).query)["sel"][0]
    address = f"{http.base}/selection/composition?sel={quote(sel)}"
    told = json.loads(http._get(address)[0])
    assert told["spots_a"] == flags.sum()
    d = page.locator(".ac-spatial .ac-outline-add").get_attribute("d")
    drawn = np.array(re.findall(r"[-\d.]+", d), dtype=float).reshape(-1, 2)
    assert drawn.min(0) == pytest.approx(corners[:2], abs=3)
    assert drawn.max(0) == pytest.approx(corners[2:], abs=3)
    page.get_by_label("Aligned").uncheck()
    view.wait("!c.applied.aligned")
    assert view.ask("Array.from(c.picked)") == flags.tolist()


def test_turns_are_found_and_undone(tab: Any) -> None:
    page = tab("/health").page
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1000, (40, 2))
    script = """async ([from, to]) => {
      const { turnOf, turned, inverseOf } = await import("/assets/canvas/selecting/turns.mjs");
      const turn = turnOf(Float32Array.from(from.flat()), Float32Array.from(to.flat()), [0, 40]);
      return [turned(turn, from), turned(inverseOf(turn), to)];
    }"""
    for angle, scale, mirror in ((0.7, 1.0, 1), (-2.5, 0.4, -1), (3.1, 2.0, -1), (0.0, 1.0, 1)):
        c, s = np.cos(angle), np.sin(angle)
        turn = scale * np.array([[c, -s], [s, c]]) @ np.diag([1, mirror])
        moved = points @ turn.T + [300, -70]
        there, back = page.evaluate(script, [points.tolist(), moved.tolist()])
        assert np.array(there) == pytest.approx(moved, abs=0.01)
        assert np.array(back) == pytest.approx(points, abs=0.01)
