"""Gene sets and descriptions of the builder, on the pages of an atlas that has them."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_app.settings import Settings
from training.naming.given import GivenFiles
from training.naming.rename import annotate_atlas

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
until = SITE["until"]
pytestmark = pytest.mark.browser
SETS = "HEART_BEAT\tof the heart\tMYH7\tNPPA\tNOSUCH\nBRAIN\t\t" + "\t".join(
    f"GENE{i}" for i in range(3, 9)
)


@pytest.fixture(scope="module")
def site(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("given")
    plain = SITE["SMALL"]["write_store"](folder / "plain.atlas.zarr", SITE["SMALL"]["CARD"])
    (folder / "pathways.gmt").write_text(SETS, encoding="utf-8")
    (folder / "genes.tsv").write_text("MYH7\tmyosin heavy chain 7\nX\ty\n", encoding="utf-8")
    files = GivenFiles(gene_sets=(folder / "pathways.gmt",), descriptions=folder / "genes.tsv")
    annotate_atlas(plain, None, folder / "given.atlas.zarr", files=files)
    settings = Settings(stores=(folder / "given.atlas.zarr",), job_folder=folder / "jobs")
    with server.serving(settings) as address:
        yield address


@pytest.fixture
def tab(tabs: Any) -> Iterator[Any]:
    with SITE["watched_tab"](tabs) as page:
        page.set_default_timeout(60_000)
        yield page


def test_a_set_is_chosen_by_name_and_linked(tabs: Any, tab: Any, site: str) -> None:
    tab.goto(f"{site}/explore")
    tab.get_by_role("button", name="Gene set: Paste genes").click()
    choice = tab.get_by_label("Sets of this atlas")
    group = choice.locator("optgroup[label='Sets of the builder'] option")
    group.first.wait_for(state="attached")
    assert group.all_text_contents() == ["HEART_BEAT (2)", "BRAIN (6)"]
    choice.select_option(label="HEART_BEAT (2)")
    tab.get_by_role("button", name="Gene set: HEART_BEAT").wait_for()
    tab.wait_for_url(re.compile(r"color=set:(@|%40)HEART_BEAT"))
    status = tab.locator(".ex-set-status")
    status.get_by_text("HEART_BEAT, from pathways.gmt: of the heart").wait_for()
    assert "2 of 3 genes found." in status.inner_text()
    assert "Not in this atlas: NOSUCH." in status.inner_text()
    assert tab.get_by_label("Genes of the set").input_value().split() == ["MYH7", "NPPA"]
    tab.locator(".ex-key .ac-key-title", has_text="HEART_BEAT").wait_for()
    with tab.expect_download() as waiting:
        tab.get_by_role("link", name="Scores (CSV)").click()
    assert re.fullmatch(r"given-set-HEART_BEAT-\w{8}\.csv", waiting.value.suggested_filename)
    with SITE["watched_tab"](tabs) as other:
        other.goto(tab.url)
        other.locator(".ex-key .ac-key-title", has_text="HEART_BEAT").wait_for()
    # A list that is edited is a list of its own.
    tab.get_by_label("Genes of the set").fill("MYH7")
    tab.get_by_role("button", name="Show score").click()
    tab.get_by_role("button", name="Gene set: 1 gene").wait_for()


def test_a_set_is_followed_over_stages_and_into_its_animation(tab: Any, site: str) -> None:
    tab.goto(f"{site}/stages?of=genes:MYH7")
    tab.get_by_role("textbox", name="Gene set").click()
    tab.get_by_role("option", name="HEART_BEAT (2)").click()
    tab.wait_for_url(re.compile(r"of=genes:(@|%40)HEART_BEAT$"))
    tab.locator(".card-title", has_text="HEART_BEAT").wait_for()
    until(tab, "() => document.querySelector('.stages-sets textarea').value === 'MYH7, NPPA'")
    # The other views are of the same set.
    tab.get_by_role("link", name="Animation").click()
    tab.locator(".card-title", has_text="HEART_BEAT through the stages").wait_for()
    until(
        tab,
        "() => document.querySelector('.atlas-film')?.atlasCanvas?.valuesColor"
        " === 'set:@HEART_BEAT'",
    )


def test_the_sets_are_tested_on_the_page_of_factors(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=1")
    tab.get_by_text("This atlas brings 2 gene sets, from pathways.gmt.").wait_for()
    tab.get_by_role("link", name="Test the sets of this atlas").click()
    tab.wait_for_url(re.compile(r"factor=1&sets=atlas$"))
    row = tab.locator("#factors-sets-grid .ag-row[row-id='BRAIN']").first
    tab.locator("#factors-sets-grid").scroll_into_view_if_needed()
    row.wait_for()
    with tab.expect_download() as waiting:
        tab.locator("a[href*='/enrichments/atlas.csv']").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 3
    with tab.expect_download() as waiting:
        tab.locator("a[href$='/genesets.gmt']").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0] == "HEART_BEAT\tof the heart\tMYH7\tNPPA"


def test_a_gene_is_found_by_its_description_which_its_card_tells(tab: Any, site: str) -> None:
    tab.goto(f"{site}/explore")
    field = tab.get_by_role("combobox", name="Gene", exact=True)
    field.fill("heavy ch")
    hit = tab.locator("#explore-gene-hits").get_by_role("option", name="MYH7")
    hit.wait_for()
    assert hit.inner_text().split("\n") == ["MYH7", "myosin heavy chain 7"]
    # Who asks by the id sees the id, whole.
    field.fill("ensg00000000000")
    hit = tab.locator("#explore-gene-hits").get_by_role("option", name="ENSG00000000000")
    assert hit.locator("span").evaluate("told => told.scrollWidth <= told.clientWidth")
    hit.click()
    tab.get_by_role("button", name="About MYH7").click()
    about = tab.locator(".gc-about")
    about.wait_for()
    assert about.inner_text() == "myosin heavy chain 7"
    # Where none is given nothing is shown.
    tab.goto(f"{site}/explore?color=gene:NPPA&card=NPPA")
    tab.locator(".gc-ids").wait_for()
    assert tab.locator(".gc-about").count() == 0
    assert "null" not in tab.locator(".gc-body").inner_text()
