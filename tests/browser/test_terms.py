"""The "?" beside a term: by pointer, keyboard and touch, on pages of Dash and of scripts."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from atlas_app.words.glossary import TERMS

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site = SITE["site"]
pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
DESCRIBED = """() => {
  const { activeElement: at } = document;
  return document.getElementById(at.getAttribute("aria-describedby"))?.textContent;
}"""


def said(key: str) -> str:
    return " ".join(TERMS[key])


def test_a_term_is_explained_by_pointer_and_by_keyboard(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs) as tab:
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(f"{site}/factors")
        note = tab.locator("#term-note")
        stability = tab.locator(".terms-line .term-help[data-term=stability]")
        stability.click()
        assert note.inner_text() == said("stability")
        assert stability.get_attribute("aria-expanded") == "true"
        tab.locator("h1").click()
        note.wait_for(state="hidden")
        assert stability.get_attribute("aria-expanded") == "false"

        help = tab.get_by_role("button", name="What does “Factor” mean?").first
        help.focus()
        # Told before it is shown.
        assert tab.evaluate(DESCRIBED) == said("factor")
        assert note.is_hidden()
        tab.keyboard.press("Enter")
        assert note.is_visible()
        tab.keyboard.press("Escape")
        assert note.is_hidden()
        tab.keyboard.press("Space")
        assert note.is_visible()
        tab.keyboard.press("Tab")
        assert note.is_hidden()

        tab.goto(f"{site}/explore")
        tab.locator(".ex-field .term-help[data-term=factor]").click()
        assert note.inner_text() == said("factor")
        # Of a window whose end is near it stays within.
        tab.locator(".ex-top .term-help[data-term=umap]").click()
        assert note.inner_text() == said("umap")
        box = note.bounding_box()
        assert box["x"] + box["width"] <= 1440
        assert tab.locator("#explore-umap").is_checked()


def test_a_finger_reaches_it_on_a_phone(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, width=390, has_touch=True, dark=True) as tab:
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(f"{site}/")
        note = tab.locator("#term-note")
        for key in ("spot", "slice", "stage", "factor", "digest"):
            help = tab.locator(f"main .term-help[data-term={key}]").first
            help.tap()
            assert note.inner_text() == said(key)
            box = note.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        tab.goto(f"{site}/about")
        tab.locator("#terms dt").last.wait_for()
        assert tab.locator("#terms dt").count() == len(TERMS)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
