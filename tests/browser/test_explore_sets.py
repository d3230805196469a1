"""Explore: a list of genes becomes a colour, and its link works elsewhere."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import numpy as np
import pytest

from atlas_app.genesets import address

pytestmark = pytest.mark.browser


def paste(tab: Any, text: str) -> None:
    page = tab.page
    if page.locator("#explore-set-panel").is_hidden():
        page.get_by_role("button", name=re.compile("^Gene set:")).click()
    page.get_by_label("Genes of the set").fill(text)
    page.get_by_role("button", name="Show score").click()


def scores(http: Any, genes: list[str]) -> np.ndarray:
    """Scores as the table of the interface gives them."""
    with urllib.request.urlopen(f"{http.base}/scores.csv?of={','.join(genes)}") as answer:
        lines = answer.read().decode().splitlines()[1:]
    return np.array([float(line.split(",")[3]) for line in lines])


def test_a_pasted_list_colours_the_map(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    a, b, c = (hit["name"] for hit in http.genes("m")[:3])
    paste(opened, f"{a.lower()}; NOSUCH\n{b}, '{c}' {a.lower()}")
    view.wait_color(f"set:{a},{b},{c}")
    assert f"color=set:{a},{b},{c}" in opened.page.url
    status = opened.page.locator(".ex-set-status").inner_text()
    assert "3 of 4 genes found." in status
    assert "Not in this atlas: NOSUCH." in status
    assert "1 listed more than once" in status
    assert opened.page.get_by_role("button", name="Gene set: 3 genes").is_visible()
    key = opened.page.locator(".ex-key")
    assert key.locator(".ac-key-title").text_content() == "Set of 3 genes"
    assert key.locator(".ac-key-unit").text_content() == "spreads above control genes"
    # What the spots are coloured by is what the table says.
    drawn = np.array(view.ask("[...c.values.bytes]"))
    lo, hi = view.ask("[c.values.lo, c.values.hi]")
    np.testing.assert_allclose(
        lo + drawn / 254 * (hi - lo), scores(http, [a, b, c]), atol=(hi - lo) / 500
    )
    with opened.page.expect_download() as waiting:
        opened.page.get_by_role("link", name="Scores (CSV)").click()
    assert re.fullmatch(r".*-set-of-3-.*\.csv", waiting.value.suggested_filename)
    opened.page.go_back()
    view.wait_color("obs:domain")
    assert opened.page.get_by_role("button", name="Gene set: Paste genes").is_visible()


def test_links_of_short_and_long_sets_work_in_another_browser(
    tab: Any, canvas: Any, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    with urllib.request.urlopen(f"{http.base}/genes?limit=200") as answer:
        names = [hit["name"] for hit in json.load(answer)["genes"]]
    # This atlas has too few genes for a link of 2 KB.
    monkeypatch.setattr(address, "MOST_BYTES", 1000)
    assert len(",".join(names)) > 1000
    for genes in (names[:5], names):
        paste(opened, "\n".join(genes))
        opened.page.get_by_role("button", name=f"Gene set: {len(genes)} genes").wait_for()
        view.wait("c.applied.color === c.state.color && c.valuesColor.startsWith('set:')")
        first = view.ask("[...c.values.bytes]")
        link = opened.page.url.removeprefix(opened.site)
        assert ("=set:~" in link) == (genes is names)
        assert len(link) < 600
        # Another profile shares no cache with this one.
        fresh = tab(link, fresh=True)
        other = canvas(fresh)
        assert other.ask("c.valuesColor") == view.ask("c.valuesColor")
        assert other.ask("[...c.values.bytes]") == first
        assert other.ask("c.key.title") == f"Set of {len(genes)} genes"
        fresh.page.get_by_role("button", name=f"Gene set: {len(genes)} genes").click()
        shown = fresh.page.get_by_label("Genes of the set")
        fresh.until("() => document.querySelector('#explore-set-genes').value !== ''")
        assert set(shown.input_value().split()) == set(genes)
        assert f"{len(genes)} found." in fresh.page.locator(".ex-set-status").inner_text()


def test_sets_of_the_atlas_are_offered_by_name(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Gene set: Paste genes").click()
    choice = page.get_by_label("Sets of this atlas")
    choice.locator("optgroup[label='Markers of a domain']").wait_for(state="attached")
    marker = choice.locator("optgroup[label='Markers of a domain'] option").first
    assert marker.text_content().startswith("Markers of ")
    factor = choice.locator("optgroup[label='Genes of a factor'] option").nth(2)
    choice.select_option(factor.get_attribute("value"))
    view.wait("c.valuesColor.startsWith('set:') && c.applied.color === c.valuesColor")
    assert len(page.get_by_label("Genes of the set").input_value().split()) == 25
    assert page.get_by_role("button", name="Gene set: 25 genes").is_visible()
    # A programme's own genes score where the programme is used.
    score = np.array(view.ask("[...c.values.bytes]"), dtype=float)
    page.get_by_label("Factor", exact=True).select_option("2")
    view.wait_color("factor:2")
    used = np.array(view.ask("[...c.values.bytes]"), dtype=float)
    assert np.corrcoef(score, used)[0, 1] > 0.5


def test_the_keyboard_is_enough_and_faults_are_told(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    page.locator("#explore-set").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Genes of the set")
    assert field.evaluate("node => node === document.activeElement")
    page.keyboard.type("NOPE")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").filter(has_text="none of these genes").wait_for()
    opened.forgive("400")
    assert view.ask("c.valuesColor") == "obs:domain"
    gene = http.genes("m")[0]["name"]
    field.fill(f"{gene} NOPE")
    page.keyboard.press("Control+Enter")
    view.wait_color(f"set:{gene}")
    page.keyboard.press("Escape")
    assert page.locator("#explore-set-panel").is_hidden()
    assert page.locator("#explore-set").evaluate("node => node === document.activeElement")


def test_a_set_linked_in_another_version_of_the_atlas_is_said(
    tab: Any, canvas: Any, http: Any
) -> None:
    opened = tab("/explore?color=set:~000000000000.AAAA")
    view = canvas(opened)
    opened.page.get_by_role("alert").filter(has_text="another version").wait_for()
    opened.forgive("404")
    assert view.ask("c.valuesColor") == "obs:domain"


@pytest.mark.parametrize("dark", [False, True])
def test_the_panel_fits_a_phone(tab: Any, canvas: Any, dark: bool) -> None:
    opened = tab("/explore", width=390, dark=dark)
    canvas(opened)
    opened.page.get_by_role("button", name="Gene set: Paste genes").click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    box = opened.page.get_by_role("button", name="Show score").bounding_box()
    assert box["height"] >= 24
