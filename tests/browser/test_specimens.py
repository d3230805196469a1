"""Where slices are of one specimen, specimens can be the replicates of a test."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from training.store import Atlas, open_atlas

pytestmark = pytest.mark.browser
site = runpy.run_path(str(Path(__file__).with_name("page_site.py")))["site_of_atlas"]

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "atlas_app" / "small_atlas.py"))


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Three sections at E9, two of them of one donor, and two at E10."""
    path = tmp_path_factory.mktemp("specimens") / "x.atlas.zarr"
    donors = ["one", "one", "two", "three", "four", "five"]
    return open_atlas(SMALL["write_stacks"](path, donors=donors))


def test_a_selection_is_tested_over_specimens(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?color=obs:domain&umap=0")
    view, page = canvas(opened), opened.page
    width = view.ask("c.frame.panels.spatial.rect.width")
    # The left half of every tile.
    for number in range(3):
        tile = view.ask("c.layout.tiles[a]", number)
        right, bottom = tile["x"] + tile["width"] / 2, tile["y"] + tile["height"]
        assert right < width
        corners = [[tile["x"], tile["y"]], [right, tile["y"]], [right, bottom], [tile["x"], bottom]]
        view.ask("c.picks.draw('spatial', ...a)", [corners, "add" if number else "new"])
    view.wait("c.pickedCount > 30")
    page.get_by_role("button", name="What differs").click()
    panel = page.get_by_role("region", name="What differs", exact=True)
    panel.get_by_text("n = 3 slices").wait_for()
    assert "Some are of one specimen" in panel.locator(".ex-warning").text_content()
    panel.get_by_role("button", name="Test specimens").click()
    panel.get_by_text("n = 2 specimens").wait_for()
    assert "diff=specimens" in page.url
    assert "Moderated paired t over specimens" in panel.locator(".ex-said").first.text_content()
    panel.get_by_role("button", name="Test slices instead").click()
    panel.get_by_text("n = 3 slices").wait_for()


def test_changes_are_tested_over_specimens(tab: Any, site: str) -> None:
    page = tab("/stages?view=changes&a=E9&b=E10").page
    page.get_by_text("3 slices of E9, 2 of E10").wait_for()
    page.get_by_role("radiogroup", name="Replicates").get_by_text("Specimens").click()
    page.get_by_text("2 specimens (3 slices) of E9, 2 specimens (2 slices) of E10").wait_for()
    assert "by=specimens" in page.url
