"""What could not be had is told, and the same is asked for once more from there."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def failing(page: Any, address: str) -> None:
    """Let the next request of an address fail, as where no server is reached."""
    page.route(address, lambda route: route.abort(), times=1)


def press_retry(page: Any, within: str) -> None:
    """By keyboard alone: the button is reached and keeps a focus that goes on from it."""
    page.locator(f"{within} .ac-retry").focus()
    page.keyboard.press("Enter")


def test_a_map_that_could_not_be_loaded_comes_when_it_is_asked_for_again(
    tab: Any, canvas: Any
) -> None:
    opened = tab()
    page = opened.page
    failing(page, "**/api/v1/atlases/*/coordinates/spatial*")
    page.route("**/coordinates/umap*", lambda route: route.abort(), times=1)
    opened.open("/explore?color=factor:1")
    page.get_by_role("alert").get_by_text("The map could not be loaded.").wait_for()
    assert "The server could not be reached." in page.get_by_role("alert").first.text_content()
    assert not page.get_by_role("toolbar", name="Map tools").is_visible()
    press_retry(page, ".is-failed")
    view = canvas(opened)
    view.wait_color("factor:1")
    assert page.locator(".is-failed, .ac-root > .ac-empty").count() == 0
    # The focus is on the next fault: the UMAP failed by itself, and comes by itself.
    opened.until("() => document.activeElement.closest('.ac-umap .ac-empty')")
    assert page.get_by_role("combobox", name="Factor").input_value() == "1"

    # A box on the UMAP that is not there holds nothing.
    page.locator(".ac-panel.ac-umap").focus()
    for key in ("b", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.get_by_text("No spot in the box: nothing is selected.").wait_for(state="attached")
    page.keyboard.press("b")
    page.locator(".ac-umap .ac-retry").focus()

    page.keyboard.press("Enter")
    view.wait("c.scene.coordinates.umap")
    assert page.locator(".ac-umap .ac-empty").count() == 0
    opened.until("() => document.activeElement.matches('.ac-panel.ac-umap')")
    opened.forgive("ERR_FAILED")


def test_a_colour_and_a_table_are_asked_for_again_and_what_is_refused_is_not(
    tab: Any, canvas: Any
) -> None:
    opened = tab("/explore?color=obs:domain")
    view, page = canvas(opened), opened.page
    for times in (1, 2):
        failing(page, "**/values/factor/2*")
        if times == 1:
            page.get_by_role("combobox", name="Factor").select_option("2")
        else:
            press_retry(page, ".ac-notice")
        opened.until(
            "() => /could not be reached/.test(document.querySelector('.ac-notice').textContent)"
        )
    assert view.ask("c.state.color") == "obs:domain"
    assert "factor:2" not in page.url
    # The second fault took the focus of the first.
    opened.until("() => document.activeElement.matches('.ac-notice .ac-retry')")
    page.keyboard.press("Enter")
    view.wait_color("factor:2")
    opened.until("() => location.search.includes('color=factor:2')")
    assert page.locator(".ac-notice").is_hidden()

    view.ask("void c.set({ color: 'gene:NOPE' })")
    page.locator(".ac-notice").get_by_text("NOPE").wait_for()
    assert page.locator(".ac-retry").count() == 0
    page.get_by_role("button", name="Dismiss").click()

    failing(page, "**/genes?prefix=*")
    field = page.get_by_role("combobox", name="Gene", exact=True)
    field.fill("m")
    page.get_by_text("The search failed; Enter tries again.").wait_for()
    field.press("Enter")
    view.wait("c.valuesColor.startsWith('gene:')")

    failing(page, "**/selection/genes*")
    half = "[[0, 0], [r.width / 2, 0], [r.width / 2, r.height], [0, r.height]]"
    view.ask(f"(r => c.picks.draw('spatial', {half}, 'new'))(c.frame.panels.spatial.rect)")
    view.wait("c.pickedCount > 0")
    page.get_by_role("button", name="What differs").click()
    panel = page.get_by_role("region", name="What differs", exact=True)
    panel.get_by_text("could not be reached").wait_for()
    press_retry(page, ".ex-differ")
    panel.locator("tbody tr").first.wait_for()
    assert panel.locator(".ac-fault").count() == 0
    opened.forgive("ERR_FAILED")
    opened.forgive("404")


def test_a_part_of_a_page_that_got_no_answer_comes_when_it_is_asked_for_again(tab: Any) -> None:
    opened = tab("/stages")
    page = opened.page
    page.locator(".card-title").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.get_by_text("Domain", exact=True).click()
    line = page.locator(".page-notice").get_by_text("could not be brought up to date")
    line.wait_for()
    press_retry(page, ".page-notice")
    opened.until(
        "() => !/Trying/.test(document.querySelector('.page-notice').textContent)"
        " && document.activeElement.matches('.page-notice .ac-retry')"
    )
    page.unroute("**/_dash-update-component*")
    page.keyboard.press("Enter")
    page.locator(".card-title", has_text="Domain").first.wait_for()
    line.wait_for(state="hidden")
    opened.until("() => document.activeElement.matches('main')")
    opened.forgive("ERR_FAILED")


def test_a_link_that_names_what_is_not_there_says_so_and_shows_the_rest(
    tab: Any, canvas: Any, http: Any
) -> None:
    gene = http.genes("m")[0]["name"]
    opened = tab(f"/explore?color=side:gene:NOPE~gene:{gene}&stage=E99&slice=x&sel=spatial*1*9")
    view, page = canvas(opened), opened.page
    notice = page.locator(".ac-notice")
    notice.get_by_text("does not have: “NOPE”").wait_for()
    stages, slices = (
        ", ".join(each["name"] for each in http.description[kind][:6])
        for kind in ("stages", "slices")
    )
    told = f"does not have: stage “E99” (it has {stages}"
    notice.get_by_text(told).wait_for()
    told = f"slice “x” (it has {slices}"
    notice.get_by_text(told).and_(notice.get_by_text("cannot be read. The rest")).wait_for()
    assert view.ask("c.valuesColor") == f"gene:{gene}"
    assert view.ask("c.shownSlices().length") == len(http.description["slices"])
    # How spots look changes nothing of it; what is shown does.
    page.get_by_label("Spot size").fill("2")
    view.wait("c.applied.size === 2")
    assert notice.locator(".ac-notice-line").count() == 2
    page.get_by_label("Slice", exact=True).select_option(index=1)
    view.wait("c.applied.slice !== ''")
    assert notice.is_hidden()

    def follow(query: str) -> None:
        view.ask("void history.pushState(null, '', a)", query)
        view.ask("void dispatchEvent(new CustomEvent('_dashprivate_pushstate'))")

    # A set shows the genes of it that are there; what the link before lacked is told no more.
    page.evaluate(
        "() => { window.heard = 0; new MutationObserver((all) => {"
        " for (const each of all) window.heard += each.addedNodes.length; })"
        ".observe(document.querySelector('.ac-notice'), { childList: true, subtree: true }); }"
    )
    follow(f"?color=set:NOPE,{gene}&stage=E99")
    notice.get_by_text(re.compile("have: stage “E99” .*, gene “NOPE”")).wait_for()
    # Told in one piece, so that it is read out once.
    assert page.evaluate("window.heard") == 1
    follow(f"?color=set:NOPE,{gene}")
    notice.get_by_text("does not have: gene “NOPE”").wait_for()
    view.wait_color(f"set:NOPE,{gene}")
    assert notice.locator(".ac-notice-line").count() == 1
    # A colour that is refused keeps nothing else of its link from coming.
    follow(f"?color=gene:NOPE&sel=%40{'0' * 32}")
    notice.get_by_text("The selection of this link is not shown").wait_for()
    assert "NOPE" in notice.text_content()
    assert view.ask("[c.valuesColor, c.state.selection]") == [f"set:NOPE,{gene}", None]
    opened.forgive("404")
