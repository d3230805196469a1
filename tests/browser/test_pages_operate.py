"""Every control of Home, Factors, About and of the shell, operated in a real browser."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site, until = SITE["site"], SITE["until"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def tab(tabs: Any) -> Iterator[Any]:
    with SITE["watched_tab"](tabs) as page:
        yield page


def painted(tab: Any, host: str) -> None:
    """Wait until the canvas in `host` has drawn its first frame."""
    until(tab, "host => document.querySelector(host)?.querySelector('canvas')?.width > 100", host)


def heading(tab: Any, text: str) -> None:
    tab.get_by_role("heading", name=text, exact=True).first.wait_for()


def test_home_leads_everywhere_and_back_returns(tab: Any, site: str) -> None:
    tab.goto(site)
    heading(tab, "A test tissue")
    painted(tab, "#home-canvas")
    assert tab.title() == "A test tissue"
    assert "Nobody (2024)" in tab.inner_text("main")
    for text, address in (
        ("Explore the tissue", "/explore"),
        ("Read the factors", "/factors"),
        ("Map your section", "/map"),
        ("Open in Explore", "/explore?color=obs:domain"),
        ("E10", "/explore?stage=E10"),
    ):
        tab.get_by_role("link", name=text, exact=True).click()
        tab.wait_for_url(lambda url, end=address: url.startswith(f"{site}{end}"))
        tab.wait_for_selector("#home-canvas", state="detached")
        tab.go_back()
        tab.wait_for_url(f"{site}/")
        heading(tab, "A test tissue")
        painted(tab, "#home-canvas")


def test_the_first_tab_stop_skips_and_the_navigation_marks_the_page(tab: Any, site: str) -> None:
    tab.goto(f"{site}/nothing")
    heading(tab, "No such page")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    assert tab.url.endswith("#content")
    heading(tab, "No such page")
    tab.get_by_role("link", name="Go to the front page").click()
    heading(tab, "A test tissue")
    for name in ("Explore", "Factors", "Map", "About"):
        tab.locator(".nav-links").get_by_role("link", name=name, exact=True).click()
        current = tab.locator(".nav-links [aria-current=page]")
        current.filter(has_text=re.compile(f"^{name}$")).wait_for()
        assert tab.url == f"{site}/{name.lower()}"
    tab.get_by_role("link", name="A test tissue: front page").click()
    tab.wait_for_url(f"{site}/")


def test_the_picker_opens_the_other_atlas_on_the_same_page(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=1")
    tab.get_by_role("button", name="Atlas").click()
    tab.get_by_role("menuitem", name="bare").click()
    tab.wait_for_url(f"{site}/factors?atlas=bare")
    painted(tab, "#factor-canvas")
    assert "/atlases/bare" in tab.get_attribute("#factor-canvas", "data-base")
    tab.locator(".nav-links").get_by_role("link", name="About").click()
    tab.get_by_text("The builder of this atlas left the card empty.").wait_for()
    tab.go_back()
    painted(tab, "#factor-canvas")
    tab.go_back()
    tab.wait_for_url(f"{site}/factors?factor=1")
    tab.goto(f"{site}/?atlas=none")
    heading(tab, "No such atlas")
    tab.get_by_role("link", name="Open the first atlas").click()
    heading(tab, "A test tissue")


def test_the_theme_is_kept_and_reaches_charts_and_tables(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors")
    painted(tab, "#factor-canvas")
    tab.wait_for_selector(".ag-row")
    tab.wait_for_selector(".xtick text")
    colors = """() => [
        getComputedStyle(document.querySelector(".xtick text")).fill,
        getComputedStyle(document.querySelector(".ag-row")).color,
        getComputedStyle(document.body).backgroundColor]"""
    light = tab.evaluate(colors)
    tab.click("#theme-toggle")
    scheme = "document.documentElement.dataset.mantineColorScheme"
    assert tab.evaluate(scheme) == "dark"
    dark = tab.evaluate(colors)
    assert all(before != after for before, after in zip(light, dark, strict=True))
    tab.reload()
    assert tab.evaluate(scheme) == "dark"
    tab.wait_for_selector("#theme-toggle")
    tab.click("#theme-toggle")
    assert tab.evaluate(scheme) == "light"


def shows_factor(tab: Any, factor: int) -> None:
    heading(tab, f"Factor {factor}")
    tab.wait_for_selector(f"#factor-canvas[data-color='factor:{factor}']")
    tab.wait_for_selector(f"#factors-grid .ag-row-selected[row-id='{factor}']")


def test_a_row_chooses_the_factor_and_back_undoes_it(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=3")
    shows_factor(tab, 3)
    painted(tab, "#factor-canvas")
    for factor in (1, 2):
        tab.click(f"#factors-grid .ag-row[row-id='{factor}'] [col-id=genes]")
        tab.wait_for_url(f"{site}/factors?factor={factor}")
        shows_factor(tab, factor)
    tab.go_back()
    shows_factor(tab, 1)
    tab.go_back()
    shows_factor(tab, 3)
    tab.go_forward()
    shows_factor(tab, 1)
    # Rows stand in the page as they came, and are filled a moment later.
    grid = tab.locator("#factor-genes-grid")
    for gene in ("GENE3", "GENE4", "GENE5", "GENE6"):
        place = grid.locator(f".ag-row:has(.gene:text-is('{gene}'))").first
        assert int(place.get_attribute("row-index") or 99) < 8
    # No chart offers to send itself to a server elsewhere: buttons below save it here.
    tab.locator(".main-svg").first.wait_for()
    assert tab.locator(".modebar-btn").count() == 0
    assert tab.locator("button[data-save]").count() > 0
    # Keys alone: tab comes to the table once and leaves it, arrows choose, Enter opens.
    grid.locator(".ag-header-cell").nth(1).focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('#factor-genes-grid .ag-cell')") is None
    tab.keyboard.press("Shift+Tab")
    grid.locator(".ag-header-cell").nth(1).focus()
    tab.keyboard.press("ArrowDown")
    gene = tab.evaluate("document.activeElement.textContent")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{site}/explore?color=gene:{gene}*")


def test_factors_are_sorted_and_their_genes_taken_along(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=2")
    shows_factor(tab, 2)
    sorts_by_specificity(tab)
    for text, lines, name in (
        ("All lists (CSV)", 100, "factors"),
        ("All lists (GMT)", 4, "factors"),
        ("Genes (CSV)", 30, "factor-2"),
        ("Genes (GMT)", 1, "factor-2"),
    ):
        with tab.expect_download() as waiting:
            tab.get_by_role("link", name=text).click()
        download = waiting.value
        ending = text[-4:-1].lower()
        assert re.fullmatch(rf"test-{name}-[0-9a-f]{{8}}\.{ending}", download.suggested_filename)
        assert len(Path(download.path()).read_text().splitlines()) >= lines

    # A gene of the factor leads to its map and to its card, the factor to its own map.
    row = tab.locator("#factor-genes-grid .ag-row").first
    gene = row.locator(".gene").inner_text()
    row.locator(".gene").click()
    tab.wait_for_url(lambda url: url.startswith(f"{site}/explore?color=gene:{gene}"))
    tab.go_back()
    shows_factor(tab, 2)
    row.locator("[col-id=about]").get_by_text("Card", exact=True).click()
    tab.wait_for_url(f"{site}/explore?color=gene:{gene}&card={gene}")
    card = tab.get_by_role("complementary", name=gene)
    card.get_by_role("link", name="Factor 2").wait_for()
    tab.go_back()
    shows_factor(tab, 2)
    tab.get_by_role("link", name="Open in Explore").click()
    tab.wait_for_url(lambda url: url.startswith(f"{site}/explore?color=factor:2"))


def sorts_by_specificity(tab: Any) -> None:
    cells = "[...document.querySelectorAll('#factors-grid .ag-center-cols-container .ag-row')]" + (
        ".sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))"
        ".map(row => Number(row.querySelector('[col-id=specificity]').textContent))"
    )
    tab.click("#factors-grid .ag-header-cell[col-id=specificity]")
    tab.wait_for_selector("#factors-grid [col-id=specificity][aria-sort=ascending]")
    rising = tab.evaluate(cells)
    assert rising == sorted(rising)
    tab.click("#factors-grid .ag-header-cell[col-id=specificity]")
    tab.wait_for_selector("#factors-grid [col-id=specificity][aria-sort=descending]")
    assert tab.evaluate(cells) == sorted(rising, reverse=True)
    bars = tab.locator("#factors-grid .stage-bars").first
    assert re.fullmatch(
        r"E9: 0\.\d{3}, E10: 0\.\d{3}, E11: 0\.\d{3}", bars.get_attribute("aria-label")
    )


def test_about_opens_its_card_and_copies_its_commands(tabs: Any, site: str) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with SITE["watched_tab"](tabs, permissions=permissions) as tab:
        tab.goto(f"{site}/about")
        for section, word in (
            ("Settings of the fit", "model.n_factors"),
            ("Seeds", "7"),
            ("Quality control", "E9_2"),
            ("Scores", "per_slice"),
        ):
            tab.get_by_role("button", name=section).click()
            tab.locator("#model-card").get_by_text(word, exact=True).first.wait_for()
        tab.locator(".command .copy").nth(1).click()
        wanted = "atlas validate test.atlas.zarr\natlas serve test.atlas.zarr"
        until(tab, "async wanted => await navigator.clipboard.readText() === wanted", wanted)
        assert "/api/v1/atlases/{id}/genes" in tab.inner_text("#http-interface")


def test_nothing_is_cut_off_on_a_phone(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, width=390) as tab:
        tab.goto(site)
        heading(tab, "A test tissue")
        for name in ("", "Factors", "Map", "About"):
            if name:
                link = tab.locator(".nav-links").get_by_role("link", name=name, exact=True)
                link.click()
                tab.wait_for_url(f"{site}/{name.lower()}")
                tab.locator(f".nav-links [aria-current=page]:text-is('{name}')").wait_for()
            tab.locator("h1").first.wait_for()
            tab.wait_for_timeout(300)
            assert tab.evaluate("document.documentElement.scrollWidth") <= 390, name
            # Every page is in sight, also once the page was scrolled down.
            tab.evaluate("scrollTo(0, 600)")
            seen = tab.evaluate(
                """() => [...document.querySelectorAll(".site-header .nav-link")].map(link => {
                  const { left, right, top } = link.getBoundingClientRect();
                  const [x, y] = [(left + right) / 2, top + 10];
                  return left >= 0 && right <= 390 && document.elementFromPoint(x, y) === link;
                })"""
            )
            assert seen == [True] * 6, name
            # The foot of a short page is at the end of the window.
            foot = "document.querySelector('.site-foot').getBoundingClientRect().bottom"
            assert tab.evaluate(foot) >= tab.evaluate("innerHeight") - 1


def test_pages_work_under_a_prefix(tabs: Any, small_stores: list[Path], tmp_path: Path) -> None:
    """By the command that serves, in a process of its own."""
    settings = {"ATLAS_PREFIX": "/atlas", "ATLAS_JOB_FOLDER": str(tmp_path / "jobs")}
    with (
        SITE["served"](small_stores, **settings) as address,
        SITE["watched_tab"](tabs) as tab,
    ):
        assert address.endswith("/atlas")
        tab.goto(f"{address}/")
        painted(tab, "#home-canvas")
        tab.locator(".nav-links").get_by_role("link", name="Factors").click()
        tab.wait_for_url(f"{address}/factors")
        painted(tab, "#factor-canvas")
        tab.click("#factors-grid .ag-row[row-id='2'] [col-id=genes]")
        tab.wait_for_url(f"{address}/factors?factor=2")
        shows_factor(tab, 2)
        with tab.expect_download():
            tab.get_by_role("link", name="Genes (CSV)").click()
