"""Link and Python that pages of charts give, copied in a real browser."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import anndata as ad
import matplotlib as mpl
import pytest

from training.store import open_atlas

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
site = SITE["site"]
COPIED = {"permissions": ["clipboard-read", "clipboard-write"]}
pytestmark = pytest.mark.browser


def copied(tab: Any, what: str) -> str:
    """What the clipboard holds after a button was pressed, once the page has said so."""
    tab.evaluate("navigator.clipboard.writeText('')")
    along = tab.get_by_role("group", name="Take along")
    along.get_by_text(f"Copy {what}", exact=True).click()
    # What the page says of an earlier copy may still stand there.
    text = SITE["until"](tab, "async () => await navigator.clipboard.readText() || null")
    along.get_by_role("status").filter(has_text=f"{what.capitalize()} copied").wait_for()
    return str(text)


def column(tab: Any, table: str, number: int) -> list[str]:
    """The texts of a column of the table under a summary, as the page shows them."""
    # A card that folds may lie around it.
    shown = tab.locator("details", has=tab.get_by_text(table, exact=True)).last
    shown.locator("summary").click()
    return list(shown.locator(f"tbody td:nth-child({number})").all_inner_texts())


def ran(code: str, store: Path) -> dict[str, Any]:
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    left: dict[str, Any] = {}
    exec(code.replace(f'"{store.name}"', repr(str(store))), left)
    plt.close("all")
    return left


def test_charts_give_their_link_and_their_python(
    tabs: Any, site: str, small_stores: list[Path]
) -> None:
    store = small_stores[0]
    atlas = open_atlas(store)
    with SITE["watched_tab"](tabs, **COPIED) as tab:
        tab.goto(f"{site}/stages?of=gene:MYH7")
        tab.locator(".card-title", has_text="MYH7").wait_for()
        # The buttons follow what was chosen after the page came.
        tab.get_by_role("textbox", name="Within domain").click()
        tab.get_by_role("option", name="heart").click()
        tab.locator(".card-title", has_text="MYH7 within heart").wait_for()
        link = copied(tab, "link")
        assert link == tab.url
        assert "within=heart" in link
        found = ran(copied(tab, "Python"), store)["value"]
        assert column(tab, "Values by slice", 4) == [f"{value:.4g}" for value in found]

        tab.get_by_role("link", name="Abundance").click()
        tab.locator(".card-title", has_text="What each stage is made of").wait_for()
        shares = ran(copied(tab, "Python"), store)["mean"]
        first = column(tab, "Values as a table", 2)
        assert [text.split(" (")[0] for text in first] == [f"{each:.1%}" for each in shares[0]]

        tab.goto(f"{site}/factors?factor=2&with=1")
        tab.get_by_role("heading", name="Factor 2", exact=True).wait_for()
        left = ran(copied(tab, "Python"), store)
        assert column(tab, "Values by slice", 3) == [f"{each:.3f}" for each in left["usage"]]
        by_domain = dict(zip(left["names"], left["mean"], strict=True))
        names = column(tab, "Values by domain", 1)
        means = tab.locator("details[open]", has_text="Values by domain").locator("td:nth-child(3)")
        assert means.all_inner_texts() == [f"{by_domain[name]:.3f}" for name in names]
        assert (left["factor"], left["other"]) == (2, 1)

        tab.goto(f"{site}/")
        tab.get_by_text("Spots by slice").wait_for()
        spots = ran(copied(tab, "Python"), store)["spots"]
        assert column(tab, "Spots by slice", 3) == [str(each) for each in spots]
        assert [part.n_spots for part in atlas.slices] == spots


def test_a_mapped_section_gives_its_link_and_its_python(
    tabs: Any, site: str, tmp_path: Path
) -> None:
    query = SITE["make_query"](tmp_path / "left heart.h5ad")
    job = SITE["map_section"](f"{site}/api/v1/atlases/test", query, impute="ALB")
    with SITE["watched_tab"](tabs, **COPIED) as tab:
        tab.goto(f"{site}/map?job={job}&color=difference:ALB")
        tab.get_by_role("heading", name="left heart, mapped").wait_for()
        assert copied(tab, "link") == tab.url
        code = copied(tab, "Python")
        # The script reads the file under the name that it is downloaded by.
        with tab.expect_download() as waiting:
            tab.get_by_role("link", name="Download result.h5ad").click()
        name = waiting.value.suggested_filename
        path = tmp_path / name
        waiting.value.save_as(path)
        assert f'"{name}"' in code
        left = ran(code, path)
        data = ad.read_h5ad(path)
        wanted = data.obsm["measured"][:, 0] - data.obsm["imputed"][:, 0]
        assert left["value"].tolist() == wanted.tolist()
        assert column(tab, "Values by stage", 2) == [f"{each:.1%}" for each in left["share"]]
        spots = [f"{each:.0f}" for each in left["spots"]]
        assert column(tab, "Values of the bars", 2) == spots


def test_what_cannot_be_copied_is_said_and_saved(tabs: Any, site: str) -> None:
    refuse = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
    with SITE["watched_tab"](tabs) as tab:
        tab.goto(f"{site}/stages?of=gene:MYH7")
        tab.locator(".card-title", has_text="MYH7").wait_for()
        tab.evaluate(refuse)
        along = tab.get_by_role("group", name="Take along")
        place = tab.locator(".stages-views").bounding_box()
        along.get_by_text("Copy link").click()
        along.get_by_role("status").filter(has_text="Copy it from the address bar").wait_for()
        with tab.expect_download() as waiting:
            along.get_by_text("Copy Python").click()
        assert waiting.value.suggested_filename.endswith(".py")
        assert "open_atlas" in Path(waiting.value.path()).read_text(encoding="utf-8")
        assert tab.locator(".stages-views").bounding_box() == place

        tab.expected.append(404)
        tab.goto(f"{site}/stages?of=gene:NOPE")
        tab.get_by_text("Start again with this view").wait_for()
        along.get_by_text("Copy Python").click()
        along.get_by_role("status").filter(has_text="No such gene in this atlas.").wait_for()


def test_explore_gives_its_link(tabs: Any, site: str) -> None:
    with SITE["watched_tab"](tabs, **COPIED) as tab:
        tab.goto(f"{site}/explore?color=gene:MYH7")
        tab.get_by_role("button", name="Zoom in", exact=True).first.click()
        tab.wait_for_function("location.search.includes('at=')")
        tab.get_by_role("button", name="Copy link").click()
        text = SITE["until"](tab, "async () => await navigator.clipboard.readText() || null")
        assert text == tab.url
        assert "color=gene:MYH7" in text
        assert "at=" in text
        tab.locator(".ac-status", has_text="Link copied").wait_for()
