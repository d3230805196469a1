"""The animation of stages: its pure modules against plain formulas, and the page operated."""

from __future__ import annotations

import csv
import io
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from atlas_app.drawing import colors
from training.store import Atlas, open_atlas

pytestmark = pytest.mark.browser
site = runpy.run_path(str(Path(__file__).with_name("page_site.py")))["site_of_atlas"]

HERE = Path(__file__).parent
SMALL = runpy.run_path(str(HERE.parent / "atlas_app" / "small_atlas.py"))
FILM = "/stages?view=film&of=domain:*"
STAGES = [9, 10, 11]


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Slices 0 to 2 at E9 (the last in a frame of its own), 3 and 4 at E10, 5 at E11."""
    path = tmp_path_factory.mktemp("film") / "x.atlas.zarr"
    return open_atlas(SMALL["write_stacks"](path))


@pytest.fixture
def page(tab: Any) -> Any:
    return tab("/health").page


def inside(points: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Which points (n, 2) lie within a closed line, by how often a ray crosses it."""
    x, y = points[:, None, 0], points[:, None, 1]
    ax, ay = ring[:, 0], ring[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = ((ay > y) != (by > y)) & (x < ax + (bx - ax) * (y - ay) / (by - ay))
    return np.asarray(crossed.sum(axis=1) % 2 == 1)


def area(ring: np.ndarray) -> float:
    x, y = ring.T
    return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2)


def test_distances_are_exact(page: Any) -> None:
    rng = np.random.default_rng(0)
    script = """async ([marked, width, height]) => {
      const { distances } = await import("/assets/film/distance.mjs");
      return [...distances(Uint8Array.from(marked), width, height)];
    }"""
    for width, height, share in ((31, 17, 0.02), (8, 40, 0.5), (1, 9, 0.2)):
        marked = rng.random((height, width)) < share
        marked[0, 0] = True
        found = page.evaluate(script, [marked.ravel().astype(int).tolist(), width, height])
        wanted = distance_transform_edt(~marked)
        np.testing.assert_allclose(np.reshape(found, (height, width)), wanted, atol=1e-9)


def test_an_outline_holds_the_spots_and_little_else(page: Any) -> None:
    rng = np.random.default_rng(1)
    grid = np.stack(np.meshgrid(np.arange(-30, 31.0), np.arange(-30, 31.0)), -1).reshape(-1, 2)
    bay = grid[(np.hypot(*grid.T) < 28) & ~((abs(grid[:, 0]) < 9) & (grid[:, 1] > 0))]
    pieces = np.vstack([grid[np.hypot(*grid.T) < 12] + offset for offset in ([0, 0], [40, 5])])
    lost = np.vstack([grid[np.hypot(*grid.T) < 20], [[300.0, 300.0]]])
    script = """async points => {
      const { outlineOf } = await import("/assets/film/outline.mjs");
      const { Grid } = await import("/assets/canvas/drawing/grid.mjs");
      const flat = Float32Array.from([7, 7, ...points.flat()]);
      const n = points.length + 1;
      return outlineOf(flat, 1, n, new Grid(flat, 1, n).spacing());
    }"""
    for spots, within, most in (
        (bay, bay, 1.15 * len(bay) + 40),
        (pieces, pieces, 4 * len(pieces)),
        (lost, lost[:-1], 1.5 * len(lost)),
        (rng.uniform(0, 5, (3, 2)), None, None),
        (np.array([[2.0, 3.0]]), np.array([[2.0, 3.0]]), None),
    ):
        ring = np.array(page.evaluate(script, spots.tolist()))
        assert len(ring) > 3
        if within is not None:
            assert inside(within, ring).all()
        if most:
            assert area(ring) < most
    # The open bay is no tissue.
    ring = np.array(page.evaluate(script, bay.tolist()))
    assert not inside(np.array([[0.0, 25.0]]), ring).any()


def test_outlines_are_matched_corner_by_corner(page: Any) -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 10 * (1 + 0.3 * np.cos(3 * angle) + 0.15 * np.sin(angle))
    early = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    # Later: twice as large, elsewhere, begun elsewhere and told the other way round.
    late = np.roll(2 * early + [50, -20], 137, axis=0)[::-1]
    script = """async ([early, late]) => {
      const { between, matched, resampled } = await import("/assets/film/morph.mjs");
      const a = resampled(early);
      const b = matched(a, resampled(late));
      return [a, between(a, b, 0), between(a, b, 0.5), between(a, b, 1)];
    }"""
    found = [np.array(each) for each in page.evaluate(script, [early.tolist(), late.tolist()])]
    start, zero, half, whole = found
    steps = np.hypot(*(start - np.roll(start, 1, axis=0)).T)
    assert steps.max() < 1.1 * steps.min()
    np.testing.assert_allclose(zero, start)
    tolerance = steps.max() * 2
    np.testing.assert_allclose(whole, 2 * start + [50, -20], atol=tolerance)
    np.testing.assert_allclose(half, 1.5 * start + [25, -10], atol=tolerance)


def test_time_passes_every_stage_and_spots_only_fade(page: Any) -> None:
    script = """async () => {
      const { Timeline, strengths } = await import("/assets/film/timeline.mjs");
      const line = new Timeline([4.5, 6.5, 9, 9.5]);
      const stepped = [4.5];
      while (stepped.at(-1) < 9.5) stepped.push(line.stepped(stepped.at(-1), 1));
      const back = [9.5];
      while (back.at(-1) > 4.5) back.push(line.stepped(back.at(-1), -1));
      const ran = [4.5];
      while (ran.at(-1) < 9.5) ran.push(line.moved(ran.at(-1), 97));
      return {
        at: [4.5, 5.5, 6.5, 9.25, 9.5].map(t => Object.values(line.at(t))),
        held: [null, NaN, -1, 99, 7].map(t => line.held(t)),
        read: [4.66667, 4.667, 5.33333].map(t => new Timeline([14 / 3, 5, 16 / 3]).held(t)),
        snapped: [4.55, 5.5, 6.45, 8.97, 9.52].map(t => line.snapped(line.held(t))),
        neighbours: [[6.5, 1], [6.5, -1], [7, 1], [7, -1], [9.5, 1], [4.5, -1]].map(
          ([t, way]) => line.neighbour(t, way)),
        stepped, back, ran,
        strengths: [...Array(101).keys()].map(k => strengths(k / 100)),
      };
    }"""
    found = page.evaluate(script)
    assert found["at"] == [[0, 0, 0], [0, 1, 0.5], [1, 1, 0], [2, 3, 0.5], [3, 3, 0]]
    assert found["held"] == [4.5, 4.5, 4.5, 9.5, 7]
    # The address has six digits of a mean of times.
    assert found["read"] == [14 / 3, 4.667, 16 / 3]
    assert found["snapped"] == [4.5, 5.5, 6.5, 9, 9.5]
    assert found["neighbours"] == [9, 4.5, 9, 6.5, 9.5, 4.5]
    assert len(found["stepped"]) == 25
    for way in (found["stepped"], found["back"], found["ran"]):
        assert {4.5, 6.5, 9, 9.5} <= set(way)
    earlier, later = np.array(found["strengths"]).T
    assert [earlier[0], later[0], earlier[-1], later[-1]] == [1, 0, 0, 1]
    assert (np.diff(earlier) <= 0).all()
    assert (np.diff(later) >= 0).all()
    # No pixel is of two stages at once that could be seen.
    assert np.minimum(earlier, later).max() < 0.05


def test_slices_of_no_common_frame_are_centred(page: Any) -> None:
    script = """async () => {
      const { centre } = await import("/assets/film/centre.mjs");
      const points = Float32Array.from([0, 0, 4, 2, 100, 100, 102, 108]);
      const film = { stages: [{ slices: [{ slice: 0, apart: false }] },
        { slices: [{ slice: 1, apart: true }] }] };
      centre(points, [{ start: 0, stop: 2 }, { start: 2, stop: 4 }], film);
      return [...points];
    }"""
    assert page.evaluate(script) == [0, 0, 4, 2, 1, -3, 3, 5]


# Stages of the case: name, apart, longer side, distance of spots; then the unit, whether all are at
# one scale, and words of what is told.
SCALES = [
    ([("A", False, 100, 5), ("B", False, 500, 5)], "um", True, "drawn at one scale."),
    # In one frame, or in one unit, spots of another technology may lie denser.
    ([("A", False, 100, 5), ("B", False, 120, 0.2)], "", True, "drawn at one scale."),
    ([("A", True, 100, 5), ("B", True, 120, 0.2)], "µm", True, "drawn at one scale."),
    ([("A", True, 100, 5), ("B", True, 120, 4)], "px", True, "No unit of length is stated"),
    (
        [("A", True, 100, 5), ("B", True, 2000, 100)],
        "",
        False,
        "20 times as far apart in B as in A",
    ),
    (
        [("A", False, 100, 5), ("B", False, 2000, 5)],
        "um",
        False,
        "A would be 20 times smaller than B",
    ),
    ([("A", True, 0, 0), ("B", True, 20, 5)], "", True, "one scale"),
    ([("A", True, 0, 0), ("B", True, 0, 0)], "", True, "one scale"),
]


def test_one_scale_holds_where_units_agree_and_no_stage_is_a_dot(page: Any) -> None:
    script = """async cases => {
      const { chooseScale } = await import("/assets/film/scale.mjs");
      return cases.map(([stages, unit]) => chooseScale(
        stages.map(([name, apart, side, spacing]) => ({ name, apart, side, spacing })), unit));
    }"""
    found = page.evaluate(script, [case[:2] for case in SCALES])
    for each, (stages, unit, common, words) in zip(found, SCALES, strict=True):
        assert each["common"] is common, (stages, unit)
        assert words in each["words"]
        assert ("fills the map" in each["words"]) is not common


def test_a_stage_of_other_size_is_neither_a_dot_nor_a_jump(tab: Any, canvas: Any) -> None:
    opened = tab()
    page = opened.page

    def served_larger(route: Any) -> None:
        # E11 at 20 times its size; what else is drawn stays as it is.
        points = np.frombuffer(route.fetch().body(), np.float32).reshape(-1, 3).copy()
        points[300:] *= 20
        route.fulfill(body=points.tobytes(), content_type="application/octet-stream")

    page.route("**/coordinates/stack*", served_larger)
    opened.open(FILM)
    view = canvas(opened, ".atlas-film")
    told = page.locator(".film-scale")
    assert "at one scale E9 would be" in told.inner_text()
    outline = "document.querySelector('.film-outline path').getBBox()"
    box = f"(() => {{ const {{ width, height }} = {outline}; return Math.max(width, height); }})()"
    # Beside the outline a bar: its words, and how long it is on the screen.
    bar = """(() => {
      const [words, line] = document.querySelector(".atlas-film .ac-scalebar").children;
      return [words.innerText, line.getBoundingClientRect().width];
    })()"""
    sizes = []
    for t in np.linspace(9, 11, 21):
        view.ask("c.seek(a)", float(t))
        sizes.append(page.evaluate(box))
        words, pixels = page.evaluate(bar)
        length, unit, stage = re.fullmatch(r"([\d.]+) (µm|mm) in (E\d+)", words).groups()
        assert stage == ("E9" if t < 9.5 else "E10" if t < 10.5 else "E11") or t in (9.5, 10.5)
        scale = view.ask(
            "c.layout.tiles[c.film.stages.findIndex(({ name }) => name === a)].scale", stage
        )
        micrometres = float(length) * (1000 if unit == "mm" else 1)
        assert pixels / micrometres == pytest.approx(scale, rel=1e-3), t
    panel = view.ask("c.frame.panels.spatial.rect.height")
    assert min(sizes) > panel / 2
    assert max(abs(np.diff(sizes))) < panel / 6
    assert "drawn at one scale" in tab(FILM).page.locator(".film-scale:not(:empty)").inner_text()


def test_the_address_holds_time_and_slices(page: Any) -> None:
    script = """async searches => {
      const { readSlices, readTime, writeFilm } = await import("/assets/film/address.mjs");
      const slices = at => at.map(slice => ({ slice, apart: false }));
      const film = { timed: true, stages: [{ usual: 1, shown: 1, slices: slices([0, 1]) },
        { usual: 2, shown: 2, slices: slices([2, 3, 4]) }] };
      return searches.map(search => {
        const read = readSlices(search, film);
        const t = readTime(search);
        return [read.stages.map(stage => stage.shown), t, writeFilm(search, t, read)];
      });
    }"""
    searches = ["", "?view=film&of=gene:A%20b&t=9.5&slices=0_4", "?t=late&slices=1_9_x_3_2"]
    found = page.evaluate(script, searches)
    assert found[0] == [[1, 2], None, ""]
    assert found[1] == [[0, 4], 9.5, searches[1]]
    assert found[2] == [[1, 3], None, "?slices=3"]


def drawn(view: Any) -> set[int]:
    """Numbers of the slices of which spots are on the map."""
    return {spot // 60 for spot in view.pixels(most=4000)}


def at(view: Any, t: float) -> None:
    view.wait("Math.abs(c.t - a) < 1e-6", t)


# Tell of a choice, which leaves the time of the address, and pause: all between two stages.
PAUSED_BETWEEN = """() => new Promise((done) => {
  const host = document.querySelector(".atlas-film");
  const button = host.querySelector(".film-play");
  const look = () => {
    const { t } = host.atlasCanvas;
    if (t <= 9.2) return requestAnimationFrame(look);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    const label = host.querySelector(".film-label").innerText;
    const found = [t, host.atlasCanvas.t, button.getAttribute("aria-label"), label];
    button.click();
    done(found);
  };
  look();
})"""
# The dashes of the outline that a canvas is told.
DASHES = """() => {
  const canvas = document.querySelector(".atlas-film").atlasCanvas;
  let dashes;
  const nothing = () => {};
  const pen = { save: nothing, restore: nothing, stroke: nothing };
  canvas.moving.ink({ ...pen, setLineDash: (given) => { dashes = given; } });
  return dashes;
}"""


def saved_svg(page: Any) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def seen_values(page: Any, link: str) -> tuple[str, list[dict[str, str]]]:
    """Name and rows of the file behind a link."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    return download.value.suggested_filename, list(csv.DictReader(io.StringIO(text)))


def test_it_plays_pauses_and_goes_back(tab: Any, canvas: Any, atlas: Atlas) -> None:
    opened = tab(FILM)
    view = canvas(opened, ".atlas-film")
    page = opened.page
    assert drawn(view) == {0}
    palette = [tuple(colors.rgb(color)) for color in atlas.obs_columns["domain"].colors or ()]
    codes = atlas.values("obs", "domain").data
    assert all(rgb == palette[codes[spot]] for spot, rgb in view.pixels().items())
    assert "60 spots" in page.locator(".film-label").inner_text()
    assert "stroke-dasharray" not in saved_svg(page)
    assert page.evaluate(DASHES) == []
    assert {row["slice"] for row in seen_values(page, "CSV of this slice")[1]} == {"a1"}
    page.get_by_role("button", name="Play").click()
    before, after, button, label = page.evaluate(PAUSED_BETWEEN)
    assert 9.2 < before == after < 10
    assert button == "Pause"
    assert "nothing is measured here" in label
    opened.until("() => /[?&]t=9\\.\\d+/.test(location.search)")
    paused = view.ask("c.t")
    draws = view.ask("c.painter.draws")
    page.wait_for_timeout(400)
    assert view.ask("[c.t, c.painter.draws]") == [paused, draws]
    assert 'stroke-dasharray="5 4"' in saved_svg(page)
    assert page.evaluate(DASHES) == [5, 4]
    slider = page.get_by_role("slider", name="Time")
    assert "between E9 and E10" in slider.get_attribute("aria-valuetext")
    slider.focus()
    slider.press("End")
    at(view, 11)
    assert drawn(view) == {5}
    assert slider.get_attribute("aria-valuetext") == "E11"
    opened.until("() => location.search.includes('t=11')")
    page.go_back()
    view.wait("Math.abs(c.t - a) < 1e-3", paused)
    page.go_forward()
    at(view, 11)
    slider.press("Home")
    at(view, 9)
    slider.press("PageUp")
    at(view, 10)
    slider.press("ArrowRight")
    at(view, 10.125)
    assert drawn(view) == {3}
    for _ in range(5):
        slider.press("ArrowLeft")
    at(view, 9.5)
    name, rows = seen_values(page, "CSV of both slices")
    assert {row["slice"] for row in rows} == {"a1", "b1"}
    assert len(rows) == 120
    with page.expect_download() as picture:
        page.get_by_role("button", name="Save as SVG").click()
    # A picture and its values are named alike.
    assert name.removesuffix(".csv") == picture.value.suggested_filename.removesuffix(".svg")
    assert "-obs-domain-t9.5-" in name
    slider.press("Home")
    at(view, 9)
    slider.press(" ")
    view.wait("c.t > 9.05")
    # What is not seen does not run.
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.get_by_role("button", name="Play").wait_for()


def test_slices_colours_and_scale(tab: Any, canvas: Any) -> None:
    opened = tab(f"{FILM}&t=10")
    view = canvas(opened, ".atlas-film")
    page = opened.page
    choice = page.get_by_label("Slice of E10, one of 2")
    choice.select_option("b2")
    opened.until("() => location.search.includes('slices=4')")
    assert drawn(view) == {4}
    page.get_by_text("Stages, and the slices that are shown").click()
    table = page.locator(".film-table").inner_text()
    assert "4.5 µm" in table
    assert "not aligned: drawn centred" in table
    rows = [line for line in table.splitlines() if "shown" in line.split("\t")]
    assert [line.split("\t")[2] for line in rows] == ["a1", "b2", "c1"]
    view.ask("(c.kept = true)")
    page.get_by_text("Factor", exact=True).click()
    view.wait("c.valuesColor.startsWith('factor:')")
    assert "t=10" in page.url
    assert "slices=4" in page.url
    # The map was not made anew.
    assert view.ask("c.kept") is True
    assert drawn(view) == {4}
    # One scale holds at every stage, that of Explore.
    scale = view.ask("[c.key.lo, c.key.hi, ...c.key.clip]")
    color = view.ask("c.valuesColor")
    page.get_by_role("slider", name="Time").press("End")
    at(view, 11)
    assert view.ask("[c.key.lo, c.key.hi, ...c.key.clip]") == scale
    explore = canvas(tab(f"/explore?color={color}"))
    assert explore.ask("[c.key.lo, c.key.hi, ...c.key.clip]") == scale
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert "-t11-" in download.value.suggested_filename
    page.go_back()
    at(view, 10)
    view.wait_color(color)
    page.go_back()
    view.wait_color("obs:domain")
    page.go_back()
    view.wait("c.shownSlices()[1] === 3")
    assert drawn(view) == {3}


def test_with_less_motion_it_goes_stage_by_stage(tab: Any, canvas: Any) -> None:
    opened = tab(FILM, reduced_motion="reduce", width=390, dark=True)
    view = canvas(opened, ".atlas-film")
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(
        """() => {
          const c = document.querySelector(".atlas-film").atlasCanvas;
          window.seen = [];
          const seek = c.seek.bind(c);
          c.seek = (t) => { window.seen.push(t); seek(t); };
        }"""
    )
    page.get_by_role("button", name="Play").click()
    at(view, 11)
    page.get_by_role("button", name="Play").wait_for()
    assert page.evaluate("window.seen") == STAGES[1:]
    opened.until("() => location.search.includes('t=11')")
