"""The key of the animation of stages, which counts what is shown at the moment."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.store import Atlas, open_atlas

pytestmark = pytest.mark.browser
site = runpy.run_path(str(Path(__file__).with_name("page_site.py")))["site_of_atlas"]

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "atlas_app" / "small_atlas.py"))
FILM = "/stages?view=film&of=domain:*"


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Slices 0 to 2 at E9, 3 and 4 at E10, 5 at E11."""
    path = tmp_path_factory.mktemp("film") / "x.atlas.zarr"
    return open_atlas(SMALL["write_stacks"](path))


# What the legend counts, and where its names lie on the page.
COUNTED = """() => {
  const rows = [...document.querySelectorAll(".atlas-film .ac-legend-item")];
  const box = (node) => { const { x, y } = node.getBoundingClientRect(); return [x, y]; };
  return {
    counts: rows.map((row) => Number(row.querySelector(".ac-legend-count").innerText)),
    places: rows.map((row) => box(row.querySelector(".ac-legend-name"))),
  };
}"""


def test_the_key_counts_the_slice_that_is_shown(tab: Any, canvas: Any, atlas: Atlas) -> None:
    n = len(atlas.obs_columns["domain"].categories)
    codes = np.zeros(atlas.n_spots, np.uint8)
    # A slice has the more domains the later it comes, and the last one spots of none.
    for number, part in enumerate(atlas.slices):
        codes[part.start : part.stop] = np.arange(part.n_spots) % (1 + min(number, n - 1))
    codes[-7:] = 255
    opened = tab()
    page = opened.page

    def counted_otherwise(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=codes.tobytes())

    page.route("**/values/obs/domain*", counted_otherwise)
    opened.open(FILM)
    view = canvas(opened, ".atlas-film")

    def wanted(number: int) -> list[int]:
        part = atlas.slices[number]
        found = np.bincount(codes[part.start : part.stop], minlength=256)
        return [*found[:n].tolist(), int(found[255])]

    found = []
    for t, number in ((9.4, 0), (9.6, 3), (11.0, 5), (9.0, 0)):
        view.ask("c.seek(a)", t)
        found.append(page.evaluate(COUNTED))
        assert found[-1]["counts"] == wanted(number), t
    # What is counted changes, and nothing moves.
    assert all(each["places"] == found[0]["places"] for each in found)
    page.get_by_role("slider", name="Time").press("PageUp")
    view.wait("Math.abs(c.t - 10) < 1e-6")
    page.get_by_label("Slice of E10, one of 2").select_option("b2")
    assert page.evaluate(COUNTED)["counts"] == wanted(4)
