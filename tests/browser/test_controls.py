"""Every control of every page: it is reached by the tab key alone, is seen to have the focus, and
its outline stands out."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PICTURES = runpy.run_path(str(HERE / "pictures.py"))
sitter = PICTURES["sitter"]
CONTROLS = (HERE / "controls.js").read_text(encoding="utf-8")
SLACK = 40
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def addresses(
    server: Any, small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("controls")
    with PICTURES["pictured_site"](server, small_stores[0], folder) as found:
        yield found


@pytest.mark.parametrize("page", PICTURES["PAGES"])
def test_every_control_is_seen_and_reached(
    sitter: Any, addresses: dict[str, str], page: str
) -> None:
    tab = sitter.tab
    tab.goto(addresses[page])
    faint: dict[str, str] = {}
    for theme in ("dark", "light"):
        sitter.pose(theme, 1440)
        sitter.settle()
        tab.evaluate(CONTROLS)
        faint |= {each: theme for each in tab.evaluate("controls.edges()")}
    assert not faint, "\n".join(f"{theme}: {each}" for each, theme in faint.items())
    for _ in range(tab.evaluate("controls.walk()") + SLACK):
        tab.keyboard.press("Tab")
    walk = tab.evaluate("controls.walked()")
    assert walk["stops"] > 8
    assert walk["ends"], f"the focus does not come back to where it began: {walk}"
    for wrong in ("missed", "back", "unmarked"):
        assert not walk[wrong], f"{wrong}:\n" + "\n".join(walk[wrong])
