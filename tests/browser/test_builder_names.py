"""The builder's names, notes and terms on the pages of an atlas that `atlas annotate` wrote."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_app.settings import Settings
from training.naming.rename import annotate_atlas

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
pytestmark = pytest.mark.browser
NAMES = """
[factors.2]
name = "Liver programme"
note = "Albumin and the like."
color = "#123456"
ontology = ["CL:0000182"]
[domains.heart]
name = "Heart tube"
note = "It beats."
ontology = "UBERON:0004141"
[stages.E9]
name = "Day 9"
"""


@pytest.fixture(scope="module")
def site(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("named")
    plain = SITE["SMALL"]["write_store"](folder / "plain.atlas.zarr", SITE["SMALL"]["CARD"])
    (folder / "names.toml").write_text(NAMES, encoding="utf-8")
    named = folder / "named.atlas.zarr"
    annotate_atlas(plain, folder / "names.toml", named)
    with server.serving(Settings(stores=(named,), job_folder=folder / "jobs")) as address:
        yield address


def test_names_are_on_every_page(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs) as tab:
        tab.goto(f"{site}/explore?color=obs:domain")
        tab.locator(".ac-legend-name", has_text="Heart tube").wait_for()
        told = tab.locator(".ex-key .ac-told")
        told.locator("summary").click()
        assert told.locator("dd").inner_text() == "It beats. UBERON:0004141 (formerly heart)"
        term = told.get_by_role("link", name="UBERON:0004141")
        assert term.get_attribute("href").endswith("obo/UBERON_0004141")
        assert tab.locator(".ex-tick", has_text="Day 9").count() == 1

        # The card of a spot names the term of what the spot shows.
        spot = """() => { const c = document.querySelector(".atlas-explore").atlasCanvas;
          const heart = c.key.categories.find((each) => each.name === "Heart tube").code;
          const i = [...c.values.bytes].findIndex((b, at) => b === heart && c.spotAt("spatial",
            c.screenOf(at).x, c.screenOf(at).y) === at);
          const box = document.querySelector(".ac-canvas").getBoundingClientRect();
          return [box.x + c.screenOf(i).x, box.y + c.screenOf(i).y]; }"""
        tab.mouse.move(*tab.evaluate(spot))
        tab.locator(".ac-card", has_text="UBERON:0004141").wait_for()

        tab.goto(f"{site}/factors?factor=2")
        tab.locator(".told", has_text="Albumin and the like.").wait_for()
        assert tab.locator(".told").get_by_role("link", name="CL:0000182").count() == 1
        tab.locator(".ag-row", has_text="Factor 2 · Liver programme").first.wait_for()

        tab.goto(f"{site}/")
        tab.get_by_role("link", name="Day 9").wait_for()
        tab.goto(f"{site}/stages?of=domain:Heart%20tube")
        tab.get_by_text("The builder's note: It beats.").wait_for()
