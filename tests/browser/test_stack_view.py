"""The 3D page: turning, cutting, hiding sections, links; and what happens when all is not well."""

from __future__ import annotations

import base64
import io
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from atlas_app.drawing import colors
from training.store import Atlas, open_atlas

pytestmark = pytest.mark.browser
site = runpy.run_path(str(Path(__file__).with_name("page_site.py")))["site_of_atlas"]

HERE = Path(__file__).parent
SMALL = runpy.run_path(str(HERE.parent / "atlas_app" / "small_atlas.py"))
SVG = "{http://www.w3.org/2000/svg}"
DEPTHS = [40.0, 10.0, 20.0, 0.0, 30.0, 0.0]
NO_WEBGL = """
  const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind === "webgl2" ? null : real.call(this, kind, ...rest);
  };
"""


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Three sections at E9 (a2, a3, a1 by depth) and two at E10."""
    path = tmp_path_factory.mktemp("stacks") / "x.atlas.zarr"
    donors = ["one"] * 3 + ["two"] * 3
    return open_atlas(SMALL["write_stacks"](path, depths=DEPTHS, donors=donors, z_column="z_um"))


def middle(view: Any) -> tuple[float, float]:
    box = view.page.locator(".st-panel").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def shown(view: Any) -> set[int]:
    return set(view.ask("[...c.sections.shown.keys()].filter(i => c.sections.shown[i])"))


def test_sections_are_drawn_in_the_colours_of_explore(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab("/stack?color=obs:domain")
    view = canvas(opened)
    assert opened.page.get_by_role("link", name="3D").get_attribute("aria-current") == "page"
    pixels = view.pixels()
    assert len(pixels) > 60
    codes = atlas.values("obs", "domain").data
    given = atlas.obs_columns["domain"].colors or ()
    palette = [tuple(int(v) for v in colors.rgb(color)) for color in given]
    assert all(pixel == palette[codes[spot]] for spot, pixel in pixels.items())
    assert set(pixels) <= set(range(180))
    gene = "/stack?color=gene:MYH7&clip=5_90&map=magma&turn=0_0"
    flat = canvas(tab(gene)).pixels()
    explore = canvas(tab("/explore?color=gene:MYH7&clip=5_90&map=magma")).pixels(most=4000)
    both = set(flat) & set(explore)
    assert len(both) > 40
    assert all(flat[spot] == explore[spot] for spot in both)


def test_turning_by_pointer_keys_and_buttons_is_in_the_link(tab: Any, canvas: Any) -> None:
    opened = tab("/stack")
    view = canvas(opened)
    page = opened.page
    x, y = middle(view)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y - 50, steps=5)
    page.mouse.up()
    view.wait("c.camera.yaw === -68 && c.camera.pitch === 82")
    opened.until("() => location.search.includes('turn=-68_82')")
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(x + 140, y - 40, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    view.wait("c.camera.x === 40 && c.camera.y === 10 && c.camera.yaw === -68")
    page.mouse.wheel(0, -200)
    view.wait("c.camera.k > 1.2")
    opened.until("() => location.search.includes('at=')")
    again = canvas(tab(opened.resting_address().removeprefix(opened.site)))
    assert again.pixels() == view.pixels()

    panel = page.locator(".st-panel")
    panel.focus()
    panel.press("ArrowRight")
    view.wait("Math.abs(c.camera.yaw + 77.6) < 1e-6")
    panel.press("Shift+ArrowUp")
    view.wait("c.camera.yaw < -77 && c.camera.y < 10")
    for _ in range(30):
        panel.press("ArrowUp")
    view.wait("c.camera.pitch === 180")
    panel.press("0")
    view.wait("c.camera.pitch === 62 && c.camera.k === 1")
    opened.until("() => !/turn=|at=/.test(location.search)")
    page.get_by_role("button", name="Look from the side").click()
    view.wait("c.camera.pitch === 90 && c.camera.yaw === 0")
    page.get_by_role("button", name="Zoom in").click()
    view.wait("c.camera.k === 1.4")
    page.get_by_role("button", name="Show all", exact=True).last.click()
    view.wait("c.camera.k === 1 && c.camera.pitch === 62")


def test_two_fingers_move_and_zoom(tab: Any, canvas: Any) -> None:
    opened = tab("/stack")
    view = canvas(opened)
    script = """([x, y]) => {
      const panel = document.querySelector(".st-panel");
      panel.setPointerCapture = () => {};
      const send = (type, id, dx, dy) => panel.dispatchEvent(new PointerEvent(type, {
        pointerId: id, pointerType: "touch", button: 0, clientX: x + dx, clientY: y + dy,
        bubbles: true,
      }));
      send("pointerdown", 1, -40, 0);
      send("pointerdown", 2, 40, 0);
      send("pointermove", 1, -80, 0);
      send("pointermove", 2, 80, 0);
      send("pointerup", 1, -80, 0);
      send("pointerup", 2, 80, 0);
    }"""
    opened.page.evaluate(script, list(middle(view)))
    view.wait("Math.abs(c.camera.k - 2) < 0.01 && c.camera.yaw === -28")
    view.wait("Math.abs(c.camera.x) < 1")


def test_sections_are_hidden_by_keyboard(tab: Any, canvas: Any) -> None:
    opened = tab("/stack")
    view = canvas(opened)
    page = opened.page
    table = page.get_by_role("table", name="Sections of E9 one")
    rows = [row.split("\t") for row in table.inner_text().splitlines() if "\t" in row]
    assert rows[0] == ["Section", "Spots", "Depth", "Residual"]
    assert "10 µm" in table.inner_text()
    text = table.inner_text()
    assert text.index("a2") < text.index("a3") < text.index("a1")
    assert "turned over" in text
    assert "own frame" in text
    assert "4.5 µm" in text
    box = page.get_by_role("checkbox", name="a3")
    box.focus()
    box.press("Space")
    view.wait("c.applied.off.has(2)")
    assert shown(view) == set(range(120))
    assert "off=2" in page.url
    assert all(spot < 120 for spot in view.pixels())
    page.get_by_role("button", name="None", exact=True).click()
    view.wait("c.applied.off.size === 3")
    assert view.pixels() == {}
    page.go_back()
    view.wait("c.applied.off.size === 1")
    page.get_by_role("button", name="All", exact=True).click()
    view.wait("c.applied.off.size === 0")
    assert "off=" not in page.url
    page.get_by_text("What is the residual?").click()
    assert page.get_by_text("neighbouring sections still lie apart").is_visible()


def test_a_cut_leaves_what_lies_within(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab("/stack")
    view = canvas(opened)
    page = opened.page
    plane = np.asarray(atlas.aligned)[:180]
    page.get_by_label("Cut", exact=True).select_option("x")
    view.wait("c.applied.axis === 'x'")
    left = plane[np.r_[0:60, 60:120], 0]
    half = (left.min() + left.max()) / 2
    kept = set(np.flatnonzero(plane[:, 0] <= half + 1e-3).tolist())
    assert abs(len(shown(view) ^ kept)) <= 1
    assert "cut=x_0_50" in page.url
    assert view.ask("c.key.categories.reduce((sum, each) => sum + each.count, 0)") == len(
        shown(view)
    )
    above = page.get_by_label("Cut away above")
    above.focus()
    above.press("Home")
    view.wait("c.applied.cut[1] === 0")
    below = page.get_by_label("Cut away below")
    below.focus()
    below.press("End")
    view.wait("c.applied.cut[0] === 100 && c.applied.cut[1] === 100")
    page.get_by_label("Cut", exact=True).select_option("z")
    view.wait("c.applied.axis === 'z'")
    # Depths 10, 20 and 40: the upper half are those of a2 and a3.
    assert shown(view) == set(range(60, 180))
    assert "10 – 25 µm" in page.locator(".st-controls").inner_text()
    page.get_by_label("Cut", exact=True).select_option("")
    view.wait("c.applied.axis === ''")
    assert len(shown(view)) == 180
    assert "cut=" not in page.url


def test_the_gap_is_told_against_the_true_one(tab: Any, canvas: Any) -> None:
    opened = tab("/stack?turn=0_90")
    view = canvas(opened)
    heights = view.ask("c.heights()")
    assert heights == pytest.approx([0, heights[2] / 3, heights[2]])
    opened.page.get_by_role("button", name="True", exact=True).click()
    view.wait("Math.abs(c.heights()[2] - 30) < 0.01")
    assert "× 1 of true" in opened.page.locator(".st-controls").inner_text()
    assert view.ask("c.state.gap") < 1
    gap = opened.page.get_by_label("Section gap")
    gap.focus()
    gap.press("ArrowRight")
    view.wait("c.heights()[2] > 31")
    opened.until("() => location.search.includes('gap=')")
    # A spot's diameter and the scale bar are in the unit of the plane.
    bar = view.ask("c.projection().scale")
    wide = opened.page.locator(".ac-scalebar > i").bounding_box()["width"]
    length = float(opened.page.locator(".ac-scalebar > span").inner_text().split()[0])
    assert wide == pytest.approx(length * bar, abs=1)


def test_hover_tells_spot_section_depth_and_value(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab("/stack?color=gene:MYH7&turn=0_0&lens=deep")
    view = canvas(opened)
    spot = next(iter(view.pixels()))
    at = view.ask("c.screenOf(a)", spot)
    box = opened.page.locator(".st-panel").bounding_box()
    opened.page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    opened.page.wait_for_selector(".ac-card:not([hidden])")
    opened.until("() => /s\\d+/.test(document.querySelector('.ac-card-title').textContent)")
    text = opened.page.locator(".ac-card").inner_text()
    part = next(each for each in atlas.slices if each.start <= spot < each.stop)
    assert f"s{spot - part.start}" in text
    assert part.name in text
    assert f"{DEPTHS[atlas.slices.index(part)]:g} µm" in text
    assert "MYH7" in text
    opened.page.mouse.move(box["x"] + 3, box["y"] + 3)
    opened.page.wait_for_selector(".ac-card", state="hidden")


def test_another_specimen_colour_and_back(tab: Any, canvas: Any) -> None:
    opened = tab("/stack")
    view = canvas(opened)
    page = opened.page
    page.get_by_label("Specimen").select_option("E10 two")
    view.wait("c.applied.stack === 'E10 two'")
    assert shown(view) == set(range(180, 300))
    page.get_by_label("Factor", exact=True).select_option("1")
    view.wait_color("factor:1")
    assert "color=factor:1" in page.url
    page.go_back()
    view.wait_color("obs:domain")
    page.go_back()
    view.wait("c.applied.stack === ''")
    assert shown(view) == set(range(180))


def test_picture_and_link(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab("/stack")
    view = canvas(opened)
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save as PNG").click()
    name = download.value.suggested_filename
    assert name == f"x-obs-domain-{atlas.digest[:8]}.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    opened.page.get_by_role("button", name="Copy link").click()
    opened.until("() => /link/i.test(document.querySelector('.ac-status').textContent)")
    assert view.ask("c.closed") is False


def test_the_svg_has_what_is_seen(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab("/stack?color=obs:domain&off=0&cut=x_0_60&turn=30_70")
    view = canvas(opened)
    before = view.pixels()
    # What the page says while it draws has been on the screen for a frame.
    opened.page.evaluate("""() => {
      window.told = [];
      const status = document.querySelector(".ac-status");
      const frame = () => { window.told.push(status.textContent); requestAnimationFrame(frame); };
      requestAnimationFrame(frame);
    }""")
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save as SVG").click()
    assert "Drawing the SVG" in opened.page.evaluate("window.told")
    opened.until("() => /one picture/.test(document.querySelector('.ac-status').textContent)")
    assert download.value.suggested_filename == f"x-obs-domain-{atlas.digest[:8]}.svg"
    drawing = ElementTree.fromstring(Path(download.value.path()).read_text(encoding="utf-8"))
    texts = [node.text or "" for node in drawing.iter(f"{SVG}text")]
    for word in ("depth", "µm", "a2", "a3", "domain", "heart", atlas.digest[:12]):
        assert any(word in text for text in texts), word
    # Sections that are hidden are not named.
    assert not any(text.startswith("a1 ") for text in texts)
    # The box and the axes are lines, the spots one picture, finer than the screen.
    assert len([node for node in drawing.iter(f"{SVG}path") if node.get("d")]) == 2
    (image,) = drawing.iter(f"{SVG}image")
    address = image.get("href") or ""
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
    assert picture.width == 3 * float(image.get("width") or 0)
    middles = view.ask("a.map((i) => c.screenOf(i)).map(({ x, y }) => [x, y])", list(before))
    assert len(middles) > 20
    same = [
        picture.getpixel((int(3 * x), int(3 * y))) == color
        for color, (x, y) in zip(before.values(), middles, strict=True)
    ]
    # Where spots touch, the finer picture may have the other one's edge.
    assert np.mean(same) > 0.95
    # The view itself is as it was; a spot that is all but covered may count once and not again.
    after = view.pixels()
    both = before.keys() & after.keys()
    assert len(before.keys() ^ after.keys()) <= 2
    assert {spot: before[spot] for spot in both} == {spot: after[spot] for spot in both}
    assert view.ask("c.map.ratio") == 1


def test_values_and_python_of_what_is_seen(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab("/stack?color=gene:MYH7&off=0&cut=x_0_60&hide=0&turn=30_70")
    view = canvas(opened)
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save values as CSV").click()
    assert download.value.suggested_filename == f"x-stack-gene-MYH7-{atlas.digest[:8]}.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    table = pd.read_csv(io.StringIO(text))
    assert list(table) == ["section", "spot", "x", "y", "depth", "MYH7", "atlas_digest"]
    assert set(table["atlas_digest"]) == {atlas.digest}
    exact = atlas.gene("MYH7")
    rows = [spot for spot in sorted(shown(view)) if exact[spot] > 0]
    assert set(table["section"]) == {"a2", "a3"}
    assert len(table) == len(rows)
    places = np.asarray(atlas.aligned)[rows]
    found = table.sort_values("depth", kind="stable")
    np.testing.assert_allclose(found[["x", "y", "depth"]], places, rtol=1e-5)
    np.testing.assert_allclose(found["MYH7"], exact[rows], atol=exact.max() / 250)

    script = """async () => (await import("/assets/stack/takeaway.mjs")).pythonOf(
      document.querySelector(".atlas-explore").atlasCanvas)"""
    code = opened.page.evaluate(script)
    assert atlas.digest[:12] in code
    seen: dict[str, Any] = {}
    matplotlib.use("Agg")
    exec(code.replace("x.atlas.zarr", str(atlas.path)), seen)
    assert set(seen["rows"].tolist()) == shown(view)
    # The axes of matplotlib look where the view looks: right of the screen is the same direction.
    axes = seen["axes"]
    assert axes.elev == pytest.approx(20)
    assert axes.azim == pytest.approx(-60)


def test_without_webgl_the_same_pixels_come_slower(tab: Any, canvas: Any) -> None:
    with_it = canvas(tab("/stack")).pixels()
    opened = tab("/stack", script=NO_WEBGL)
    view = canvas(opened)
    assert "no WebGL2" in opened.page.get_by_role("alert").first.inner_text()
    without = view.pixels()
    assert without.keys() == with_it.keys()
    gap = max(
        abs(a - b) for spot in with_it for a, b in zip(with_it[spot], without[spot], strict=True)
    )
    assert gap <= 1


def test_faults_say_what_and_offer_a_way_on(tab: Any, canvas: Any) -> None:
    opened = tab()
    opened.page.route(
        "**/coordinates/stack*", lambda route: route.fulfill(status=500, body="broken")
    )
    opened.open("/stack")
    text = opened.page.locator(".is-failed .ac-empty").inner_text()
    assert "could not be loaded" in text
    assert "500: broken" in text
    opened.page.unroute("**/coordinates/stack*")
    opened.page.get_by_role("button", name="Retry").press("Enter")
    opened.page.wait_for_selector(".st-table")
    opened.forgive("500")

    opened = tab("/stack?color=gene:NOPE&stack=E99")
    view = canvas(opened)
    view.wait_color("obs:domain")
    assert view.ask("c.sections.stack.name") == "E9 one"
    notice = opened.page.locator(".ac-notice")
    assert "There is no specimen E99 here" in notice.text_content()
    assert "NOPE" in notice.text_content()
    # They go when the reader goes on, and what the link names no more does not come back.
    opened.page.get_by_label("Spot size").fill("2")
    assert notice.locator(".ac-notice-line").count() == 2
    opened.page.locator(".st-table input[type=checkbox]").last.click()
    opened.until("() => document.querySelector('.ac-notice').hidden")
    assert "E99" not in opened.page.url
    # Of several colours those that are there are shown, also later than at first.
    view.ask("void c.set({ color: 'blend:NOPE,MYH7,NPPA' })")
    view.wait_color("blend:MYH7,NPPA")
    assert "does not have: “NOPE”. The rest is shown." in notice.text_content()
    opened.until("() => location.search.includes('color=blend:MYH7,NPPA')")
    view.ask("void c.set({ color: 'gene:NPPA' })")
    view.wait_color("gene:NPPA")
    assert "NOPE" not in notice.text_content()
    opened.forgive("404")
    opened = tab("/stack?color=nothing")
    canvas(opened)
    notice = opened.page.locator(".ac-notice")
    notice.get_by_text("does not have: colour “nothing”").wait_for()
    opened.page.get_by_label("Spot size").fill("1")
    opened.page.locator(".st-table input[type=checkbox]").last.click()
    notice.wait_for(state="hidden")


def test_phone_and_dark(tab: Any, canvas: Any) -> None:
    opened = tab("/stack", width=390, height=844, dark=True)
    view = canvas(opened)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert sum(view.background()) < 200
    assert len(view.pixels()) > 20
    labels = opened.page.locator(".st-label:visible")
    assert labels.count() >= 2
    for at in range(labels.count()):
        box = labels.nth(at).bounding_box()
        assert box["x"] + box["width"] <= 390
    table = opened.page.locator(".st-table").bounding_box()
    assert table["x"] + table["width"] <= 390


def test_explore_and_3d_take_turns_in_one_document(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    canvas(opened)
    kind = "() => document.querySelector('.atlas-explore')?.atlasCanvas?.constructor.name === "
    for name, expected in (("3D", "StackView"), ("Explore", "AtlasCanvas"), ("3D", "StackView")):
        opened.page.get_by_role("link", name=name, exact=True).click()
        opened.until(f"{kind}'{expected}'")
        view = canvas(opened)
        assert len(view.pixels()) > 20
        assert opened.page.locator(".ac-root").count() == 1
    opened.page.go_back()
    opened.until(f"{kind}'AtlasCanvas'")
    assert len(canvas(opened).pixels()) > 20
