"""The Stages page, operated in a real browser on a small atlas."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site, until = SITE["site"], SITE["until"]
pytestmark = pytest.mark.browser


@pytest.fixture
def tab(tabs: Any) -> Iterator[Any]:
    with SITE["watched_tab"](tabs) as page:
        yield page


def address(tab: Any, pattern: str) -> None:
    """Wait until the address matches."""
    tab.wait_for_url(re.compile(pattern))


def title(tab: Any, text: str) -> None:
    tab.locator(".card-title", has_text=text).first.wait_for()


def test_a_course_is_chosen_linked_and_goes_back(tab: Any, site: str, tabs: Any) -> None:
    tab.goto(f"{site}/")
    tab.get_by_role("link", name="Stages", exact=True).click()
    tab.get_by_role("heading", name="Stages", exact=True).wait_for()
    from playwright.sync_api import expect

    gene = tab.get_by_role("textbox", name="Gene")
    gene.click()
    gene.fill("alb")
    tab.get_by_role("option", name="ALB").click()
    address(tab, r"of=gene:ALB")
    title(tab, "ALB")
    tab.get_by_text("Domain", exact=True).click()
    address(tab, r"of=domain:heart")
    title(tab, "Domain heart")
    tab.go_back()
    title(tab, "ALB")
    assert tab.get_by_role("textbox", name="Gene").input_value() == "ALB"
    within = tab.get_by_role("textbox", name="Within domain")
    within.click()
    tab.get_by_role("option", name="liver").click()
    address(tab, r"within=liver")
    title(tab, "ALB within liver")
    shown = tab.locator(".values").all_text_contents()
    with SITE["watched_tab"](tabs) as fresh:
        fresh.goto(tab.url)
        title(fresh, "ALB within liver")
        assert fresh.locator(".values").all_text_contents() == shown
    tab.go_back()
    title(tab, "ALB")
    until(tab, "() => !document.querySelector('#stages-result').innerText.includes('within liver')")
    expect(within).to_have_value("All spots")


def test_a_point_and_a_link_lead_to_the_maps(tab: Any, site: str) -> None:
    from playwright.sync_api import TimeoutError

    tab.goto(f"{site}/stages?of=gene:MYH7")
    tab.locator(".stages-chart .point").last.wait_for()
    tab.locator(".stages-chart .point").last.click(force=True)
    address(tab, r"/explore\?color=gene:MYH7&stage=E11")
    tab.go_back()
    # After Back the page is drawn twice, which closes a table that was opened in between.
    opens, link = tab.get_by_text("Values by stage"), tab.get_by_role("link", name="MYH7 at E9")
    for _ in range(30):
        if not link.is_visible():
            opens.click()
        with suppress(TimeoutError):
            link.click(timeout=2000)
            break
    address(tab, r"/explore\?color=gene:MYH7&stage=E9")


def test_a_gene_that_changes_is_shown_on_both_stages(tab: Any, site: str) -> None:
    tab.goto(f"{site}/stages?view=changes&b=E10")
    cell = tab.locator("#stages-grid .ag-cell[col-id=label]").first
    cell.wait_for()
    gene = cell.inner_text()
    cell.click()
    address(tab, rf"row={gene}")
    until(
        tab,
        "() => [...document.querySelectorAll('.stages-maps .atlas-canvas')]"
        ".filter((each) => each.atlasCanvas && each.atlasCanvas.applied).length === 2",
    )
    stages = tab.evaluate(
        "() => [...document.querySelectorAll('.stages-maps .atlas-canvas')]"
        ".map((each) => [each.atlasCanvas.state.stage, each.atlasCanvas.state.color])"
    )
    assert stages == [["E9", f"gene:{gene}"], ["E10", f"gene:{gene}"]]
    with tab.expect_download() as saved:
        tab.get_by_role("link", name="CSV").click()
    digest = tab.locator(".footer-digest code").get_attribute("title")
    assert digest[:8] in saved.value.suggested_filename
    lines = Path(saved.value.path()).read_text().splitlines()
    assert len(lines) == 40
    assert all(digest in line for line in lines[1:])
    tab.get_by_role("textbox", name="To stage").click()
    tab.get_by_role("option", name="E11").click()
    tab.get_by_text("neither interval nor p").wait_for()
    assert tab.locator("#stages-grid [col-id=q]").count() == 0


def test_views_are_reached_by_keyboard_and_relations_stand_out(tab: Any, site: str) -> None:
    tab.goto(f"{site}/stages")
    tab.get_by_role("link", name="Similar domains").focus()
    tab.keyboard.press("Enter")
    title(tab, "Similarity in the latent, not lineage")
    tab.get_by_role("link", name="Lines of brain, E9").first.focus()
    tab.keyboard.press("Enter")
    address(tab, r"node=0:brain")
    title(tab, "not lineage: brain at E9")
    slider = tab.get_by_role("slider")
    slider.focus()
    tab.keyboard.press("ArrowRight")
    address(tab, r"least=0.55")
    tab.get_by_role("link", name="Show all domains").click()
    address(tab, r"least=0.55$|view=relations(?!.*node)")
    tab.get_by_role("link", name="Abundance").click()
    title(tab, "What each stage is made of")
    tab.get_by_text("Factors", exact=True).last.click()
    address(tab, r"parts=factor")
    title(tab, "Factors by stage")


def test_a_wrong_gene_says_so_and_leads_on(tab: Any, site: str) -> None:
    tab.goto(f"{site}/stages?of=gene:MYH9")
    tab.get_by_text("No such gene in this atlas.").wait_for()
    tab.get_by_role("link", name="Start again with this view").click()
    tab.locator(".stages-chart .point").first.wait_for()


def test_a_phone_shows_it_without_scrolling_sideways(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, width=390) as tab:
        for view in ("course", "abundance", "changes", "relations"):
            tab.goto(f"{site}/stages?view={view}&b=E10")
            tab.locator(".stages-chart .main-svg").first.wait_for()
            for scheme in ("light", "dark"):
                tab.emulate_media(color_scheme=scheme)
                wide = "() => document.documentElement.scrollWidth <= innerWidth"
                assert tab.evaluate(wide), (view, scheme)
                box = tab.locator(".stages-chart").first.bounding_box()
                assert box is not None
                assert box["width"] > 250
                assert box["height"] > 150


def test_what_a_link_named_in_vain_is_told_until_something_that_exists_is_chosen(
    tab: Any, site: str
) -> None:
    fault = tab.locator("main .mantine-Alert-root[role=alert]")
    tab.goto(f"{site}/stages?of=gene:NOPE")
    fault.filter(has_text="No such gene in this atlas").wait_for()
    tab.get_by_role("textbox", name="Gene").fill("MYH7")
    tab.get_by_role("option", name="MYH7").click()
    address(tab, "of=gene:MYH7")
    title(tab, "MYH7")
    assert fault.count() == 0

    line = tab.locator("#not-found")
    tab.goto(f"{site}/stages?view=changes&row=NOPE&b=E10")
    line.get_by_text("does not have: gene “NOPE”").wait_for()
    row = tab.locator("#stages-grid .ag-row").first
    row.scroll_into_view_if_needed()
    row.click()
    address(tab, "row=(?!NOPE)")
    line.get_by_text("NOPE").wait_for(state="detached")
    # Back it is said again; one that was dismissed does not come back by itself.
    tab.go_back()
    line.get_by_text("NOPE").wait_for()
    tab.go_forward()
    line.get_by_text("NOPE").wait_for(state="detached")

    tab.goto(f"{site}/factors?factor=99")
    line.get_by_text("does not have: factor “99”").wait_for()
    tab.locator("#factors-grid .ag-row[row-index='1']").click()
    line.get_by_text("99").wait_for(state="detached")
