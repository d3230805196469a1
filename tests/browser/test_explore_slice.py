"""Explore: one slice alone on the map, by pointer, keys and list, and the way back."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from training.store import open_atlas

pytestmark = pytest.mark.browser


def label_of(view: Any, slice: int) -> tuple[float, float]:
    box = view.page.locator(f".ac-label[data-slice='{slice}']").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_double_click_shows_one_slice_alone_and_again_all(
    tab: Any, canvas: Any, http: Any, tiny_atlas: Path
) -> None:
    slices = http.description["slices"]
    part = slices[3]
    numbers = [c["name"] for c in http.description["obs"] if c["kind"] == "number"]
    opened = tab("/explore?color=factor:0")
    view = canvas(opened)
    page = opened.page
    every = view.pixels()
    whole = view.ask("c.layout.tiles[3].scale")
    page.mouse.dblclick(*label_of(view, 3))
    view.wait("c.applied.slice === a", part["name"])
    assert view.ask("c.shownSlices()") == [3]
    assert view.ask("c.layout.tiles[0].scale") > 2 * whole
    pixels = view.pixels(most=view.ask("c.n"))
    assert pixels
    assert all(part["start"] <= spot < part["stop"] for spot in pixels)
    assert page.locator(".ac-label:visible").count() == 1
    # Beside it the others' spots step back, and its controls say what is shown.
    background = view.background()
    others = [rgb for spot, rgb in view.pixels("umap", 4000).items() if spot < part["start"]]
    assert others
    assert all(sum(abs(a - b) for a, b in zip(p, background, strict=True)) < 90 for p in others)
    assert page.get_by_role("combobox", name="Slice", exact=True).input_value() == part["name"]
    slider = page.get_by_role("slider", name="Stage")
    assert slider.get_attribute("aria-valuetext") == part["stage"]

    # A link shows the same, and what is taken along is of this slice.
    assert f"slice={part['name']}" in unquote(page.url)
    again = canvas(tab(page.url.removeprefix(opened.site)))
    assert again.pixels(most=view.ask("c.n")) == pixels
    python = page.evaluate(
        """async () => (await import("/assets/explore/python.mjs")).pythonOf(
          document.querySelector(".atlas-explore").atlasCanvas)"""
    )
    places = python.split("places = {\n")[1].split("}")[0].strip().splitlines()
    assert [line.split('"')[1] for line in places] == [part["name"]]
    assert 'color="0.5"' in python
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").click()
    assert part["name"] in saved.value.suggested_filename

    values = open_atlas(tiny_atlas).factor(0)[part["start"] : part["stop"]]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Values (CSV)").click()
    assert part["name"] in saved.value.suggested_filename
    rows = list(csv.DictReader(saved.value.path().open(encoding="utf-8")))
    assert [float(row["factor:0"]) for row in rows] == pytest.approx(values.tolist(), rel=1e-5)
    assert {row["atlas_digest"] for row in rows} == {http.description["digest"]}

    page.get_by_role("button", name="All slices").click()
    view.wait("c.applied.slice === ''")
    assert view.pixels() == every
    assert "slice=" not in page.url
    # Each colour alone has its values as a file; a gene's are listed with those estimated of it.
    link = page.get_by_role("link", name="Values (CSV)")
    for color in ("obs:domain", f"obs:{numbers[0]}", "factor:2"):
        kind, name = color.split(":")
        label = "Factor" if kind == "factor" else "Annotation"
        page.get_by_label(label, exact=True).select_option(name)
        view.wait_color(color)
        assert link.get_attribute("href").endswith(f"/values.csv?of={quote(color)}")
    for _ in range(3):
        page.go_back()
    view.wait_color("factor:0")
    page.go_back()
    view.wait("c.applied.slice === a", part["name"])
    page.go_back()
    view.wait("c.applied.slice === ''")
    page.go_forward()
    view.wait("c.applied.slice === a", part["name"])
    # Beside a slice is nothing to open: it is the way back as well.
    page.mouse.dblclick(*label_of(view, 3))
    view.wait("c.applied.slice === ''")


def test_one_slice_by_keys_and_by_list(tab: Any, canvas: Any, http: Any) -> None:
    slices = http.description["slices"]
    names = [part["name"] for part in slices]
    stage = slices[4]["stage"]
    own = [part["name"] for part in slices if part["stage"] == stage]
    # A name that the atlas does not have counts as not given.
    opened = tab(f"/explore?stage={stage}&slice=nowhere")
    view = canvas(opened)
    page = opened.page
    assert view.ask("c.applied.slice") == ""
    panel = page.locator(".ac-spatial")
    page.mouse.move(5, 5)
    panel.focus()
    panel.press("+")
    view.wait("c.cameras.spatial.k > 1 && c.state.camera !== ''")
    camera = view.ask("c.state.camera")
    panel.press("Enter")
    view.wait("a.includes(c.applied.slice)", own)
    assert not view.ask("c.cameras.spatial.moved")
    first = view.ask("c.applied.slice")
    panel.press("PageDown" if first == own[0] else "PageUp")
    view.wait(f"c.applied.slice !== '{first}'")
    panel.press("Escape")
    view.wait("c.applied.slice === '' && c.applied.stage === a", stage)
    assert view.ask("c.state.camera") == camera
    panel.press("Escape")
    assert view.ask("c.applied.stage") == stage

    # The slice under the pointer is meant before the one in the middle.
    page.mouse.move(*label_of(view, names.index(own[-1])))
    panel.press("Enter")
    view.wait("c.applied.slice === a", own[-1])

    # The list has all slices; one of another stage brings its stage along.
    pick = page.get_by_role("combobox", name="Slice", exact=True)
    assert pick.locator("option").all_text_contents() == [f"All of {stage}", *names]
    pick.select_option(names[0])
    view.wait("c.applied.slice === a", names[0])
    assert view.ask("c.applied.stage") == slices[0]["stage"]
    page.get_by_role("button", name="All", exact=True).click()
    view.wait("c.applied.slice === '' && c.applied.stage === ''")
    pick.select_option(names[2])
    view.wait("c.applied.slice === a && c.applied.stage === ''", names[2])
    # With a lasso two clicks are two clicks.
    pick.select_option("")
    view.wait("c.applied.slice === ''")
    panel.press("l")
    page.mouse.dblclick(*label_of(view, 1))
    page.wait_for_timeout(100)
    assert view.ask("c.applied.slice") == ""


def test_a_box_by_keys_is_told_while_it_rests_and_when_it_ends(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?umap=0")
    view = canvas(opened)
    panel = opened.page.locator(".ac-spatial")
    spoken = opened.page.locator(".ac-box-spoken[role=status]")
    panel.focus()
    panel.press("b")
    spoken.get_by_text("Box: an arrow key brings it.").wait_for(state="attached")
    panel.press("ArrowUp")
    spoken.get_by_text("Enter selects").wait_for(state="attached")
    for key in ("ArrowRight", "ArrowDown"):
        for _ in range(60):
            panel.press(f"Shift+{key}")
    assert view.ask("Boolean(c.unitsPerPixel)")
    spoken.get_by_text(re.compile(r"^Box of .+ by .+, [\d,]+ spots inside\.$")).wait_for(
        state="attached"
    )
    panel.press("Enter")
    view.wait("c.pickedCount > 0")
    assert spoken.text_content() == f"{view.ask('c.pickedCount'):,} spots of the box selected."
    panel.press("ArrowUp")
    panel.press("Escape")
    assert spoken.text_content() == "The box is gone."


def test_the_way_back_is_not_under_what_went_wrong(tab: Any, canvas: Any, http: Any) -> None:
    name = http.description["slices"][3]["name"]
    opened = tab(f"/explore?color=obs:nothing&slice={quote(name)}", width=1024)
    canvas(opened)
    back = opened.page.locator(".ac-back").bounding_box()
    notice = opened.page.locator(".ac-notice").bounding_box()
    opened.forgive("404")
    assert back["y"] + back["height"] <= notice["y"]
