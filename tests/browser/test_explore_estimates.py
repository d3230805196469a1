"""Explore: a gene as measured, as its factors estimate it, and the difference, each marked."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def spots_under(view: Any, selector: str) -> int:
    """Device pixels of spots that lie below an element."""
    found: int = view.ask(
        """(() => {
          const home = c.frame.root.getBoundingClientRect();
          const box = c.frame.root.querySelector(a).getBoundingClientRect();
          let n = 0;
          for (let x = box.left; x < box.right; x++) for (let y = box.top; y < box.bottom; y++) {
            const at = [x - home.left, y - home.top].map((v) => Math.floor(v * c.map.ratio));
            if (c.map.at(...at) >= 0) n++;
          }
          return n;
        })()""",
        selector,
    )
    return found


def test_an_estimate_never_passes_for_a_measured_value(tab: Any, canvas: Any, http: Any) -> None:
    gene = next(each["name"] for each in http.genes("a") if each["fitted"])
    opened = tab(f"/explore?color=gene:{gene}")
    view = canvas(opened)
    page, key, mark = opened.page, opened.page.locator(".ex-key"), opened.page.locator(".ac-mark")
    sorts = page.get_by_role("group", name="What is shown of the gene")
    assert mark.is_hidden()
    assert key.locator(".ac-key-title").text_content() == gene
    sorts.get_by_role("button", name="Factors' estimate").click()
    view.wait_color(f"estimate:{gene}")
    assert mark.text_content() == "Factors' estimate: not measured"
    assert key.locator(".ac-key-mark").text_content() == mark.text_content()
    assert key.locator(".ac-key-title").text_content() == f"{gene} (factors' estimate)"
    assert "Held out" in key.text_content()
    assert key.locator(".ac-track.is-predicted").count() == 1
    data, low, high = http.values("estimate", gene)
    assert (data < 255).all()
    assert [low, high] == pytest.approx(view.ask("[c.key.lo, c.key.hi]"))
    assert page.get_by_role("combobox", name="Gene").input_value() == gene

    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        opened.until("w => document.querySelector('.atlas-explore').clientWidth <= w", width)
        view.wait("c.frame.size[0] === c.frame.root.clientWidth")
        assert spots_under(view, ".ac-mark") == 0

    sorts.get_by_role("button", name="Difference").click()
    view.wait_color(f"difference:{gene}")
    assert key.locator(".ac-bar-form").is_hidden()
    low, high = view.ask("[c.key.lo, c.key.hi]")
    assert low == -high
    assert sum(view.ask("c.key.clip")) == 254
    opened.open(page.url.removeprefix(opened.site))
    view = canvas(opened)
    view.wait_color(f"difference:{gene}")
    pressed = sorts.locator("[aria-pressed=true]")
    assert pressed.text_content() == "Difference"
    with page.expect_download() as waiting:
        sorts.get_by_role("link", name="Values (CSV)").click()
    assert "with-factors-estimate" in waiting.value.suggested_filename
    sorts.get_by_role("button", name="Measured").click()
    view.wait_color(f"gene:{gene}")
    assert mark.is_hidden()
    assert key.locator(".ac-bar-form").is_visible()
