"""Explore: selections drawn, added, taken away, compared and taken along."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import anndata as ad
import numpy as np
import pytest

pytestmark = pytest.mark.browser

ALL = (0.02, 0.02, 0.9, 0.97)


def drag_box(view: Any, place: tuple[float, float, float, float], key: str = "") -> None:
    """Draw from one corner to the other, in fractions of the tissue panel, with a key held."""
    box = view.page.locator(".ac-spatial").bounding_box()
    mouse = view.page.mouse

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    if key:
        view.page.keyboard.down(key)
    mouse.move(*at(*place[:2]))
    mouse.down()
    mouse.move(*at(*place[2:]), steps=5)
    mouse.up()
    if key:
        view.page.keyboard.up(key)


def half_of(view: Any, tile: int) -> tuple[float, float, float, float]:
    """The left half of a tile, in fractions of the tissue panel."""
    found = view.ask("c.layout.tiles[a]", tile)
    rect = view.ask("c.frame.panels.spatial.rect")
    left, top = (found["x"] - 4) / rect["width"], (found["y"] - 4) / rect["height"]
    right = left + (found["width"] / 2 + 4) / rect["width"]
    return left, top, right, top + (found["height"] + 8) / rect["height"]


def asked(page: Any) -> dict[str, Any]:
    """What the address says of the selection, as the server is asked it."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    query: dict[str, Any] = {"sel": given["sel"]}
    if "vs" in given:
        query["against"] = given["vs"]
    if "without" in given:
        query["without"] = given["without"].split("~")
    return query


def spots_of(http: Any, query: dict[str, Any]) -> list[dict[str, str]]:
    """The spots that the server finds in a selection."""
    address = f"{http.base}/selection/spots.csv?{urlencode(query, doseq=True)}"
    return list(csv.DictReader(io.StringIO(http._get(address)[0].decode())))


def test_boxes_add_and_take_away_and_the_server_finds_the_same(
    tab: Any, canvas: Any, http: Any
) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    page = opened.page
    assert not page.get_by_role("button", name="Add to the selection").is_visible()
    page.get_by_role("button", name="Box", exact=True).click()
    drag_box(view, half_of(view, 0))
    view.wait("c.pickedCount > 0")
    first = view.ask("c.pickedPerSlice")
    assert [i for i, n in enumerate(first) if n] == [0]

    drag_box(view, half_of(view, 3), "Shift")
    view.wait("c.state.selection.length === 2")
    added = view.ask("c.pickedPerSlice")
    assert added[0] == first[0]
    assert added[3] > 0

    page.get_by_role("button", name="Take away from the selection").click()
    left, top, right, bottom = half_of(view, 3)
    drag_box(view, (left, top, right, (top + bottom) / 2))
    view.wait("c.state.selection.length === 3")
    cut = view.ask("c.pickedPerSlice")
    assert 0 < cut[3] < added[3]
    assert page.locator(".ac-spatial .ac-outline-cut[d]").count() == 1

    # The server and a fresh page find these very spots in the address.
    flags = np.flatnonzero(view.ask("Array.from(c.picked)"))
    rows = spots_of(http, asked(page))
    assert [row["spot"] for row in rows] == [http.spot_names(int(i), int(i) + 1)[0] for i in flags]
    again = canvas(tab(page.url.removeprefix(opened.site)))
    again.wait("c.pickedCount > 0")
    assert again.ask("c.pickedPerSlice") == cut

    page.go_back()
    view.wait("c.state.selection.length === 2")
    assert view.ask("c.pickedPerSlice") == added
    page.go_back()
    view.wait("c.state.selection.length === 1")
    page.go_forward()
    page.go_forward()
    view.wait("c.state.selection.length === 3")
    assert view.ask("c.pickedPerSlice") == cut

    # Taking away everything lets go; a click that adds nothing does not.
    page.get_by_role("button", name="Add to the selection").click()
    x, y = half_of(view, 5)[:2]
    drag_box(view, (x, y, x, y))
    assert view.ask("c.state.selection.length") == 3
    drag_box(view, ALL, "Alt")
    view.wait("!c.selecting")
    assert "sel=" not in page.url


def test_a_lasso_on_the_umap_adds_to_one_on_tissue(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Box", exact=True).click()
    drag_box(view, half_of(view, 1))
    view.wait("c.pickedCount > 0")
    tissue = view.ask("c.pickedCount")
    box = page.locator(".ac-umap").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 8, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    view.wait("c.pickedCount > a", tissue)
    assert [each["view"] for each in view.ask("c.state.selection")] == ["spatial", "umap"]
    assert len(spots_of(http, asked(page))) == view.ask("c.pickedCount")
    assert len(page.url) < 2000
    # A link to it works where the UMAP is not shown.
    hidden = canvas(tab(page.url.removeprefix(opened.site) + "&umap=0"))
    hidden.wait("c.pickedCount === a", view.ask("c.pickedCount"))


def test_a_selection_too_large_for_a_link_is_linked_by_its_content(
    tab: Any, canvas: Any, http: Any
) -> None:
    opened = tab("/explore?aligned=1&umap=0&color=obs:domain")
    view = canvas(opened)
    page = opened.page
    draw = (
        "(r => c.picks.draw('spatial', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => ["
        "r.width * (0.5 + (0.1 * a + 0.08) * Math.cos(i * 0.63)), "
        "r.height * (0.5 + (0.1 * a + 0.08) * Math.sin(i * 0.63))]), 'add'))"
        "(c.frame.panels.spatial.rect)"
    )
    for number in range(4):
        view.ask(draw, number)
        view.wait("!c.picks.coming && c.state.selection?.length > a", number)
    opened.until("() => location.search.includes('sel=%40')")
    assert len(page.url) < 300
    flags = view.ask("Array.from(c.picked)")
    assert 0 < sum(flags) < len(flags)
    assert len(spots_of(http, asked(page))) == sum(flags)

    # A browser that has never been here shows the very spots, and so does Back.
    fresh = canvas(tab(page.url.removeprefix(opened.site), fresh=True))
    assert fresh.ask("Array.from(c.picked)") == flags
    assert fresh.ask("c.state.selection") == view.ask("c.state.selection")
    view.ask("void c.dispatchEvent(new CustomEvent('select', { detail: null }))")
    view.wait("!c.selecting")
    page.go_back()
    view.wait("c.pickedCount === a", sum(flags))

    # Where it cannot be kept, its outlines lose corners; asked again, they have all of them.
    page.route("**/selections", lambda route: route.abort(), times=1)
    view.ask(draw, 4)
    page.locator(".ac-notice").get_by_text("A link cannot hold all that was drawn").wait_for()
    before = page.url
    page.get_by_role("button", name="Retry").press("Enter")
    opened.until("u => location.href !== u && location.search.includes('sel=%40')", before)

    # What was told of it goes with the next, which no retry may take away again.
    page.route("**/selections", lambda route: route.abort(), times=1)
    view.ask(draw, 5)
    page.get_by_role("button", name="Retry").wait_for()
    view.ask("void c.dispatchEvent(new CustomEvent('select', { detail: null }))")
    page.get_by_role("button", name="Retry").wait_for(state="detached")
    view.wait("!c.selecting")
    opened.forgive("ERR_FAILED")

    # What is not kept any more is told, and the rest is shown.
    gone = canvas(tab(f"/explore?color=factor:1&sel=%40{'0' * 32}"))
    gone.page.locator(".ac-notice").get_by_text("is not kept here any more").wait_for()
    assert gone.ask("c.valuesColor") == "factor:1"
    assert gone.ask("c.state.selection") is None
    gone.tab.forgive("404")


def test_what_differs_follows_the_selection_and_colours_the_map(
    tab: Any, canvas: Any, http: Any
) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Box", exact=True).click()
    place = half_of(view, 10)
    drag_box(view, (place[0] - 0.12, place[1], place[2], place[3]))
    drag_box(view, half_of(view, 8), "Shift")
    view.wait("c.pickedCount > 0")
    page.get_by_role("button", name="What differs").click()
    panel = page.get_by_role("region", name="What differs", exact=True)
    panel.locator("tbody tr").first.wait_for()
    assert "diff=slices" in page.url
    opened.until("() => !document.querySelector('.ex-differ').ariaBusy")
    said = panel.locator(".ex-said").first.text_content()
    answer = http._get(f"{http.base}/selection/genes?{urlencode(asked(page), doseq=True)}")[0]
    found = json.loads(answer)
    assert f"n = {found['slices_a']} slices" in said
    assert "Moderated paired t" in said
    names = panel.locator("tbody th").all_text_contents()
    assert names == [row["gene"] for row in found["rows"]][: len(names)]
    assert panel.locator("thead th").all_text_contents() == [
        *("Gene", "Change", "95% interval", "p", "q", "Inside", "Outside", "n"),
    ]

    panel.get_by_role("button", name=names[1], exact=True).press("Enter")
    view.wait_color(f"gene:{names[1]}")
    assert panel.locator("tr.is-current th").text_content() == names[1]
    assert view.ask("c.pickedCount") == len(spots_of(http, asked(page)))

    # Sorted by a click on a column's name, found by a part of a gene's name.
    panel.get_by_role("button", name="Change", exact=True).click()
    changes = [
        float(text.replace("−", "-"))
        for text in panel.locator("tbody td:nth-child(2)").all_text_contents()
    ]
    assert changes == sorted(changes, reverse=True)
    panel.get_by_label("Find a gene in the table").fill(names[2].lower())
    opened.until(
        "n => document.querySelector('.ex-genes tbody th')?.textContent === n"
        " && document.querySelectorAll('.ex-genes tbody tr').length < 20",
        names[2],
    )
    panel.get_by_label("Find a gene in the table").fill("")
    panel.get_by_label("Direction").select_option("down")
    opened.until(
        "() => [...document.querySelectorAll('.ex-genes tbody td:nth-child(2)')]"
        ".every((cell) => cell.textContent.startsWith('−'))"
    )
    with page.expect_download() as waiting:
        panel.get_by_role("link", name="CSV").click()
    text = Path(waiting.value.path()).read_text()
    assert len(list(csv.DictReader(io.StringIO(text)))) == found["genes"]

    # The link opens the same table; closing it leaves the selection.
    again = tab(page.url.removeprefix(opened.site)).page
    again.locator(".ex-genes tbody tr").first.wait_for()
    assert again.locator(".ex-differ .ex-said").first.text_content() == said
    panel.get_by_role("button", name="Close").click()
    opened.until("() => document.querySelector('.ex-differ').hidden")
    assert "diff=" not in page.url
    assert view.ask("c.selecting")
    page.go_back()
    panel.wait_for()


def test_one_slice_says_n_is_1_and_warns_of_its_spots(tab: Any, canvas: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Box", exact=True).click()
    drag_box(view, half_of(view, 11))
    view.wait("c.pickedCount > 0")
    page.get_by_role("button", name="What differs").click()
    panel = page.get_by_role("region", name="What differs", exact=True)
    panel.get_by_text("n = 1 slice.").wait_for()
    assert "95% interval" not in panel.locator("thead th").all_text_contents()
    panel.get_by_role("button", name="Test its spots").click()
    panel.get_by_text("are no replicates: they resemble").wait_for()
    assert "diff=spots" in page.url
    panel.get_by_text("Wilcoxon rank-sum over spots").wait_for()
    p = panel.locator("tbody td:nth-child(4)").first.text_content()
    assert float(p.replace("−", "-")) < 0.05
    # A second slice: now there are replicates, and slices can be tested instead.
    drag_box(view, half_of(view, 8), "Shift")
    panel.get_by_role("button", name="Test slices instead").click()
    panel.get_by_text("n = 2 slices").wait_for()


def test_a_selection_kept_as_b_is_what_the_next_is_compared_with(
    tab: Any, canvas: Any, http: Any
) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Box", exact=True).click()
    drag_box(view, half_of(view, 10))
    view.wait("c.pickedCount > 0")
    n = view.ask("c.pickedCount")
    page.get_by_role("button", name="Keep as B").click()
    view.wait("!c.selecting")
    page.get_by_text(f"B has {n} spots; now draw A.").wait_for()
    assert "vs=" in page.url
    drag_box(view, half_of(view, 11))
    view.wait("c.pickedCount > 0")
    page.get_by_role("button", name="What differs").click()
    panel = page.get_by_role("region", name="What differs", exact=True)
    panel.get_by_text(f"against {n} of B, n = 1 slice").wait_for()
    assert "In B" in panel.locator("thead th").all_text_contents()
    fresh = canvas(tab(page.url.removeprefix(opened.site)))
    fresh.wait("c.picks.othersPerSlice.some((each) => each > 0)")
    page.get_by_role("button", name="Drop B").click()
    panel.get_by_text("of the rest in the same slice").wait_for()
    assert "vs=" not in page.url


def test_hidden_spots_go_on_taking_no_part(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    page = opened.page
    page.locator(".ac-legend-item").first.click()
    view.wait("c.applied.hidden.size === 1")
    page.get_by_role("button", name="Select all in view").press("Enter")
    view.wait("c.pickedCount > 0")
    n, whole = view.ask("c.pickedCount"), view.ask("c.n")
    assert 0 < n < whole
    gene = http.genes("m")[0]["name"]
    page.get_by_role("combobox", name="Gene").fill(gene)
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    page.get_by_role("combobox", name="Gene").press("Enter")
    view.wait_color(f"gene:{gene}")
    assert view.ask("c.pickedCount") == n
    assert "without=obs:domain*0" in page.url
    assert len(spots_of(http, asked(page))) == n
    page.get_by_text("Without spots that were hidden by domain.").wait_for()
    fresh = canvas(tab(page.url.removeprefix(opened.site)))
    fresh.wait("c.pickedCount === a", n)
    page.get_by_role("button", name="Count them").click()
    view.wait("c.pickedCount === c.n")
    assert "without=" not in page.url


def test_spots_are_saved_as_files_and_limits_are_told(
    tab: Any, canvas: Any, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Box", exact=True).click()
    drag_box(view, half_of(view, 4))
    view.wait("c.pickedCount > 0")
    n = view.ask("c.pickedCount")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the selected spots as csv").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert len(rows) == n
    assert f"selection-{n}-spots" in waiting.value.suggested_filename
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the selected spots as h5ad").click()
    found = ad.read_h5ad(waiting.value.path())
    assert found.obs_names.tolist() == [row["spot"] for row in rows]
    assert set(found.obsm) == {"spatial", "umap", "factors", "latent"}
    monkeypatch.setattr("atlas_app.selection.export.MOST_FILE_SPOTS", 5)
    page.get_by_role("button", name="Save the selected spots as h5ad").click()
    page.get_by_text("The selection is too large for an AnnData file.").wait_for()
    assert "at most 5 spots" in page.locator(".ex-selection [role=status]").text_content()
    opened.forgive("413")


def test_the_composition_stands_beside_that_of_the_rest(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Box", exact=True).click()
    drag_box(view, half_of(view, 8))
    view.wait("c.pickedCount > 0")
    answer = json.loads(
        http._get(f"{http.base}/selection/composition?{urlencode(asked(page), doseq=True)}")[0]
    )
    table = page.locator(".ex-table")

    def cells(name: str) -> list[str]:
        # D1 is not D10.
        begins = re.compile(rf"^{re.escape(name)}(?!\d)")
        row = table.locator("tbody tr").filter(has=page.locator("th", has_text=begins)).first
        return row.locator("td").all_text_contents()[1:]

    for by in ("domain", "stage", "slice"):
        page.locator(f".ex-tab[data-by='{by}']").click()
        opened.until("a => document.querySelector('.ex-table caption').textContent.endsWith(a)", by)
        for row in (row for row in answer["rows"] if row["by"] == by):
            told = [
                str(row["spots_a"]),
                f"{100 * row['inside']:.1f}%",
                f"{100 * row['outside']:.1f}%",
            ]
            # The table of a selection may come after that of the one before.
            end = time.monotonic() + 30
            while cells(row["name"]) != told and time.monotonic() < end:
                page.wait_for_timeout(50)
            assert cells(row["name"]) == told
    page.locator(".ex-tab[data-by='factor']").click()
    page.get_by_text("Mean proportions, within n = 1 slice").wait_for()
    factors = [row for row in answer["rows"] if row["by"] == "factor"]
    first = max(factors, key=lambda row: abs(row["inside"] - row["outside"]))
    assert cells(f"{first['name']} · ")[0] == f"{first['inside']:.3f}"
    table.locator("tbody th button").first.click()
    view.wait_color(f"factor:{first['name']}")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Composition as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert len(rows) == len(answer["rows"])
