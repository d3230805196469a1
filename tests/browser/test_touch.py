"""Fingers on the maps: one moves, two zoom, a tap tells of a spot, and a tool draws with one."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site = SITE["site"]
pytestmark = pytest.mark.browser
Points = list[tuple[float, float]]


def fingers(tab: Any) -> Callable[..., None]:
    """Touches the page as a screen does: `touch([a], [b])` lays two fingers down, one on the first
    point of each path, moves both along, and lifts them."""
    session = tab.context.new_cdp_session(tab)

    def send(kind: str, points: Points) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def touch(*paths: Points) -> None:
        # One after the other, as no two come down at once.
        for last in range(1, len(paths) + 1):
            send("touchStart", [path[0] for path in paths[:last]])
        for step in range(1, len(paths[0])):
            send("touchMove", [path[step] for path in paths])
        for left in range(len(paths) - 1, -1, -1):
            send("touchEnd", [path[-1] for path in paths[:left]])

    return touch


def opened(tab: Any, address: str, host: str) -> Callable[[str], Any]:
    """Asks the canvas of a page, `c`, once it is drawn."""
    tab.goto(address)
    tab.locator(f"{host} .ac-root").wait_for()

    def ask(expression: str) -> Any:
        found = f"document.querySelector('{host}').atlasCanvas"
        return tab.evaluate(f"(async (c) => {expression})({found})")

    assert ask("await c.ready") is True
    return ask


def until(tab: Any, ask: Callable[[str], Any], condition: str) -> None:
    for _ in range(400):
        if ask(condition):
            return
        tab.wait_for_timeout(25)
    raise AssertionError(f"still not so: {condition}; {ask('c.state.camera')}")


def test_explore_is_operated_by_fingers(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, width=390) as tab:
        ask = opened(tab, f"{site}/explore?color=obs:domain&umap=0", ".atlas-explore")
        touch = fingers(tab)
        box = tab.locator(".ac-spatial").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        card = tab.locator(".ac-card")

        seen = ask("c.screenOf(0)")
        root = tab.locator(".atlas-explore .ac-root").bounding_box()
        touch([(root["x"] + seen["x"], root["y"] + seen["y"])])
        card.locator("dt").first.wait_for()
        assert not ask("c.state.camera")

        before = ask("c.screenOf(0)")
        touch([(x, y), (x + 20, y + 8), (x + 40, y + 16)])
        until(tab, ask, "c.state.camera")
        after = ask("c.screenOf(0)")
        moved = (round(after["x"] - before["x"]), round(after["y"] - before["y"]))
        assert moved == (40, 16)
        # Only a tap tells of a spot; the page itself has not scrolled.
        assert card.is_hidden()
        assert tab.evaluate("scrollY") == 0

        touch([(x - 30, y), (x - 60, y)], [(x + 30, y), (x + 60, y)])
        until(tab, ask, "Math.abs(c.cameras.spatial.k - 2) < 0.01")
        assert card.is_hidden()
        tab.get_by_role("toolbar").get_by_role("button", name="Show all").click()

        tab.get_by_role("button", name="Lasso").click()
        left, top = box["x"] + 4, box["y"] + 4
        right, low = left + box["width"] - 60, top + box["height"] - 60
        around = [(left, top), (right, top), (right, low), (left, low), (left, top + 9)]
        touch(around)
        until(tab, ask, "c.pickedCount > 0")
        picked = ask("c.pickedCount")
        # Two fingers zoom also while a tool draws, and leave no outline.
        touch([(x - 30, y), (x - 60, y)], [(x + 30, y), (x + 60, y)])
        until(tab, ask, "Math.abs(c.cameras.spatial.k - 2) < 0.01")
        assert ask("c.pickedCount") == picked
        assert ask("c.frame.overlays.spatial.paths.draft.getAttribute('d')") is None


def test_the_animation_is_moved_by_fingers(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, width=390) as tab:
        ask = opened(tab, f"{site}/stages?view=film&of=domain:*", ".atlas-film")
        touch = fingers(tab)
        panel = tab.locator(".atlas-film .ac-spatial")
        panel.scroll_into_view_if_needed()
        box = panel.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        touch([(x - 30, y), (x - 60, y)], [(x + 30, y), (x + 60, y)])
        until(tab, ask, "Math.abs(c.cameras.spatial.k - 2) < 0.01")
        place = ask("c.cameras.spatial.x")
        touch([(x, y), (x + 30, y)])
        until(tab, ask, f"c.cameras.spatial.x !== {place}")
        handle = tab.get_by_role("slider").first
        handle.scroll_into_view_if_needed()
        slider = handle.bounding_box()
        time = ask("c.t")
        at = slider["y"] + slider["height"] / 2
        touch([(slider["x"] + 2, at), (slider["x"] + slider["width"] / 2, at)])
        until(tab, ask, f"c.t !== {time}")
