"""The Factors page below its table: two factors, factors alike, gene sets, figures to take away."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site = SITE["site"]
pytestmark = pytest.mark.browser
GMT = "BRAIN\tof the brain\t" + "\t".join(f"GENE{i}" for i in range(3, 9))
GMT += "\nMIXED\t\tMYH7\tGENE4\tGENE12\tGENE20\nNONE\t\tNOSUCH\n"
PATIENCE = 60_000


@pytest.fixture
def tab(tabs: Any) -> Iterator[Any]:
    with SITE["watched_tab"](tabs) as page:
        page.set_default_timeout(PATIENCE)
        yield page


def rows_of(tab: Any, grid: str, row: str = ".ag-row") -> Any:
    """A row of a table, once it is scrolled to: what lies below the window is not laid out."""
    tab.locator(grid).scroll_into_view_if_needed()
    found = tab.locator(f"{grid} {row}").first
    found.wait_for()
    return found


def test_two_factors_are_compared_and_linked(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=1")
    tab.get_by_role("link", name="Compare with factor 2").click()
    tab.wait_for_url(f"{site}/factors?factor=1&with=2")
    grid = "#factors-compare-grid"
    first = rows_of(tab, grid, ".ag-row[row-index='0']")
    number = re.compile(r"^[+−]0\.\d{2,}$")
    first.locator("[col-id=difference]").get_by_text(number).wait_for()
    gene = first.locator(".gene").text_content()
    figure = tab.get_by_role("figure", name="Loadings of the genes on factor 1 and factor 2")
    figure.wait_for()
    with tab.expect_download() as waiting:
        tab.locator("a[href*='compare.csv']").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0].startswith("gene,loading_a,loading_b,difference")
    assert lines[1].startswith(f"{gene},")
    # Another second factor by the field, and back.
    tab.locator("#factors-beside").click()
    tab.get_by_role("option", name=re.compile("^Factor 3")).click()
    tab.wait_for_url(f"{site}/factors?factor=1&with=3")
    figure.wait_for(state="detached")
    tab.go_back()
    tab.wait_for_url(f"{site}/factors?factor=1&with=2")
    figure.wait_for()
    rows_of(tab, grid, f".ag-row[row-id='{gene}'] .gene").click()
    tab.wait_for_url(f"{site}/explore?color=gene:{gene}&card={gene}")


def test_gene_sets_are_pasted_tested_and_linked(tabs: Any, tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=1")
    tab.get_by_label("Gene sets as GMT").fill("BRAIN no tabs\n\tx\tA")
    tab.get_by_role("button", name="Test these sets").click()
    alert = tab.locator(".sets-fault").get_by_text("2 lines are no gene set.")
    alert.wait_for()
    assert "line 2: no name" in tab.locator(".sets-fault").inner_text()
    assert "sets=" not in tab.url
    tab.get_by_label("Gene sets as GMT").fill(GMT)
    tab.get_by_role("button", name="Test these sets").click()
    tab.wait_for_url(re.compile(r"factor=1&sets=[0-9a-f]{32}$"))
    grid, row = "#factors-sets-grid", ".ag-row[row-id='BRAIN']"
    cells = rows_of(tab, grid, row).locator("[col-id=genes]")
    assert set(cells.inner_text().split()) == {f"GENE{i}" for i in range(3, 9)}
    assert tab.get_by_text("2 sets tested among 32 fitted genes").is_visible()
    with tab.expect_download() as waiting:
        tab.locator("a[href*='/enrichments/']").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 3
    # What is refused now leaves the result, which says of what it is.
    earlier = tab.get_by_text("of the sets that were tested before")
    assert not earlier.count()
    tab.get_by_label("Gene sets as GMT").fill("BRAIN no tabs")
    tab.get_by_role("button", name="Test these sets").click()
    earlier.wait_for()
    assert tab.get_by_text("2 sets tested among 32 fitted genes").is_visible()
    with SITE["watched_tab"](tabs) as other:
        other.set_default_timeout(PATIENCE)
        other.goto(tab.url.replace("factor=1", "factor=2"))
        rows_of(other, grid, row)
        assert other.get_by_role("heading", name="Gene sets in factor 2").is_visible()


def test_gene_sets_come_from_a_file(tab: Any, site: str, tmp_path: Path) -> None:
    (tmp_path / "sets.gmt").write_text(GMT)
    (tmp_path / "packed.gmt").write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    tab.goto(f"{site}/factors?factor=1")
    field = tab.locator("#factors-sets-file input[type=file]")
    field.set_input_files(tmp_path / "packed.gmt")
    tab.locator(".sets-fault").get_by_text("This file is no text.").wait_for()
    field.set_input_files(tmp_path / "sets.gmt")
    rows_of(tab, "#factors-sets-grid", ".ag-row[row-id='MIXED']")
    tab.goto(f"{site}/factors?factor=1&sets={'0' * 32}")
    tab.get_by_text("These gene sets are not kept here any more").wait_for()


def test_figures_are_saved_as_svg_and_png(tab: Any, site: str) -> None:
    tab.goto(f"{site}/factors?factor=1")
    figure = tab.get_by_role("figure", name="Usage of factor 1 by domain")
    figure.locator(".barlayer").wait_for()
    for text, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with tab.expect_download() as waiting:
            figure.get_by_role("button", name=f"Save as {text}").click()
        saved = waiting.value
        name = rf"test-factor-1-domains-[0-9a-f]{{8}}\.{text.lower()}"
        assert re.fullmatch(name, saved.suggested_filename)
        body = Path(saved.path()).read_bytes()
        assert body.startswith(begins)
        assert len(body) > 2000
        if text == "SVG":
            assert "brain (n = 5)" in body.decode()
            assert re.search(
                r"Usage of factor 1 by domain · .+ · digest [0-9a-f]{12}", body.decode()
            )
    assert figure.locator(".xtick text").first.is_visible()
