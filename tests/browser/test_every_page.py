"""What holds for every page: texts stand out from what lies behind them; what scrolls says so."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PICTURES = runpy.run_path(str(HERE / "pictures.py"))
OPENINGS = runpy.run_path(str(HERE / "openings.py"))["OPENINGS"]
sitter = PICTURES["sitter"]
CONTRAST = (HERE / "contrast.js").read_text(encoding="utf-8")
FORCE = (HERE / "force_state.js").read_text(encoding="utf-8")
STATES = ("", "hover", "focus")
# Theme and width of the windows in which all is opened. A phone closes some of it.
OPENED = (("light", 1440), ("dark", 1440), ("dark", 390))
# The card of the gene lies over the map of a phone.
ONLY_WIDE = ("gene",)
MORE = {
    "abundance": "/stages?view=abundance",
    "alike": "/stages?view=relations&node=1:brain",
    "two factors": "/factors?factor=1&with=2",
    "fault": "/stages?of=gene:NOPE",
    "selected": "/explore?color=gene:ALB&picked=0",
    "differs": "/explore?sel=spatial*20_20_120_20_120_80_20_80*0*1*2*3&diff=slices",
    "nothing": "/no-such-page",
}
"""Views beside those that are pictured."""
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def addresses(
    server: Any, small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("every")
    with PICTURES["pictured_site"](server, small_stores[0], folder) as found:
        site = found["home"].rstrip("/")
        yield found | {name: site + address for name, address in MORE.items()}


def judged(sitter: Any, states: tuple[str, ...]) -> dict[str, str]:
    """Texts that do not stand out, each with the first of the states in which it does not."""
    wrong: dict[str, str] = {}
    for state in states:
        assert bool(sitter.tab.evaluate(FORCE, state)) == bool(state)
        answer = sitter.tab.evaluate(CONTRAST)
        assert answer["seen"] > 10
        for each in answer["found"]:
            wrong.setdefault(each, f"{state}: {each}")
    sitter.tab.evaluate(FORCE, "")
    return wrong


@pytest.mark.parametrize("page", [*PICTURES["PAGES"], *MORE])
def test_every_text_stands_out(sitter: Any, addresses: dict[str, str], page: str) -> None:
    """At rest, in a wide and in a narrow window, where it is pointed at or has the focus, and in
    what opens."""
    wrong: dict[str, str] = {}
    sitter.tab.goto(addresses[page])
    for theme, width in PICTURES["combinations"]():
        sitter.pose(theme, width)
        sitter.settle()
        # What is pointed at has the same colours in both.
        for each, where in judged(sitter, STATES if width == 1440 else STATES[:1]).items():
            wrong.setdefault(each, f"{theme}, {width} px {where}")
    for theme, width in OPENED if page in OPENINGS else ():
        if page in ONLY_WIDE and width != 1440:
            continue
        sitter.pose(theme, width)
        sitter.settle()
        for number, opening in enumerate(OPENINGS[page]):
            opened = opening(sitter.tab)
            opened.wait_for()
            sitter.settle()
            found = judged(sitter, STATES[:2])
            assert opened.is_visible(), f"opening {number} of {page} has closed"
            for each, where in found.items():
                wrong.setdefault(each, f"{theme}, {width} px, opening {number} {where}")
            sitter.tab.keyboard.press("Escape")
            sitter.tab.mouse.move(0, 0)
    assert not wrong, "\n".join(wrong.values())


def test_a_text_that_does_not_stand_out_is_found(sitter: Any, addresses: dict[str, str]) -> None:
    sitter.tab.goto(addresses["nothing"])
    sitter.pose("light", 1440)
    sitter.settle()
    sitter.tab.evaluate("""() => document.querySelector("main").insertAdjacentHTML("beforeend", `
      <p style="color: #777">grey</p> <p style="color: #767676">enough</p>
      <p style="color: #949494; font-size: 24px">large</p>
      <div style="opacity: .5"><p style="color: #333">faded</p></div>
      <div style="background: #087f5b"><p style="color: #2a2">green</p></div>
      <svg><text y="20" fill="#999">drawn</text></svg>
      <button disabled style="color: #ddd">off</button>
      <input placeholder="hint"> <style>input::placeholder { color: #bbb }
        #pointed, #focused { background: #fff; color: #333; transition: color 1s }
        #pointed:hover { color: #bbb }
        @media (width > 1px) { #focused:focus-visible { background: #333 } }</style>
      <a id="pointed" href="#">pointed</a> <button id="focused">focused</button>`)""")
    rest = {"grey", "faded", "green", "drawn", "hint"}
    words = {*rest, "enough", "large", "off", "pointed", "focused"}
    for state, wrong in (("", rest), ("hover", rest | {"pointed"}), ("focus", rest | {"focused"})):
        sitter.tab.evaluate(FORCE, state)
        found = " ".join(sitter.tab.evaluate(CONTRAST)["found"])
        assert {word for word in words if f'"{word}"' in found} == wrong


def test_what_scrolls_sideways_fades_where_it_goes_on(
    sitter: Any, addresses: dict[str, str]
) -> None:
    sitter.tab.goto(addresses["alike"])
    sitter.pose("light", 390)
    sitter.settle()
    chart = sitter.tab.get_by_role("region", name="Chart: Domains by stage")
    table = sitter.tab.locator(".stages-scroll .mantine-ScrollArea-viewport").first
    place = chart.bounding_box()
    for node in (chart, table):
        assert node.get_attribute("data-more") == "right"
        node.evaluate("node => node.scrollTo(8, 0)")
        node.and_(sitter.tab.locator("[data-more='left right']")).wait_for()
        node.evaluate("node => node.scrollTo(9999, 0)")
        node.and_(sitter.tab.locator("[data-more='left']")).wait_for()
        mask = node.evaluate("node => getComputedStyle(node).maskImage")
        assert "36px" in mask
    assert chart.bounding_box() == place
    sitter.pose("light", 1440)
    sitter.settle()
    assert chart.get_attribute("data-more") is None
    sitter.tab.goto(addresses["factors"])
    sitter.pose("light", 390)
    sitter.settle()
    rows = sitter.tab.locator("#factors-grid .ag-center-cols-viewport")
    assert rows.get_attribute("data-more") == "right"
    sitter.tab.goto(addresses["differs"])
    sitter.settle()
    sitter.tab.locator(".ex-genes[data-more=right]").wait_for()


@pytest.mark.parametrize("what", ["genes", "factors"])
def test_what_fits_is_not_said_to_go_on(sitter: Any, addresses: dict[str, str], what: str) -> None:
    """The eight columns of what changes, in half a page."""
    sitter.tab.goto(f"{addresses['changes']}&what={what}")
    sitter.pose("light", 1440)
    sitter.settle()
    rows = sitter.tab.locator("#stages-grid .ag-center-cols-viewport")
    assert rows.evaluate("node => node.scrollWidth - node.clientWidth") <= 1
    assert rows.get_attribute("data-more") is None
