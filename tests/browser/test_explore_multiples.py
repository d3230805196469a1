"""Explore: several colours side by side, on one scale, moved as one; and what is taken along."""

from __future__ import annotations

import csv
import io
import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from atlas_app.drawing import colors
from training.store import Atlas, open_atlas

pytestmark = pytest.mark.browser
site = runpy.run_path(str(Path(__file__).with_name("page_site.py")))["site_of_atlas"]

HERE = Path(__file__).parent
PANELS = runpy.run_path(str(HERE.parent / "atlas_app" / "panels_atlas.py"))
# G101 was not measured in slice a2, spots 60 to 119.
GENES = ("G0", "G2", "G101")
SIDE = "side:gene:G0~gene:G2~gene:G101"
PYTHON = """async () => (await import("/assets/explore/python.mjs")).pythonOf(
  document.querySelector(".atlas-explore").atlasCanvas)"""


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return open_atlas(PANELS["write_panels"](tmp_path_factory.mktemp("side") / "p.atlas.zarr"))


def panel_pixels(view: Any, panel: int) -> dict[int, tuple[int, ...]]:
    found = view.ask("c.pixelsOf([...Array(c.n).keys()], 'spatial', a)", panel)
    return {spot: tuple(rgba[:3]) for spot, rgba in found}


def shared_colors(atlas: Atlas, genes: tuple[str, ...]) -> tuple[list[np.ndarray], float, float]:
    """RGB (n, 3) of every gene by the values themselves, and the ends of the common scale."""
    found = [atlas.values("gene", gene) for gene in genes]
    values = [np.where(v.data == 255, np.nan, v.data / 254 * v.hi) for v in found]
    some = np.sort(np.concatenate([v[v > 0] for v in values]))
    low, high = (some[max(1, int(np.ceil(p / 100 * len(some)))) - 1] for p in (1, 99))
    table = colors.color_table("viridis")
    made = []
    for value in values:
        step = np.clip((np.nan_to_num(value) - low) / (high - low), 0, 1) * 255
        rgb = table[np.floor(step + 0.5).astype(int)].astype(int)
        rgb[value == 0] = colors.rgb(colors.ZERO["light"])
        rgb[np.isnan(value)] = colors.rgb(colors.MISSING["light"])
        made.append(rgb)
    return made, float(low), float(high)


def test_genes_side_by_side_share_one_scale_and_one_movement(
    tab: Any, canvas: Any, atlas: Atlas
) -> None:
    opened = tab(f"/explore?color={SIDE}")
    view, page = canvas(opened), opened.page
    assert page.locator("canvas.ac-canvas").count() == 1
    assert view.ask("c.frame.cells.length") == 3
    assert page.locator(".ac-umap").is_hidden()
    assert page.get_by_label("UMAP", exact=True).is_disabled()
    scale = view.ask("({...c.key.scales[0], counts: 0, palette: 0, hidden: 0})")
    wanted, low, high = shared_colors(atlas, GENES)
    step = (scale["hi"] - scale["lo"]) / 254
    ends = [scale["lo"] + byte * step for byte in scale["clip"]]
    assert ends == pytest.approx([low, high], abs=step)
    for panel, rgb in enumerate(wanted):
        pixels = panel_pixels(view, panel)
        assert len(pixels) > 60
        off = [np.abs(np.subtract(pixels[spot], rgb[spot])).max() for spot in pixels]
        # The common scale has 254 steps of its own.
        assert np.median(off) <= 3
        assert max(off) <= 10
    # A gene that is not measured is not zero.
    missing = tuple(int(v) for v in colors.rgb(colors.MISSING["light"]))
    lacking = {spot: pixel for spot, pixel in panel_pixels(view, 2).items() if 60 <= spot < 120}
    assert len(lacking) > 20
    assert set(lacking.values()) == {missing}
    assert missing not in panel_pixels(view, 0).values()

    # One camera: a wheel over the last panel moves all alike.
    before = [view.ask("c.screenOf(7, 'spatial', a)", panel) for panel in range(3)]
    last = page.locator(".ac-spatial").nth(2).bounding_box()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2)
    page.mouse.wheel(0, -200)
    view.wait("c.cameras.spatial.k > 1.2")
    after = [view.ask("c.screenOf(7, 'spatial', a)", panel) for panel in range(3)]
    moves = {
        (round(b["x"] - a["x"], 3), round(b["y"] - a["y"], 3))
        for a, b in zip(before, after, strict=True)
    }
    assert len(moves) == 1
    opened.until("() => location.search.includes('at=')")
    zoomed = panel_pixels(view, 2)
    again = canvas(tab(page.url.removeprefix(opened.site)))
    assert panel_pixels(again, 2) == zoomed
    # A tab behind another draws no frames.
    page.bring_to_front()
    page.locator(".ac-spatial").nth(1).focus()
    page.keyboard.press("0")
    view.wait("!c.cameras.spatial.moved")

    # The card tells every value, and a ring marks the spot in the others.
    spot = next(iter(panel_pixels(view, 1)))
    at = view.ask("c.screenOf(a, 'spatial', 1)", spot)
    origin = page.locator(".ac-canvas").bounding_box()
    script = """() => ({
      names: [...document.querySelectorAll(".ac-card dt")].map((node) => node.textContent),
      told: [...document.querySelectorAll(".ac-card dd")].map((node) => node.textContent),
      rings: [...document.querySelectorAll(".ac-ring:not([hidden])")].length,
    })"""
    # A map that comes to rest takes its card away, and the next movement brings it back.
    for step in range(800):
        page.mouse.move(origin["x"] + at["x"] + step % 2, origin["y"] + at["y"])
        seen = page.evaluate(script)
        if seen["rings"] == 2:
            break
        page.wait_for_timeout(50)
    assert seen["rings"] == 2
    assert seen["names"][2:5] == list(GENES)
    assert float(seen["told"][3].split()[0]) == pytest.approx(atlas.gene("G2")[spot], abs=0.03)

    # A lasso in one panel selects in all.
    view.ask("c.frame.choose('box')")
    first = page.locator(".ac-spatial").first.bounding_box()
    page.mouse.move(first["x"] + 2, first["y"] + 2)
    page.mouse.down()
    page.mouse.move(first["x"] + first["width"] - 4, first["y"] + first["height"] / 2, steps=4)
    page.mouse.up()
    view.wait("c.pickedCount > 0 && c.pickedCount < c.n")
    outlines = [
        page.locator(f".ac-spatial >> nth={i} >> .ac-outline-add").get_attribute("d")
        for i in range(3)
    ]
    assert outlines[0]
    assert set(outlines) == {outlines[0]}

    # The title makes one colour of it, the way back is Back.
    page.get_by_role("button", name="Show only G2").click()
    view.wait_color("gene:G2")
    assert view.ask("c.frame.cells.length") == 1
    assert page.locator(".ac-side-title").count() == 0
    page.go_back()
    view.wait_color(SIDE)
    assert page.locator(".ac-side-title").all_text_contents() == list(GENES)


def test_one_together_and_side_by_side_are_ways_of_one_list(
    tab: Any, canvas: Any, atlas: Atlas
) -> None:
    opened = tab("/explore?color=blend:G0,G2&aligned=1")
    view, page = canvas(opened), opened.page
    # This atlas was not aligned: that is said, and a link that asks for it shows what was given.
    assert page.get_by_label("Aligned: not in this atlas").is_disabled()
    assert not view.ask("c.scene.aligned")
    modes = page.get_by_role("group", name="Colours at once")
    assert modes.get_by_role("button", name="Together").get_attribute("aria-pressed") == "true"
    modes.get_by_role("button", name="Side by side").click()
    view.wait_color("side:gene:G0~gene:G2")
    page.get_by_label("Factor", exact=True).select_option("1")
    view.wait_color("side:gene:G0~gene:G2~factor:1")
    page.get_by_label("Annotation", exact=True).select_option("domain")
    view.wait_color("side:gene:G0~gene:G2~factor:1~obs:domain")
    assert "color=side:gene:G0~gene:G2~factor:1~obs:domain" in page.url
    # Three quantities, three scales, and the page says so.
    assert view.ask("c.key.scales.map(s => s.title)") == ["G0, G2", "Factor 1", "domain"]
    assert "4 maps of 3 different quantities" in page.locator(".ac-side-note").text_content()
    notes = page.locator(".ac-side-title span").all_text_contents()
    assert notes == ["log1p counts per 10,000"] * 2 + ["proportion", "categories"]
    alone = canvas(tab("/explore?color=factor:1&umap=0"))
    assert view.ask("c.key.scales[1].clip") == alone.ask("c.key.clip")
    codes = atlas.values("obs", "domain").data
    listed = colors.category_colors(
        4, view.ask("c.description.obs.find(o => o.name === 'domain').colors")
    )
    pixels = panel_pixels(view, 3)
    assert all(pixel == tuple(colors.rgb(listed[codes[spot]])) for spot, pixel in pixels.items())
    assert modes.get_by_role("button", name="Together").is_disabled()

    field = page.get_by_role("combobox", name="Gene")
    field.fill("G2")
    page.locator("#explore-gene-hits .ex-hit").first.wait_for()
    field.press("Enter")
    page.get_by_text("G2 is shown already.").wait_for()
    field.fill("G3")
    page.locator("#explore-gene-hits .ex-hit").first.wait_for()
    field.press("Enter")
    view.wait("c.sides?.length === 5")
    assert field.input_value() == ""
    page.get_by_label("Highest percentile", exact=True).fill("80")
    page.get_by_label("Highest percentile", exact=True).press("Enter")
    view.wait("c.key.scales.slice(0, 2).every(s => s.percent[1] === 80)")

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Values (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert list(rows[0])[3:8] == ["G0", "G2", "factor:1", "obs:domain", "G3"]
    assert len(rows) == atlas.n_spots
    for name in ("domain", "Factor 1", "G3"):
        page.get_by_role("button", name=f"Take {name} away").click()
    view.wait_color("side:gene:G0~gene:G2")
    modes.get_by_role("button", name="Together").click()
    view.wait_color("blend:G0,G2")
    modes.get_by_role("button", name="One").click()
    view.wait_color("gene:G0")


def test_what_is_seen_is_taken_along_as_svg_png_and_python(
    tab: Any, canvas: Any, atlas: Atlas, site: str
) -> None:
    opened = tab(f"/explore?color={SIDE}~set:G3,G4~obs:domain&stage=E9&map=ember")
    view, page = canvas(opened), opened.page
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as SVG").click()
    assert waiting.value.suggested_filename.endswith(f"-{atlas.digest[:8]}.svg")
    drawing = ElementTree.parse(waiting.value.path()).getroot()
    texts = [node.text for node in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {*GENES, "Set of 2 genes", "domain", "a1", "a2"} <= set(texts)
    assert any(atlas.digest[:12] in text for text in texts)
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}image"))) == 1
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as PNG").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    matplotlib.use("Agg")
    outlines_are_taken_along(view, atlas)
    seen = executed(page, atlas)
    panels = [axes for axes in seen["figure"].axes if axes.texts]
    assert [axes.texts[0].get_text() for axes in panels] == [
        *GENES,
        "Set of 2 genes",
        "domain",
    ]
    # Spots of stage E9 alone, each where the page has it, on the scale of the page.
    assert seen["rows"].tolist() == list(range(120))
    places = [view.ask("c.screenOf(a, 'spatial', 0)", spot) for spot in (3, 100)]
    cell = view.ask("c.frame.cells[0].rect")
    for spot, place in zip((3, 100), places, strict=True):
        assert seen["x"][spot] == pytest.approx(place["x"] - cell["x"], abs=0.05)
        assert seen["y"][spot] == pytest.approx(place["y"] - cell["y"], abs=0.05)
    low, high = view.ask(
        "c.key.scales[0].clip.map(b => c.key.scales[0].lo + b / 254 * c.key.scales[0].hi)"
    )
    shown = [points for points in panels[1].collections if points.get_array() is not None]
    assert shown[0].get_clim() == pytest.approx((low, high), rel=1e-4)
    exact = atlas.gene("G2")[:120]
    np.testing.assert_allclose(shown[0].get_array(), exact[exact != 0])
    plt.close("all")

    # Mixed, with the UMAP, in the dark; and a category with a part hidden, from near.
    page.evaluate("document.documentElement.setAttribute('data-mantine-color-scheme', 'dark')")
    view.ask("c.set({ color: 'blend:G0,G101', stage: '', umap: true })")
    view.wait("c.valuesColor === 'blend:G0,G101' && c.scene.coordinates.umap")
    seen = executed(page, atlas)
    points = [round(255 * v) for v in seen["mix"][5][:3]]
    ink = view.ask("[...new Uint8Array(c.keyed.inks.buffer, 20, 3)]")
    assert points == pytest.approx(ink, abs=255 / 31 + 2)
    assert seen["missing"].sum() == 60
    assert seen["figure"].axes[-1].texts[0].get_text() == "UMAP"
    plt.close("all")
    opened = tab("/explore?color=obs:domain&hide=1&umap=0&at=0.4_0.4_2")
    view = canvas(opened)
    seen = executed(opened.page, atlas)
    assert len(seen["colors"]) == 3
    axes = seen["figure"].axes[0]
    width = view.ask("c.frame.panels.spatial.rect.width")
    assert np.diff(axes.get_xlim())[0] == pytest.approx(width / 2)
    plt.close("all")
    opened.page.get_by_role("button", name="Copy the Python of this figure").click()
    opened.until(
        "() => /Python (copied|saved)/.test(document.querySelector('.ac-status').textContent)"
    )


def outlines_are_taken_along(view: Any, atlas: Atlas) -> None:
    """What is drawn around a selection is in both figures, in every panel and not beyond it."""
    tile = view.ask("c.layout.tiles[0]")
    top, right = round(tile["y"]) - 4.5, round(tile["x"] + tile["width"] / 2) + 0.5
    bottom = round(tile["y"] + tile["height"]) + 4.5
    corners = [[tile["x"] - 4, top], [right, top], [right, bottom], [-40, bottom]]
    view.ask("c.picks.draw('spatial', a, 'new')", corners)
    view.wait("c.pickedCount > 0 && c.pickedCount < c.n")
    svg, seen, cells, pixels, line = view.page.evaluate(
        """async ([across, bottom]) => {
          const c = document.querySelector(".atlas-explore").atlasCanvas;
          const { drawPicture, drawSvg } = await import("/assets/pictures/picture.mjs");
          const shown = [...document.querySelectorAll(".ac-outline-add[d]")];
          const cells = c.frame.cells.map(({ rect }) => rect);
          const pen = drawPicture(c).getContext("2d");
          const at = (x, y) => [...pen.getImageData(x, y, 1, 1).data];
          // On the lower line within each panel, and left of it, where it would go on.
          const pixels = cells.map(({ x, y }) => [x + across, x - 3].map((x) => at(x, y + bottom)));
          const lines = shown.map((path) => path.getAttribute("d"));
          return [drawSvg(c), lines, cells, pixels, getComputedStyle(shown[0]).stroke];
        }""",
        [round(tile["x"] / 2), int(bottom)],
    )
    drawing = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    groups = list(drawing.iter(f"{space}g"))
    paths = [group.find(f"{space}path") for group in groups]
    assert [path.get("d") for path in paths] == seen
    clips = {f"url(#{clip.get('id')})": clip[0] for clip in drawing.iter(f"{space}clipPath")}
    ink = tuple(int(part) for part in re.findall(r"\d+", line)[:3])
    assert len(groups) == len(cells) == 5
    for group, path, cell, (on, off) in zip(groups, paths, cells, pixels, strict=True):
        assert group.get("transform") == f"translate({cell['x']} {cell['y']})"
        clip = clips[group.get("clip-path")]
        assert [float(clip.get(side)) for side in ("width", "height")] == [
            cell["width"],
            cell["height"],
        ]
        assert tuple(colors.rgb(path.get("stroke"))) == ink
        assert on[:3] == pytest.approx(ink, abs=12)
        assert max(abs(a - b) for a, b in zip(off[:3], ink, strict=True)) > 40
    drawn = executed(view.page, atlas)
    corners = [[*map(float, at.split())] for at in seen[0].strip("MZ").split("L")]
    k, x, y = (view.ask(f"c.cameras.spatial.{name}") for name in "kxy")
    panels = [axes for axes in drawn["figure"].axes if axes.texts]
    assert len(panels) == 5
    for axes in panels:
        (patch,) = axes.patches
        assert [round(255 * part) for part in patch.get_edgecolor()] == [*ink, 255]
        assert 0 < patch.get_facecolor()[3] < 0.2
        where = patch.get_xy()[:-1] * k + [x, y]
        np.testing.assert_allclose(where, corners, atol=0.05)
        assert axes.get_xlim() == pytest.approx((-x / k, (cells[0]["width"] - x) / k))
    # A second selection, what takes away and the UMAP have looks and places of their own.
    view.ask("c.set({ versus: c.state.selection, color: 'gene:G2', umap: true })")
    view.wait("c.valuesColor === 'gene:G2' && c.scene.coordinates.umap")
    tile = view.ask("c.layout.tiles[0]")
    left, top = tile["x"] - 2, tile["y"] - 2
    box = [[left, top], [left + tile["width"] / 3, top], [left, top + tile["height"] / 2]]
    view.ask("c.picks.draw('spatial', a, 'subtract')", box)
    view.wait("c.state.selection.some((outline) => outline.subtract)")
    rect = view.ask("c.frame.panels.umap.rect")
    around = [[1, 1], [rect["width"] - 1, 1], [rect["width"] - 1, rect["height"] - 1]]
    view.ask("c.picks.draw('umap', a, 'add')", around)
    view.wait("c.state.selection.length === 3")
    drawn = executed(view.page, atlas)
    tissue, umap = (axes for axes in drawn["figure"].axes if axes.texts)
    styles = [patch.get_linestyle() for patch in tissue.patches]
    assert len(styles) >= 3
    assert len({str(style) for style in styles}) >= 2
    (patch,) = umap.patches
    ranges = view.ask("c.ranges('umap')[0]")
    at = [
        (patch.get_xy()[:-1, axis] - ranges[f"origin{name}"]) * ranges[f"scale{name}"]
        + ranges[f"offset{name}"]
        for axis, name in enumerate("XY")
    ]
    np.testing.assert_allclose(np.transpose(at), around, atol=0.06)
    plt.close("all")
    view.ask("c.set({ selection: null, versus: null, color: a })", f"{SIDE}~set:G3,G4~obs:domain")
    view.wait("!c.selecting && c.sides")


def executed(page: Any, atlas: Atlas) -> dict[str, Any]:
    """What the Python of the page leaves behind, run on the store itself."""
    code = page.evaluate(PYTHON)
    assert atlas.digest[:12] in code
    seen: dict[str, Any] = {}
    with plt.style.context("default"):
        exec(code.replace("p.atlas.zarr", str(atlas.path)), seen)
    return seen


def test_on_a_phone_without_webgl_and_with_too_much_asked(
    tab: Any, canvas: Any, atlas: Atlas
) -> None:
    opened = tab(f"/explore?color={SIDE}~obs:domain", width=390, height=844, dark=True)
    view = canvas(opened)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    cells = view.ask("c.frame.cells.map(p => p.rect)")
    assert len({(cell["x"], cell["y"]) for cell in cells}) == 4
    assert all(cell["x"] + cell["width"] <= 390 - 40 for cell in cells)
    assert all(len(panel_pixels(view, panel)) > 60 for panel in range(4))
    assert panel_pixels(view, 0) != panel_pixels(view, 1)

    script = """
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind === "webgl2" ? null : real.call(this, kind, ...rest);
      };"""
    flat = canvas(tab(f"/explore?color={SIDE}", script=script))
    drawn = canvas(tab(f"/explore?color={SIDE}"))
    for panel in range(3):
        mine, theirs = panel_pixels(flat, panel), panel_pixels(drawn, panel)
        assert mine.keys() == theirs.keys()
        assert max(np.abs(np.subtract(mine[s], theirs[s])).max() for s in mine) <= 1

    opened = tab(f"/explore?color={SIDE}~gene:NOPE")
    view = canvas(opened)
    view.wait_color(SIDE)
    assert "“NOPE”" in opened.page.get_by_role("alert").first.inner_text()
    opened.forgive("404")


def test_beside_another_colour_one_goes_on_looking_at_the_same_place(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?color=gene:G0&umap=0&at=0.3_0.4_4")
    view = canvas(opened)
    beyond = """(spot => {
      const { x, y, width, height } = c.frame.cells[0].rect;
      const at = c.screenOf(spot);
      return Math.hypot(at.x - x - width / 2, at.y - y - height / 2);
    })"""
    nearest = view.ask(
        f"[...Array(c.n).keys()].sort((i, j) => {beyond}(i) - {beyond}(j))[0]",
    )
    before = view.ask(f"{beyond}(a)", nearest)
    opened.page.get_by_role("button", name="Side by side").click()
    view.wait_color("side:gene:G0")
    assert view.ask(f"{beyond}(a)", nearest) == pytest.approx(before, rel=0.3, abs=3)
    opened.until(
        "() => location.search.includes('at=' + "
        "document.querySelector('.atlas-explore').atlasCanvas.state.camera)"
    )
