"""The tour: greets a first visit once, is there when asked for, and is never in the way."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site, until = SITE["site"], SITE["until"]
pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
# A driven browser is not greeted; here it passes for a reader's.
READER = "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})"
STEPS = ("What you see", "Choose a gene", "A factor and its genes", "Map your own section")
ACTIVE = "document.activeElement"
RINGED = """selector => {
  const ring = document.querySelector(".tour-ring"), it = document.querySelector(selector);
  if (!ring || ring.hidden || !it) return false;
  const a = ring.getBoundingClientRect(), b = it.getBoundingClientRect();
  return Math.abs(a.left - b.left) < 6 && Math.abs(a.top - b.top) < 6 && a.width > 20;
}"""
IN_SIGHT = """selector => {
  const it = document.querySelector(selector).getBoundingClientRect();
  const panel = document.querySelector(".tour-panel").getBoundingClientRect();
  return 56 <= it.top && it.height > 0 && it.bottom <= panel.top;
}"""
BOXES = """() => ["header", "main", ".ex-side", ".ex-main", "footer"].map(name => {
  const { x, y, width, height } = document.querySelector(name).getBoundingClientRect();
  return [name, x, y, width, height];
})"""


@contextmanager
def reader(tabs: Any, **options: Any) -> Iterator[Any]:
    """A tab that passes for one that a person uses."""
    with visitor(tabs, script=READER, **options) as tab:
        yield tab


@contextmanager
def visitor(tabs: Any, **options: Any) -> Iterator[Any]:
    """A tab that a program drives, and says so."""
    with SITE["watched_tab"](tabs, **options) as tab:
        tab.set_default_timeout(PATIENCE_MS)
        yield tab


def ready(tab: Any) -> None:
    tab.wait_for_selector(".nav-links a")
    tab.locator("h1").first.wait_for(state="attached")


def painted(tab: Any) -> None:
    tab.wait_for_selector(".ex-side #explore-gene")
    tab.wait_for_selector(".ex-key .ac-legend-list")


def step(tab: Any, number: int) -> Any:
    panel = tab.get_by_role("dialog", name=STEPS[number])
    panel.wait_for()
    assert f"{number + 1} of 4" in panel.inner_text()
    return panel


def test_a_first_visit_is_greeted_once_and_nothing_moves(tabs: Any, site: str) -> None:
    with reader(tabs) as tab:
        tab.goto(f"{site}/explore")
        painted(tab)
        panel = step(tab, 0)
        assert tab.evaluate(f"{ACTIVE} === document.body"), "the focus was taken"
        assert panel.get_attribute("aria-modal") == "false"
        until(tab, RINGED, ".ex-map")
        with_tour = tab.evaluate(BOXES)
        # What lies beside the panel is worked on while it is open.
        tab.fill("#explore-gene", "ALB")
        tab.locator("#explore-gene-hits [role=option]").first.click()
        tab.wait_for_url(lambda url: "gene:ALB" in url)
        step(tab, 0)
        # In a box of its own Escape does what it does there.
        tab.focus("#explore-gene")
        tab.keyboard.press("Escape")
        step(tab, 0)
        for number, ringed in ((1, "#explore-gene"), (2, "#explore-factor")):
            panel.get_by_role("button", name="Next").click()
            panel = step(tab, number)
            until(tab, RINGED, ringed)
            assert STEPS[number] in tab.locator(".tour-place [role=status]").inner_text()
        panel.get_by_role("button", name="Back").click()
        panel = step(tab, 1)
        tab.keyboard.press("Escape")
        panel.wait_for(state="detached")
        assert tab.locator(".tour-ring").count() == 0
        assert tab.evaluate(f"{ACTIVE}.id") == "tour-start"

        tab.goto(f"{site}/explore")
        painted(tab)
        tab.wait_for_timeout(300)
        assert tab.locator(".tour-panel").count() == 0
        until(tab, f"before => JSON.stringify(({BOXES})()) === JSON.stringify(before)", with_tour)


def test_the_tour_leads_from_page_to_page_when_asked_for(tabs: Any, site: str) -> None:
    with visitor(tabs) as tab:
        tab.goto(f"{site}/about")
        ready(tab)
        button = tab.get_by_role("button", name="Take the tour")
        button.focus()
        tab.keyboard.press("Enter")
        panel = step(tab, 0)
        assert tab.evaluate(f"{ACTIVE}.textContent") == STEPS[0]
        panel.get_by_role("link", name="Open Explore").click()
        tab.wait_for_url(f"{site}/explore**")
        until(tab, RINGED, ".ex-map")
        assert not panel.get_by_role("link").is_visible(), "a link to the page that is open"
        # The keyboard alone: from the heading over Close to Next.
        for number in (1, 2, 3):
            panel.get_by_role("button", name="Next").press("Enter")
            panel = step(tab, number)
        until(tab, RINGED, ".nav-links a[href$='/map']")
        panel.get_by_role("link", name="Open Map").press("Enter")
        tab.wait_for_url(f"{site}/map")
        until(tab, RINGED, ".atlas-upload")
        panel.get_by_role("button", name="Done").press("Enter")
        panel.wait_for(state="detached")
        assert tab.evaluate(f"{ACTIVE}.id") == "tour-start"


def test_it_greets_nobody_who_came_for_something_else(tabs: Any, site: str) -> None:
    with reader(tabs) as tab:
        for address in ("/explore?color=gene:ALB", "/factors", "/?sel=x", "/map"):
            tab.goto(site + address)
            ready(tab)
            tab.wait_for_timeout(250)
            assert tab.locator(".tour-panel").count() == 0, address
            assert tab.evaluate("localStorage.getItem('atlas-tour-seen')") is None
        tab.goto(f"{site}/?atlas=bare")
        step(tab, 0)
    with visitor(tabs) as tab:
        tab.goto(f"{site}/")
        ready(tab)
        tab.wait_for_timeout(250)
        assert tab.locator(".tour-panel").count() == 0, "a driven browser was greeted"


def test_on_a_phone_it_is_a_low_panel_and_shows_what_it_speaks_of(tabs: Any, site: str) -> None:
    options = {"dark": True, "reduced_motion": "reduce", "has_touch": True}
    with reader(tabs, width=390, **options) as tab:
        tab.goto(f"{site}/explore")
        painted(tab)
        panel = step(tab, 0)
        box = panel.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] < 260
        style = "getComputedStyle(document.querySelector('.tour-panel'))"
        assert tab.evaluate(f"{style}.animationName") == "none"
        assert tab.evaluate(f"{style}.backgroundColor") == "rgb(36, 36, 36)"
        assert tab.evaluate("scrollY") == 0
        for number, selector in ((1, "#explore-gene"), (2, "#explore-factor")):
            panel.get_by_role("button", name="Next").tap()
            panel = step(tab, number)
            until(tab, IN_SIGHT, selector)
        before = tab.evaluate("scrollY")
        panel.get_by_role("button", name="Next").tap()
        panel = step(tab, 3)
        assert tab.evaluate("scrollY") == before
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        panel.get_by_role("button", name="Close the tour").tap()
        panel.wait_for(state="detached")
