"""How pages look: pictures an eighth of the page in size, and what makes two of them differ.

Read by tests and by make_pictures.py through `runpy`. The browser that tests start has the fonts of
matplotlib on every machine; what remains between machines are edges of letters and the drawing of
single controls, which an eighth of the size blurs and a comparison with the neighbourhood forgives.
"""

from __future__ import annotations

import io
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

GOLDEN = Path(__file__).with_name("golden")
SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
# {job} is a mapped section of the site.
PAGES = {
    "home": "/",
    "explore": "/explore?color=obs:domain",
    "gene": "/explore?color=gene:ALB&card=ALB",
    "stack": "/stack?atlas=stacks",
    "stages": "/stages?of=gene:ALB",
    "changes": "/stages?view=changes&b=E10",
    "film": "/stages?atlas=stacks&view=film&of=domain:*",
    "factors": "/factors?factor=2",
    "map": "/map",
    "mapped": "/map?job={job}",
    "about": "/about",
}
THEMES = ("light", "dark")
# Width of a window, its height, and how much of the page is pictured: what it is about.
WINDOWS = {1440: (900, 1300), 390: (844, 1800)}
SHRINK = 8
STEP = 8
# Points of a small picture: a point is at home where one so near has its colour, each channel
# within so much of 255; of a tile so wide, so many points must be elsewhere to make it differ.
NEAR = 1
ALIKE = 20
TILE = 5
MOST_ASTRAY = 5
DEPTHS = [0.0, 10.0, 25.0, 0.0, 10.0, 0.0]
PATIENCE_MS = 60_000
# Nothing is left to load or draw: answers false, or true once the page has kept still for a while.
SETTLED = """async () => {
  const whole = () => {
    const every = (selector, there) => [...document.querySelectorAll(selector)].every(there);
    return document.querySelector("main h1") && document.querySelector(".nav-links a") &&
      !document.querySelector("._dash-loading, ._dash-loading-callback") &&
      every("main [role=figure]", (figure) => figure.querySelector(".main-svg")) &&
      every(".ag-root-wrapper", (grid) => grid.querySelector(".ag-row")) &&
      every("img", (image) => image.complete);
  };
  if (!whole()) return false;
  for (const host of document.querySelectorAll(".atlas-explore, .atlas-canvas, .atlas-film")) {
    if (!host.atlasCanvas || !await host.atlasCanvas.ready) return false;
  }
  await document.fonts.ready;
  const still = await new Promise((done) => {
    let rest;
    const end = (answer) => { watch.disconnect(); clearTimeout(late); done(answer); };
    const wait = () => { clearTimeout(rest); rest = setTimeout(end, 200, true); };
    const watch = new MutationObserver(wait);
    watch.observe(document.body, {
      attributes: true, childList: true, characterData: true, subtree: true,
    });
    const late = setTimeout(end, 2000, false);
    wait();
  });
  return still && whole();
}"""


@contextmanager
def pictured_site(server: Any, test: Path, folder: Path) -> Iterator[dict[str, str]]:
    """The addresses of `PAGES`: the atlas `test` and another, made in `folder`, for the page 3D.

    Both have the same content on every machine.
    """
    from atlas_app.settings import Settings

    small = SITE["SMALL"]
    stores = (test, folder / "stacks.atlas.zarr")
    small["write_stacks"](stores[1], depths=DEPTHS, donors=["one"] * 6)
    settings = Settings(stores=stores, job_folder=folder / "jobs", worker_command=SITE["STANDIN"])
    query = SITE["make_query"](folder / "left heart.h5ad")
    with server.serving(settings) as site:
        job = SITE["map_section"](f"{site}/api/v1/atlases/test", query, impute="ALB,MYH7")
        yield {name: site + address.format(job=job) for name, address in PAGES.items()}


class Sitter:
    """A tab whose pictures are taken, until it is let go."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.awaited: set[Any] = set()
        self._heard = {
            "request": self._ask,
            "requestfinished": self._get,
            "requestfailed": self._get,
        }
        for event, hear in self._heard.items():
            tab.on(event, hear)

    def let_go(self) -> None:
        """Listen no more."""
        for event, hear in self._heard.items():
            self.tab.remove_listener(event, hear)

    def _ask(self, request: Any) -> None:
        self.awaited.add(request)

    def _get(self, request: Any) -> None:
        self.awaited.discard(request)

    def pose(self, theme: str, width: int) -> None:
        self.tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
        self.tab.set_viewport_size({"width": width, "height": WINDOWS[width][0]})
        self._width = width

    def settle(self) -> None:
        """Wait until the page has loaded, drawn, and keeps still."""
        waited = 0
        while waited < PATIENCE_MS:
            if not self.awaited and self.tab.evaluate(SETTLED) and not self.awaited:
                return
            self.tab.wait_for_timeout(50)
            waited += 50
        raise AssertionError(f"{self.tab.url} has not come to rest in {PATIENCE_MS / 1000:.0f} s")

    def picture(self) -> Image.Image:
        """The page as it is now, in full size; below its end is black."""
        width, height = self._width, WINDOWS[self._width][1]
        taken = self.tab.screenshot(
            animations="disabled",
            caret="hide",
            full_page=True,
            clip={"x": 0, "y": 0, "width": width, "height": height},
        )
        whole = Image.new("RGB", (width, height))
        with Image.open(io.BytesIO(taken)) as seen:
            whole.paste(seen.convert("RGB"))
        return whole


def combinations() -> list[tuple[str, int]]:
    """Theme and width of each picture of a page; neighbours differ in one."""
    first, second = THEMES
    wide, narrow = WINDOWS
    return [(first, wide), (second, wide), (second, narrow), (first, narrow)]


def file_name(page: str, theme: str, width: int) -> str:
    return f"{page}-{theme}-{width}.png"


def shrunk(picture: Image.Image) -> Image.Image:
    """The mean colours of squares of `SHRINK` pixels."""
    return picture.reduce(SHRINK)


def encoded(picture: Image.Image) -> bytes:
    """A small picture as PNG of a few kB, each channel within half of `STEP`."""
    steps = np.rint(np.asarray(picture, float) / STEP) * STEP
    out = io.BytesIO()
    rounded = Image.fromarray(np.minimum(steps, 255).astype(np.uint8))
    rounded.save(out, format="PNG", optimize=True)
    return out.getvalue()


def astray(picture: Image.Image, golden: Image.Image) -> np.ndarray:
    """Points (rows, columns) of either picture whose colour the other has nowhere near."""
    one, other = (np.asarray(each.convert("RGB"), np.int16) for each in (picture, golden))

    def beyond(points: np.ndarray, around: np.ndarray) -> np.ndarray:
        size = (2 * NEAR + 1, 2 * NEAR + 1, 1)
        low = ndimage.minimum_filter(around, size) - ALIKE
        high = ndimage.maximum_filter(around, size) + ALIKE
        return ((points < low) | (points > high)).any(axis=2)

    found: np.ndarray = beyond(one, other) | beyond(other, one)
    return found


def differences(picture: Image.Image, golden: Image.Image) -> list[tuple[int, int, int]]:
    """x, y on the page and points astray of each tile that differs, the worst first."""
    if picture.size != golden.size:
        return [(0, 0, picture.width * picture.height)]
    points = astray(picture, golden)
    counts = ndimage.uniform_filter(points.astype(float), TILE, mode="constant") * TILE**2
    middle = np.s_[TILE // 2 :: TILE, TILE // 2 :: TILE]
    tiles = np.rint(counts[middle]).astype(int)
    found = [
        (int(column) * TILE * SHRINK, int(row) * TILE * SHRINK, int(tiles[row, column]))
        for row, column in np.argwhere(tiles > MOST_ASTRAY)
    ]
    return sorted(found, key=lambda each: -each[2])


def compared(
    sitter: Sitter, golden: Image.Image, again: Callable[[], bool]
) -> tuple[Image.Image, list[tuple[int, int, int]]]:
    """The last picture taken and how it differs; another one is taken while `again` says so."""
    while True:
        sitter.settle()
        picture = sitter.picture()
        found = differences(shrunk(picture), golden)
        if not found or not again():
            return picture, found


def kept(folder: Path, name: str, picture: Image.Image, golden: Image.Image) -> Path:
    """Write what is and what was into `folder`, and where they differ; the last one's path."""
    small = shrunk(picture)
    stem = name.removesuffix(".png")
    picture.save(folder / f"{stem}-now.png")
    wide = (golden.width * SHRINK, golden.height * SHRINK)
    golden.resize(wide, Image.Resampling.NEAREST).save(folder / f"{stem}-golden.png")
    path = folder / f"{stem}-difference.png"
    if small.size == golden.size:
        marked = np.asarray(small).copy()
        marked[astray(small, golden)] = (255, 0, 255)
        Image.fromarray(marked).resize(wide, Image.Resampling.NEAREST).save(path)
    return path


@pytest.fixture
def sitter(tabs: Any) -> Iterator[Any]:
    with tabs.lent() as tab:
        lent = Sitter(tab)
        try:
            yield lent
        finally:
            lent.let_go()
