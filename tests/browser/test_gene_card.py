"""The card of a gene: opened beside its map, linked, closed, and led on from."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def facts(http: Any, gene: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{http.base}/genes/{gene}") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_a_card_opens_beside_the_map_and_closes(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    page = opened.page
    about = page.locator(".ex-about")
    assert about.is_disabled()
    gene = http.genes("m")[0]["name"]
    field = page.get_by_role("combobox", name="Gene")
    field.fill(gene)
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    field.press("Enter")
    view.wait_color(f"gene:{gene}")
    before = page.locator(".ac-canvas").bounding_box()
    page.get_by_role("button", name=f"About {gene}").click()
    wanted = facts(http, gene)
    card = page.get_by_role("complementary", name=wanted["symbol"])
    card.get_by_role("heading", name="Expression").wait_for()
    assert page.url.endswith(f"?color=gene:{gene}&card={gene}")
    assert page.locator(".ac-canvas").bounding_box() == before
    assert page.evaluate("document.activeElement.id") == "gene-card-title"

    text = card.inner_text()
    share = wanted["share"]
    assert f"In {100 * share:.0f}% of {wanted['spots']:,} spots" in text
    assert "measured in 12 of 12 slices" in text
    assert "Fitted: the model was fitted to this gene." in text
    assert "Imputed for a mapped section" in text
    assert "Factors' estimate, as the map shows it: r " in text
    stages = card.get_by_role("table", name="Expression by stage").locator("tbody tr")
    assert stages.count() == len(wanted["stages"])
    assert "n = 2" in stages.first.inner_text()
    link = card.get_by_role("link", name="Ensembl page")
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert link.get_attribute("href") == wanted["links"][0]["href"]

    page.keyboard.press("Escape")
    assert card.is_hidden()
    assert "card=" not in page.url
    assert about.evaluate("node => node === document.activeElement")
    page.go_back()
    card.wait_for()
    page.get_by_role("button", name="Close the gene card").click()
    assert card.is_hidden()


def test_a_link_opens_the_card_and_genes_like_it_lead_on(tab: Any, canvas: Any, http: Any) -> None:
    gene = http.genes("m")[0]["name"]
    opened = tab(f"/explore?color=factor:1&card={gene.upper()}")
    view = canvas(opened)
    page = opened.page
    wanted = facts(http, gene)
    page.get_by_role("complementary", name=wanted["symbol"]).wait_for()
    page.get_by_role("button", name="Show on the map").click()
    view.wait_color(f"gene:{gene}")
    assert f"card={gene.upper()}" in page.url
    other = wanted["alike"][0]["gene"]
    page.get_by_role("table", name="Genes with like loadings").get_by_role(
        "button", name=other, exact=True
    ).click()
    page.get_by_role("complementary", name=other).get_by_role("heading", name="Factors").wait_for()
    assert f"card={other}" in page.url
    assert view.ask("c.valuesColor") == f"gene:{gene}"
    page.go_back()
    page.get_by_role("complementary", name=wanted["symbol"]).wait_for()
    factor = wanted["factors"][0]["factor"]
    page.get_by_role("link", name=f"Factor {factor}", exact=True).click()
    page.wait_for_url(f"**/factors?factor={factor}")
    page.get_by_role("heading", name=f"Factor {factor}", exact=True).wait_for()


def test_stages_lead_to_the_card(tab: Any, canvas: Any, http: Any) -> None:
    gene = http.genes("m")[0]["name"]
    opened = tab(f"/stages?of=gene:{gene}")
    opened.page.get_by_role("link", name=f"About {gene}").click()
    opened.page.wait_for_url(f"**/explore?color=gene:{gene}&card={gene}")
    canvas(opened)
    opened.page.get_by_role("complementary").get_by_role("heading", name="Expression").wait_for()
    opened.page.get_by_role("link", name="Course over stages").click()
    opened.page.wait_for_url(f"**/stages?of=gene%3A{gene}")


def test_a_gene_that_is_not_there_is_said_on_the_card(tab: Any, canvas: Any) -> None:
    opened = tab("/explore?card=NOSUCH")
    canvas(opened)
    opened.page.get_by_role("alert").filter(has_text="No such gene in this atlas").wait_for()
    opened.forgive("404")


def test_on_a_phone_the_card_gives_the_map_back(tab: Any, canvas: Any, http: Any) -> None:
    gene = http.genes("m")[0]["name"]
    opened = tab(f"/explore?card={gene}", width=390, dark=True)
    view = canvas(opened)
    page = opened.page
    page.get_by_role("button", name="Show on the map").click()
    view.wait_color(f"gene:{gene}")
    assert page.locator(".gc").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
