"""Explore: stages, camera, hover, lasso, links; and what happens when things are missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.browser

NO_WEBGL = """
  const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind === "webgl2" ? null : real.call(this, kind, ...rest);
  };
"""

ZOOMED = """(() => {
  const look = () => {
    const at = c.painter.snapshot();
    const seen = [c.map.pixels.reduce((sum, pixel) => (Math.imul(sum, 31) + pixel) | 0, 0)];
    for (let row = 1; row < c.map.height; row += 5) {
      for (let column = 1; column < c.map.width; column += 5) seen.push(at(column, row).join());
    }
    return seen.join(" ");
  };
  const drawn = [];
  const { draw } = c.map;
  c.map.draw = (cloud, ...rest) => {
    drawn.push(cloud === c.scene.coordinates.umap ? "umap" : "spatial");
    draw.call(c.map, cloud, ...rest);
  };
  const before = look();
  c.cameras[a].zoom(1.4, 150, 200);
  c.moved(false, a);
  const part = look();
  c.stir();
  c.draw();
  const whole = look();
  c.map.draw = draw;
  return { drawn, changed: part !== before, same: part === whole };
})()"""


def middle(view: Any, panel: str = "spatial") -> tuple[float, float]:
    box = view.page.locator(f".ac-{panel}").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def on_page(view: Any, spot: int, panel: str = "spatial") -> tuple[float, float]:
    """Where a spot lies in the window."""
    at = view.ask("c.screenOf(a[0], a[1])", [spot, panel])
    box = view.page.locator(".ac-canvas").bounding_box()
    return box["x"] + at["x"], box["y"] + at["y"]


def lasso_slice(view: Any, number: int = 0) -> None:
    """Draw a lasso around the left half of one tile."""
    tile = view.ask("c.layout.tiles[a]", number)
    box = view.page.locator(".ac-canvas").bounding_box()
    left, top = box["x"] + tile["x"] - 6, box["y"] + tile["y"] - 6
    right, bottom = left + tile["width"] / 2 + 6, top + tile["height"] + 12
    mouse = view.page.mouse
    mouse.move(left, top)
    mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        mouse.move(x, y, steps=6)
    mouse.up()


def test_stage_slider(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    slices = http.description["slices"]
    stages = [stage["name"] for stage in http.description["stages"]]
    slider = opened.page.get_by_role("slider", name="Stage")
    slider.focus()
    slider.press("ArrowRight")
    view.wait("c.applied.stage === a", stages[0])
    assert f"stage={stages[0]}" in opened.page.url
    assert slider.get_attribute("aria-valuetext") == stages[0]
    inside = [i for i, part in enumerate(slices) if part["stage"] == stages[0]]
    assert view.ask("c.shownSlices()") == inside
    assert opened.page.locator(".ac-label:visible").count() == len(inside)
    first, last = slices[inside[0]], slices[inside[-1]]
    assert all(first["start"] <= spot < last["stop"] for spot in view.pixels())
    assert view.ask("c.screenOf(a)", slices[-1]["start"]) is None
    # On the UMAP the other stages' spots step back.
    background = view.background()
    pixels = view.pixels("umap", most=4000)
    others = [pixel for spot, pixel in pixels.items() if spot >= last["stop"]]
    assert others
    assert all(sum(abs(a - b) for a, b in zip(p, background, strict=True)) < 90 for p in others)

    slider.press("End")
    view.wait("c.applied.stage === a", stages[-1])
    opened.page.locator(".ex-tick", has_text=stages[1]).click()
    view.wait("c.applied.stage === a", stages[1])
    opened.page.go_back()
    view.wait("c.applied.stage === a", stages[-1])
    assert slider.get_attribute("aria-valuetext") == stages[-1]
    opened.page.get_by_role("button", name="All", exact=True).click()
    view.wait("c.applied.stage === ''")
    assert "stage=" not in opened.page.url


def test_camera_by_pointer_wheel_keys_and_buttons(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    x, y = middle(view)
    spot = 10
    start = view.ask("c.screenOf(a)", spot)

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=5)
    page.mouse.up()
    view.wait("Math.abs(c.cameras.spatial.x - 60) < 1")
    moved = view.ask("c.screenOf(a)", spot)
    assert moved["x"] - start["x"] == pytest.approx(60, abs=1)
    assert moved["y"] - start["y"] == pytest.approx(30, abs=1)
    opened.until("() => location.search.includes('at=')")

    page.mouse.wheel(0, -300)
    view.wait("c.cameras.spatial.k > 1.2")
    page.get_by_role("button", name="Zoom in").click()
    view.wait("c.cameras.spatial.k > 1.8")
    page.get_by_role("button", name="Zoom out").click()
    view.wait("c.cameras.spatial.k < 1.8")
    zoomed = view.pixels()
    opened.until("() => location.search.includes('at=')")

    # The same link shows the same pixels.
    again = canvas(tab(opened.resting_address().removeprefix(opened.site)))
    assert again.pixels() == zoomed

    panel = page.locator(".ac-spatial")
    panel.focus()
    before = view.ask("c.cameras.spatial.x")
    panel.press("ArrowLeft")
    view.wait("c.cameras.spatial.x === a + 48", before)
    zoom = view.ask("c.cameras.spatial.k")
    panel.press("+")
    view.wait("c.cameras.spatial.k > a", zoom)
    panel.press("-")
    view.wait("Math.abs(c.cameras.spatial.k - a) < 1e-6", zoom)
    panel.press("0")
    view.wait("!c.cameras.spatial.moved")
    opened.until("() => !location.search.includes('at=')")
    umap = page.locator(".ac-umap")
    umap.focus()
    umap.press("+")
    view.wait("c.cameras.umap.k > 1")
    page.get_by_role("button", name="Show all", exact=True).last.click()
    view.wait("!c.cameras.umap.moved")


def test_spot_size_and_umap_switch(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    inked = "c.map.pixels.reduce((sum, p) => sum + (p ? 1 : 0), 0)"
    before = view.ask(inked)
    size = opened.page.get_by_label("Spot size")
    size.focus()
    size.press("ArrowRight")
    size.press("ArrowRight")
    view.wait("c.applied.size === 1.2")
    assert view.ask(inked) > before
    assert "size=1.2" in opened.page.url

    width = view.ask("c.frame.panels.spatial.rect.width")
    opened.page.get_by_label("UMAP", exact=True).uncheck()
    view.wait("!c.applied.umap")
    assert view.ask("c.frame.panels.spatial.rect.width") > width
    assert not opened.page.locator(".ac-umap").is_visible()
    assert "umap=0" in opened.page.url
    opened.page.go_back()
    view.wait("c.applied.umap")
    assert opened.page.locator(".ac-umap").is_visible()


def test_hover_says_what_a_spot_is(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=factor:0")
    view = canvas(opened)
    data, low, high = http.values("factor", "0")
    domains, _, _ = http.values("obs", "domain")
    spot = next(iter(view.pixels()))
    part = next(s for s in http.description["slices"] if s["start"] <= spot < s["stop"])
    opened.page.mouse.move(*on_page(view, spot))
    card = opened.page.locator(".ac-card")
    card.wait_for()
    told = json.loads(http._get(f"{http.base}/spots/factors?start={spot}&stop={spot + 1}")[0])
    leading = [
        f"{int(100 * share + 0.5)}% Factor {factor}"
        for factor, share in zip(told["factors"][0], told["shares"][0], strict=True)
        if share >= 0.05
    ]
    opened.until("n => document.querySelectorAll('.ac-card dd').length === n", 4 + len(leading))
    assert leading
    assert card.locator("dd").all_text_contents()[4:] == leading
    name = http.spot_names(spot, spot + 1)[0]
    opened.until("n => document.querySelector('.ac-card-title').textContent === n", name)
    rows = dict(
        zip(
            card.locator("dt").all_text_contents(),
            card.locator("dd").all_text_contents(),
            strict=True,
        )
    )
    value = low + int(data[spot]) / 254 * (high - low)
    assert rows["Slice"] == part["name"]
    assert rows["Stage"] == part["stage"]
    assert rows["domain"] == http.column("domain")["categories"][domains[spot]]
    number, unit = rows["Factor 0"].split(" ", 1)
    assert float(number) == pytest.approx(value, rel=0.01, abs=1e-9)
    assert unit == "proportion"
    assert opened.page.locator(".ac-ring").is_visible()
    opened.page.mouse.move(5, 5)
    card.wait_for(state="hidden")


def test_lasso_on_tissue_is_linked(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    page = opened.page
    plain = view.pixels("umap")
    page.get_by_role("button", name="Lasso").click()
    lasso_slice(view)
    view.wait("c.pickedCount > 0")
    picked = view.ask("c.pickedPerSlice")
    part = http.description["slices"][0]
    size = part["stop"] - part["start"]
    assert 0.2 * size < picked[0] < 0.8 * size
    assert sum(picked[1:]) == 0
    assert page.locator(".ex-total").text_content() == f"{picked[0]:,} spots"
    assert f"{picked[0]:,} of {size:,}" in page.locator(".ac-label[data-slice='0']").text_content()

    # In the UMAP the picked keep their colour, the others fade.
    flags = view.ask("Array.from(c.picked)")
    after = view.pixels("umap")
    kept = [spot for spot in after if flags[spot]]
    faded = [spot for spot in after if not flags[spot] and spot in plain]
    assert kept
    assert all(after[spot] != plain[spot] for spot in faded)
    assert all(after[spot] == plain[spot] for spot in kept if spot in plain)

    # The composition adds up, by every division.
    domains, _, _ = http.values("obs", "domain")
    table = page.locator(".ex-table")
    for by in ("domain", "stage", "slice"):
        page.locator(f".ex-tab[data-by='{by}']").click()
        opened.until("a => document.querySelector('.ex-table caption').textContent.endsWith(a)", by)
        counts = [
            int(text.replace(",", ""))
            for text in table.locator("td:nth-child(3)").all_text_contents()
        ]
        assert sum(counts) == picked[0]
    page.locator(".ex-tab[data-by='domain']").click()
    table.locator("th .ac-swatch").first.wait_for()
    name = table.locator("tbody th").first.text_content()
    code = http.column("domain")["categories"].index(name)
    expected = sum(1 for spot, flag in enumerate(flags) if flag and domains[spot] == code)
    assert table.locator("td:nth-child(3)").first.text_content() == f"{expected:,}"

    # Dash is told the outline, the link holds it, and the link gives the same spots.
    stored = "() => window.dash_component_api.getLayout('explore-selection').props.data"
    told = opened.until(stored)
    assert told["count"] == picked[0]
    assert told["spots"] == {part["name"]: picked[0]}
    assert told["outline"] in page.url
    assert len(page.url) < 2000
    again = canvas(tab(page.url.removeprefix(opened.site)))
    again.wait("c.pickedCount > 0")
    assert again.ask("c.pickedPerSlice") == picked

    page.get_by_role("button", name="Clear").click()
    view.wait("c.pickedCount === 0 && !c.selecting")
    assert "sel=" not in page.url
    assert opened.page.evaluate(stored) is None
    page.go_back()
    view.wait("c.pickedCount === a", picked[0])
    page.locator(".ac-spatial").focus()
    page.locator(".ac-spatial").press("Escape")
    view.wait("!c.selecting")


def test_lasso_over_several_tiles_and_on_the_umap(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    box = page.locator(".ac-spatial").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    right, bottom = box["x"] + box["width"] - 60, box["y"] + box["height"] - 4
    for x, y in ((right, box["y"] + 4), (right, bottom), (box["x"] + 4, bottom)):
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    view.wait("c.pickedCount > 0")
    assert sum(n > 0 for n in view.ask("c.pickedPerSlice")) > 2
    assert view.ask("c.pickedCount") > 0.7 * view.ask("c.n")
    selection = view.ask("c.state.selection")
    assert len(selection) == 1
    assert len(selection[0]["points"]) <= 40

    page.locator(".ac-umap").focus()
    page.locator(".ac-umap").press("l")
    x, y = on_page(view, view.ask("c.scene.shuffled[0]"), "umap")
    page.mouse.move(x - 30, y - 30)
    page.mouse.down()
    for dx, dy in ((30, -30), (30, 30), (-30, 30)):
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
    view.wait("c.state.selection && c.state.selection[0].view === 'umap'")
    inside = view.ask("c.pickedCount")
    assert 0 < inside < view.ask("c.n")
    pixels = view.pixels("spatial", most=4000)
    flags = view.ask("Array.from(c.picked)")
    background = view.background()
    strength = {
        flag: [
            sum(abs(a - b) for a, b in zip(pixel, background, strict=True))
            for spot, pixel in pixels.items()
            if flags[spot] == flag
        ]
        for flag in (0, 1)
    }
    assert min(strength[1], default=0) > max(strength[0], default=0) * 0.9
    # A click is no lasso: it lets go of the selection.
    page.mouse.click(*middle(view))
    view.wait("!c.selecting")


def test_links_and_history(tab: Any, canvas: Any, http: Any) -> None:
    gene = http.genes("m")[0]["name"]
    stage = http.description["stages"][1]["name"]
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    page.get_by_label("Factor", exact=True).select_option("1")
    view.wait_color("factor:1")
    page.get_by_role("combobox", name="Gene").fill(gene)
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    page.get_by_role("combobox", name="Gene").press("Enter")
    view.wait_color(f"gene:{gene}")
    page.locator(".ex-tick", has_text=stage).click()
    view.wait("c.applied.stage === a", stage)
    last = view.pixels()

    fresh = canvas(tab(page.url.removeprefix(opened.site)))
    assert fresh.pixels() == last
    assert fresh.page.get_by_role("combobox", name="Gene").input_value() == gene

    page.go_back()
    view.wait("c.applied.stage === ''")
    page.go_back()
    view.wait_color("factor:1")
    assert page.get_by_label("Factor", exact=True).input_value() == "1"
    page.go_back()
    view.wait_color("obs:domain")
    assert page.url.endswith("/explore")
    page.go_forward()
    view.wait_color("factor:1")

    # Away to another page and back: the view is as the address says.
    page.get_by_role("link", name="About").click()
    page.locator(".atlas-explore").wait_for(state="detached")
    page.go_back()
    back = canvas(opened)
    back.wait_color("factor:1")
    assert page.evaluate("document.querySelectorAll('canvas.ac-canvas').length") == 1


def test_nothing_is_drawn_while_nothing_changes(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    # Fonts and sizes that come late may draw once more, but not for ever.
    for _ in range(20):
        draws = view.ask("c.stats().draws")
        opened.page.wait_for_timeout(700)
        if view.ask("c.stats().draws") == draws:
            return
    pytest.fail("it is drawn again and again")


def test_resize_lays_out_again(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    opened.page.set_viewport_size({"width": 390, "height": 844})
    view.wait("c.frame.root.classList.contains('is-stacked') && c.stats().pixels[0] < 400")
    assert view.pixels()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_sharp_on_dense_screens(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?color=factor:1", device_scale_factor=2)
    view = canvas(opened)
    width = opened.page.locator(".ac-canvas").bounding_box()["width"]
    assert view.ask("c.stats().pixels[0]") == pytest.approx(2 * width, abs=2)
    assert len(view.pixels()) > 100


def test_png(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=factor:1")
    canvas(opened)
    with opened.page.expect_download() as waiting:
        opened.page.get_by_role("button", name="Save as PNG").click()
    download = waiting.value
    digest = http.description["digest"][:8]
    assert download.suggested_filename.endswith(f"factor-1-{digest}.png")
    with open(download.path(), "rb") as file:  # noqa: PTH123
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(head[16:20], "big") > 600


def test_lost_context_comes_back(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?color=factor:1")
    view = canvas(opened)
    before = view.pixels()
    view.ask("(window.lose = c.painter.gl.getExtension('WEBGL_lose_context')).loseContext()")
    view.wait("c.painter.lost")
    opened.page.wait_for_timeout(100)
    opened.page.evaluate("window.lose.restoreContext()")
    view.wait("!c.painter.lost")
    assert view.pixels() == before


def test_without_webgl_says_so_and_draws_the_same(tab: Any, canvas: Any) -> None:
    address = "/explore?color=factor:1"
    opened = tab(address, script=NO_WEBGL)
    flat = canvas(opened)
    told = opened.page.get_by_text("This browser offers no WebGL2")
    told.wait_for()
    assert "without WebGL2" in flat.ask("c.stats().renderer")
    with_webgl = canvas(tab(address))
    assert with_webgl.ask("c.stats().renderer") != flat.ask("c.stats().renderer")
    for panel in ("spatial", "umap"):
        assert flat.pixels(panel) == with_webgl.pixels(panel)
    # While one panel moves the other is not drawn, and all looks as if everything had been.
    for view in (flat, with_webgl):
        for panel in ("spatial", "umap"):
            found = view.ask(ZOOMED, panel)
            assert found == {"drawn": [panel, "spatial", "umap"], "changed": True, "same": True}

    choice = opened.page.get_by_label("Factor", exact=True)
    choice.select_option("2")
    flat.wait_color("factor:2")
    assert told.is_visible()
    opened.page.get_by_role("button", name="Dismiss").click()
    assert not told.is_visible()
    choice.select_option("1")
    flat.wait_color("factor:1")
    assert not told.is_visible()


def test_an_embedded_canvas_follows_its_attributes(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/about")
    opened.page.locator("h1").first.wait_for()
    base = f"/api/v1/atlases/{http.description['id']}"
    opened.page.evaluate(
        """base => {
          const host = document.createElement("div");
          host.className = "atlas-canvas";
          Object.assign(host.dataset, { base, color: "factor:0" });
          document.querySelector("main").append(host);
        }""",
        base,
    )
    view = canvas(opened, ".atlas-canvas")
    assert opened.page.locator(".atlas-canvas .ac-key-title").text_content() == "Factor 0"
    before = view.pixels()
    opened.page.evaluate("document.querySelector('.atlas-canvas').dataset.color = 'factor:1'")
    view.wait_color("factor:1")
    assert view.pixels() != before
    stage = http.description["stages"][0]["name"]
    opened.page.evaluate("s => document.querySelector('.atlas-canvas').dataset.stage = s", stage)
    view.wait("c.applied.stage === a", stage)
    opened.page.evaluate("window.old = document.querySelector('.atlas-canvas').atlasCanvas")
    opened.page.evaluate("document.querySelector('.atlas-canvas').remove()")
    opened.until("() => window.old.closed")
