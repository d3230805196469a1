"""Pages that are loading: what is late says so, and nothing jumps."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SITE = runpy.run_path(str(HERE / "page_site.py"))
site = SITE["site"]
SHIFT = (HERE / "layout_shift.js").read_text(encoding="utf-8")
MOST_SHIFT = 0.05
pytestmark = pytest.mark.browser
# What is marked 100 ms after a request was made; its clock starts once that of the page has.
WATCH = """() => {
  const plain = window.fetch;
  const marked = () => {
    const bar = document.querySelector(".page-waiting.is-late");
    const busy = [...document.querySelectorAll("main [aria-busy=true]")];
    return [bar && getComputedStyle(bar).visibility, ...busy.map((node) => node.id)];
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  window.fetch = (asked, sent) => {
    if (/_dash-update-component/.test(asked)) {
      window.soon = pause(0).then(() => pause(100)).then(marked);
    }
    return plain(asked, sent);
  };
}"""
FOLLOW = """address => {
  history.pushState(null, "", address);
  dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}"""


def test_what_is_late_says_so_and_is_quiet_once_it_is_there(
    tabs: Any, site: str, tmp_path: Path
) -> None:
    """On every page that has not its own way: within 100 ms, where it will stand."""
    query = SITE["make_query"](tmp_path / "left heart.h5ad")
    job = SITE["map_section"](f"{site}/api/v1/atlases/test", query)
    with SITE["watched_tab"](tabs) as tab:
        tab.goto(f"{site}/about")
        tab.locator("#http-interface").wait_for()
        tab.wait_for_load_state("networkidle")
        # On a busy machine the page itself was late; that is to go once it is there.
        tab.wait_for_selector("[data-late=true], .page-waiting.is-late", state="detached")
        held: list[Any] = []
        holds = [True]
        tab.route(
            "**/_dash-update-component*",
            lambda route: held.append(route) if holds[0] else route.continue_(),
        )
        tab.evaluate(WATCH)
        for address, part, there in (
            ("/", "page", "#home-canvas"),
            ("/factors", "page", "#factors-detail"),
            ("/factors?factor=2", "factors-detail", "#factor-canvas[data-color='factor:2']"),
            ("/map", "page", "#map-upload"),
            (f"/map?job={job}", "map-content", "#map-download"),
        ):
            holds[0] = True
            tab.evaluate(FOLLOW, site + address)
            tab.locator(f"#{part}[aria-busy=true]").wait_for()
            # A page that is left may have asked for a part of its own as well.
            bar, *busy = tab.evaluate("window.soon")
            assert (bar, part in busy) == ("visible", True), (address, busy)
            tab.get_by_role("status").get_by_text("Loading", exact=True).wait_for()
            holds[0] = False
            while held:
                held.pop().continue_()
            tab.locator(there).wait_for()
            tab.wait_for_selector("[data-late=true], .page-waiting.is-late", state="detached")
            tab.wait_for_selector("main [aria-busy=true]", state="detached")
        tab.unroute("**/_dash-update-component*")


def test_nothing_jumps_on_a_phone_and_when_the_colour_changes(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, width=390) as tab:
        tab.goto(f"{site}/explore?color=obs:domain")
        ready = "async () => await document.querySelector('.atlas-explore')?.atlasCanvas?.ready"
        tab.locator(".atlas-explore .ac-root").wait_for()
        assert tab.evaluate(ready) is True
        # Blended genes have the largest key, a domain that of several lines.
        for color in ("gene:ALB", "blend:ALB,MYH7", "obs:domain", "factor:1"):
            tab.evaluate(
                "color => document.querySelector('.atlas-explore').atlasCanvas.set({ color })",
                color,
            )
        loaded = tab.evaluate(SHIFT, 0)
        assert loaded["score"] <= MOST_SHIFT, loaded
        since = tab.evaluate("performance.now()")
        for address, there in (
            ("/factors?factor=1", "#factors-grid .ag-row"),
            ("/factors?factor=2", "#factor-canvas[data-color='factor:2'] .ac-key"),
        ):
            tab.evaluate(FOLLOW, site + address)
            tab.locator(there).first.wait_for()
            tab.locator("main .main-svg").first.wait_for()
        gone_on = tab.evaluate(SHIFT, since)
        assert gone_on["score"] <= MOST_SHIFT, gone_on
        # What jumps is seen.
        since = tab.evaluate("performance.now()")
        tab.evaluate(
            "() => document.querySelector('main').insertAdjacentHTML('afterbegin', "
            "'<p style=\"height: 200px\"></p>')"
        )
        assert tab.evaluate(SHIFT, since)["score"] > MOST_SHIFT
