"""Pages on screens between a phone and a desk, 768 and 1024 pixels wide."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

TOPS = """nodes => [...new Set(nodes.filter(({ offsetParent }) => offsetParent).map(
  (node) => Math.round(node.getBoundingClientRect().bottom)))]"""
CUT = """nodes => nodes.filter((node) => node.scrollWidth > node.clientWidth + 1)
  .map((node) => node.textContent)"""


@pytest.mark.parametrize("view", ["course", "changes"])
def test_views_and_fields_of_stages_stand_in_a_row_each(tab: Any, view: str) -> None:
    page = tab(f"/stages?view={view}", width=768).page
    page.locator(".stages-controls input:not([type=radio])").first.wait_for()
    for row in (".stages-views a", ".stages-controls > *"):
        assert len(page.locator(row).evaluate_all(TOPS)) == 1, row


def test_every_stage_is_named_where_there_is_room(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore", width=768)
    canvas(opened)
    names = [part["name"] for part in http.description["stages"]]
    ticks = opened.page.locator(".ex-tick:not(.is-crowded)")
    assert ticks.all_inner_texts() == ["All", *names]
    assert opened.page.get_by_text("Stage", exact=True).is_visible()
    # Slices and checks have one row.
    boxes = opened.page.locator(".ex-top > :not(.ex-stages)")
    middles = boxes.evaluate_all(
        "nodes => nodes.map(n => n.getBoundingClientRect()).filter(b => b.height)"
        ".map(b => (b.top + b.bottom) / 2)"
    )
    assert max(middles) - min(middles) < 4


def test_numbers_of_two_factors_are_whole(tab: Any) -> None:
    page = tab("/factors?factor=1&with=2", width=1024).page
    page.get_by_text("Choose one to see its card.").scroll_into_view_if_needed()
    cells = page.locator("#factors-compare-grid .ag-cell[col-id=difference]")
    cells.first.wait_for()
    assert cells.evaluate_all(CUT) == []
