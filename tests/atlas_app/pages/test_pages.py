from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_app.app import asked_address, page_content
from atlas_app.atlases.data import Atlases
from atlas_app.jobs.queries import Queries
from atlas_app.layout import footer, navigation
from atlas_app.pages import about, home
from atlas_app.pages.map.form import gene_options
from atlas_app.pages.map.page import is_settled
from atlas_app.settings import Settings
from atlas_app.site import Site
from atlas_app.words.cards import shown
from training.store import Atlas

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))


def texts(component: Any) -> Iterator[str]:
    """Every string in a tree of components."""
    if isinstance(component, str):
        yield component
    elif isinstance(component, (list, tuple)):
        for part in component:
            yield from texts(part)
    elif isinstance(component, dict):
        yield from texts(list(component.values()))
    elif hasattr(component, "to_plotly_json"):
        # A table of texts alone is given as data.
        yield from texts(getattr(component, "data", None))
        yield from texts(getattr(component, "children", None))


def components(part: Any) -> int:
    """How many components a page is made of."""
    if isinstance(part, (list, tuple)):
        return sum(map(components, part))
    if not hasattr(part, "to_plotly_json"):
        return 0
    return 1 + components(getattr(part, "children", None))


def hrefs(component: Any) -> Iterator[str]:
    if isinstance(component, (list, tuple)):
        for part in component:
            yield from hrefs(part)
    elif hasattr(component, "to_plotly_json"):
        address = getattr(component, "href", None)
        if isinstance(address, str):
            yield address
        yield from hrefs(getattr(component, "children", None))


@pytest.fixture
def site_for(settings_for: Callable[..., Settings]) -> Callable[..., Site]:
    def make(**given: Any) -> Site:
        settings = settings_for(**given)
        atlases = Atlases(settings)
        return Site(settings, atlases, Queries(settings, atlases))

    return make


def words(site: Site, page: str | None, **query: str) -> str:
    return " ".join(texts(page_content(site, page, query)))


def test_home_says_what_the_atlas_is(site_for: Callable[..., Site]) -> None:
    found = words(site_for(), "")
    for part in ("A test tissue", "Five slices of made-up tissue.", "Nobody (2024)", "CC0-1.0"):
        assert part in found
    assert "300" in found
    assert "9 days" in found
    assert [list(texts(home.count("stage", n, "stage")))[:2] for n in (1, 2)] == [
        ["1", "stage"],
        ["2", "stages"],
    ]


def test_pages_are_readable_where_the_card_is_empty(
    site_for: Callable[..., Site], bare_store: Path
) -> None:
    site = site_for(stores=(bare_store,))
    assert "not stated by its builder" in words(site, "")
    told = words(site, "about")
    assert "left the card empty" in told
    assert "atlas fit SLICES --out bare.atlas.zarr" in told
    assert "Factor 0" in words(site, "factors")
    assert "What is needed" in words(site, "map")


def test_about_shows_the_card_and_the_interface(site_for: Callable[..., Site]) -> None:
    found = words(site_for(prefix="/atlas"), "about")
    for part in ("Settings of the fit", "Quality control", "model.n_factors", "Homo fictus"):
        assert part in found
    assert "/atlas/api/v1/atlases/{id}/genes\n?prefix=TEXT, limit=N" in found


def test_about_is_light_however_long_its_card(site_for: Callable[..., Site]) -> None:
    site = site_for()
    made = components(page_content(site, "about", {}))
    # Each costs a browser milliseconds; all addresses and settings as components were 1,100.
    assert made < 250
    long = {
        "settings": {f"part{i}": {f"name{j}": i * j for j in range(i)} for i in range(40)},
        "report": [{"slice": f"s{i}", "spots": i, "reason": ""} for i in range(500)],
    }
    sections = about.model_card(long)
    assert components(sections) < 40
    found = " ".join(texts(sections))
    for part in ("part39.name8", "1482", "s199", "300 further rows"):
        assert part in found
    assert "s200" not in found


def test_scores_of_a_fit_stand_in_a_table_with_what_they_say() -> None:
    scores = [
        {"score": "iLISI", "label": "", "value": 2.31, "most": 5, "says": "How many slices."},
        {"score": "ARI", "label": "organ", "value": None, "most": 1, "says": "x", "reason": "few"},
    ]
    found = " ".join(texts(about.model_card({"scores": scores})))
    for part in ("Scores", "iLISI", "2.31", "How many slices.", "organ", "few"):
        assert part in found


def test_values_of_a_card_are_told_as_they_are() -> None:
    values = [None, "", "x", 10_000.0, 0.12345, True, 3, 12_345, [], [1.0, "a"], {"a": 2.5}]
    told = ["–", "–", "x", "10,000", "0.1235", "yes", "3", "12,345", "–", "1, a", "a: 2.5"]
    assert [shown(value) for value in values] == told


def test_a_wrong_address_leads_on(site_for: Callable[..., Site]) -> None:
    site = site_for()
    assert "no atlas 'none'" in words(site, "factors", atlas="none")
    assert "names no page" in words(site, None)
    assert "/" in list(hrefs(page_content(site, None, {})))
    assert "This result is not here" in words(site, "map", job="x" * 32)


def test_an_impossible_factor_opens_the_first(site_for: Callable[..., Site]) -> None:
    site = site_for()
    for factor in ("9", "-1", "x", ""):
        assert "Factor 0" in words(site, "factors", factor=factor)
    assert "Factor 2" in words(site, "factors", factor="2")
    assert "GENE11 GENE12" in words(site, "factors", factor="2")


def test_links_keep_the_atlas_and_the_prefix(
    site_for: Callable[..., Site], store: Path, bare_store: Path
) -> None:
    site = site_for(stores=(store, bare_store), prefix="/p")
    other = site.atlases.find("bare")
    assert other is not None
    links = list(hrefs(navigation(site, other, "factors")))
    assert "/p/factors?atlas=bare" in links
    assert "/p/factors" in links
    one = site_for()
    assert "Atlas" not in list(texts(navigation(one, one.atlases.first, "")))
    for page in ("", "factors", "about", "map"):
        for address in hrefs(page_content(site, page, {"atlas": "bare"})):
            assert address.startswith("/p/"), address
            assert "atlas=bare" in address or "/atlases/bare/" in address, address


def test_every_view_names_the_digest(site_for: Callable[..., Site]) -> None:
    site = site_for()
    served = site.atlases.first
    assert served is not None
    assert served.atlas.digest[:12] in list(texts(footer(served)))


def test_gene_options_keep_what_is_chosen(site_for: Callable[..., Site]) -> None:
    served = site_for().atlases.first
    assert served is not None
    values = [option["value"] for option in gene_options(served, "myh", ["ALB", "all"])]
    assert values == ["MYH7", "ALB", "all"]
    assert gene_options(served, "", [])[0]["value"] == "all"
    late = [option["value"] for option in gene_options(served, "gene34", [])]
    assert late == ["GENE34"]
    assert "GENE34" not in [option["value"] for option in gene_options(served, "", [])]
    # Chosen, but not told of yet.
    before = gene_options(served, "gene34", [])
    assert "GENE34" in [option["value"] for option in gene_options(served, "", [], before)]


def test_gene_options_tell_how_well_a_gene_can_be_imputed(
    site_for: Callable[..., Site], store: Path, atlas: Atlas, tmp_path: Path
) -> None:
    tested = np.full(atlas.n_genes, np.nan)
    tested[atlas.genes.index("MYH7")] = 0.614
    copy = SMALL["copy_with"](store, tmp_path / "t.atlas.zarr", {"imputation_pearson": tested})
    site = site_for(stores=(copy,))
    served = site.atlases.first
    assert served is not None

    def label(text: str) -> str:
        return str(gene_options(served, text, [])[0]["label"])

    assert label("myh7") == "MYH7 · expected r 0.61 · ENSG00000000000"
    assert label("alb") == "ALB · not testable · ENSG00000000003"
    described = [
        part.description
        for part in page_content(site, "map", {})._traverse()
        if getattr(part, "id", None) == "map-impute"
    ]
    assert "Expected r: how the gene" in described[0]
    # An atlas where nobody looked says nothing of it.
    plain = site_for().atlases.first
    assert plain is not None
    assert gene_options(plain, "myh7", [])[0]["label"] == "MYH7 · ENSG00000000000"


def test_a_page_is_settled_only_for_its_own_job() -> None:
    assert is_settled("form", {})
    assert not is_settled("form", {"job": "a"})
    assert not is_settled("a running", {"job": "a"})
    assert is_settled("a done", {"job": "a", "color": "factor:1"})
    assert not is_settled("a done", {"job": "b"})
    assert not is_settled("a done", {})


def test_an_address_may_have_parameters_of_any_name(site_for: Callable[..., Site]) -> None:
    site = site_for()
    query = {"page": "1", "prefix": "a", "site": "b"}
    assert asked_address(site, "explore", query).endswith("/explore?page=1&prefix=a&site=b")
