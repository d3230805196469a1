"""The Stages page without a browser: its words, its links, what its controls mean."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atlas_app.app import page_content
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.jobs.queries import Queries
from atlas_app.pages.stages.controls import apply, control_value
from atlas_app.pages.stages.film import film_color
from atlas_app.settings import Settings
from atlas_app.site import Site
from atlas_app.stages.state import StageView

PAGES = runpy.run_path(str(Path(__file__).with_name("test_pages.py")))


@pytest.fixture
def site(settings_for: Callable[..., Settings]) -> Site:
    settings = settings_for()
    atlases = Atlases(settings)
    return Site(settings, atlases, Queries(settings, atlases))


@pytest.fixture
def served(site: Site) -> ServedAtlas:
    assert site.atlases.first is not None
    return site.atlases.first


def words(site: Site, **query: str) -> str:
    return " ".join(PAGES["texts"](page_content(site, "stages", query)))


def links(site: Site, **query: str) -> list[str]:
    return list(PAGES["hrefs"](page_content(site, "stages", query)))


def test_a_course_shows_n_and_leads_to_maps(site: Site) -> None:
    found = words(site, of="gene:MYH7", within="heart")
    assert "MYH7 within heart" in found
    assert "one slice: no interval" in found
    assert "n = 2" in found
    assert "/explore?color=gene:MYH7&stage=E11" in links(site, of="gene:MYH7")
    assert "/explore?color=obs:domain&stage=E9&hide=0_2_3" in links(site, of="domain:brain")
    assert "/api/v1/atlases/test/stages/course.csv?of=gene:MYH7&within=heart" in links(
        site, of="gene:MYH7", within="heart"
    )


def test_changes_say_what_was_tested(site: Site) -> None:
    assert "neither interval nor p" in words(site, view="changes")
    tested = words(site, view="changes", a="E9", b="E10")
    assert "moderated t-test" in tested
    assert "1 gene is left out: fewer than 10 counts" in tested
    assert "Welch" in words(site, view="changes", a="E9", b="E10", what="factors")
    chosen = links(site, view="changes", a="E9", b="E10", row="MYH7")
    assert "/explore?color=gene:MYH7&stage=E9" in chosen
    assert "/explore?color=gene:MYH7&stage=E10" in chosen
    assert "/stages?of=gene:MYH7&b=E10" in chosen


@pytest.mark.parametrize(
    ("view", "names"),
    [
        ("course", ["course"]),
        ("abundance", ["composition", "intervals"]),
        ("changes", ["effects"]),
        ("relations", ["relations", "connectivity"]),
    ],
)
def test_saved_charts_are_named_after_the_atlas(
    site: Site, served: ServedAtlas, view: str, names: list[str]
) -> None:
    page = page_content(site, "stages", {"view": view})
    buttons = [
        {name: getattr(each, name) for name in ("data-name", "data-caption")}
        for each in page._traverse()
        if getattr(each, "data-save", "") == "svg"
    ]
    digest = served.atlas.digest
    assert [each["data-name"] for each in buttons] == [
        f"{served.id}-{name}-{digest[:8]}" for name in names
    ]
    ending = f" · A test tissue · digest {digest[:12]}"
    assert all(each["data-caption"].endswith(ending) for each in buttons)


def test_the_animation_says_what_is_shown_and_that_nothing_lies_between(site: Site) -> None:
    found = words(site, view="film", of="gene:MYH7")
    assert "nothing is measured between" in found
    assert "MYH7 through the stages" in found
    assert "not aligned with each other: each is drawn centred" in found
    assert "E10_1" in found
    assert "2 slices" in found
    chosen = words(site, view="film", of="domain:*", slices="3")
    assert "Domains through the stages" in chosen
    assert "/api/v1/atlases/test/values.csv?of=obs:domain" in links(
        site, view="film", of="domain:*"
    )
    # Elsewhere one domain is followed at a time.
    assert "Domain heart" in words(site, of="domain:*")


def test_what_the_animation_is_coloured_by(served: ServedAtlas) -> None:
    wanted = {
        "gene:ENSG00000000000": ("gene:MYH7", None),
        "genes:ALB,MYH7,NOPE": ("set:ALB,MYH7", None),
        "factor:2": ("factor:2", None),
        "domain:brain": ("obs:domain", 1),
        "domain:*": ("obs:domain", None),
    }
    for of, (color, lit) in wanted.items():
        assert film_color(served, of)[1:3] == (color, lit)


def test_relations_are_no_lineage(site: Site) -> None:
    found = words(site, view="relations", node="1:brain")
    assert "not lineage" in found
    assert "brain at E10" in found
    assert "Show all domains" in found


def test_abundance_leads_to_courses(site: Site) -> None:
    assert "n = 1" in words(site, view="abundance")
    assert "/stages?of=domain:gut" in links(site, view="abundance")
    assert "/stages?of=factor:3&parts=factor" in links(site, view="abundance", parts="factor")


@pytest.mark.parametrize(
    "query",
    [
        {"of": "gene:MYH9"},
        {"of": "gene:MYH9", "view": "film"},
        {"within": "lung"},
        {"view": "changes", "a": "E9", "b": "E9"},
        {"view": "changes", "a": "E8"},
    ],
)
def test_a_wrong_address_says_what_would_work(query: dict[str, str], site: Site) -> None:
    found = words(site, **query)
    assert "Expected:" in found
    assert "For example:" in found
    assert "Start again with this view" in found


@pytest.mark.parametrize(
    ("page", "query", "told"),
    [
        (
            "stages",
            {"view": "no"},
            ["view “no” (it has course, abundance, changes, markers, relations, film)"],
        ),
        ("stages", {"view": "changes", "row": "MYH9"}, ["gene “MYH9”"]),
        ("stages", {"view": "changes", "what": "factors", "row": "77"}, ["factor “77”"]),
        ("stages", {"view": "relations", "node": "9:heart"}, ["domain “9:heart” (it has 0:"]),
        ("stages", {"view": "film", "slices": "0_99"}, ["slice number 99 (it has 0 to 4)"]),
        ("stages", {"of": "gen:X", "parts": "x"}, ["share of “x”", "course of “gen:X”"]),
        (
            "factors",
            {"factor": "99", "with": "x"},
            ["factor “99” (it has 0 to ", "second factor “x”"],
        ),
        ("factors", {"sets": "y" * 50}, ["gene sets “" + "y" * 40 + "…”"]),
        ("stages", {"view": "changes", "row": "MYH7", "of": "gene:MYH7"}, []),
        ("stages", {"view": "relations", "node": "0:heart"}, []),
        ("factors", {"factor": "1", "with": "0", "sets": "a" * 32}, []),
    ],
)
def test_what_a_link_names_in_vain_is_told_and_the_rest_is_shown(
    page: str, query: dict[str, str], told: list[str], site: Site
) -> None:
    found = " ".join(PAGES["texts"](page_content(site, page, query)))
    for name in told:
        assert name in found
    assert ("This link names what the atlas does not have: " in found) == bool(told)
    assert "Start again with this view" not in found


def test_a_chosen_row_that_is_not_there_shows_no_maps(site: Site) -> None:
    for row, what in (("MYH9", "genes"), ("9", "factors"), ("x", "factors")):
        found = words(site, view="changes", a="E9", b="E10", what=what, row=row)
        assert "on the tissue" not in found


@pytest.mark.parametrize(
    ("state", "values", "wanted"),
    [
        (StageView(), {"gene": "NPPA"}, {"of": "gene:NPPA"}),
        (StageView(), {"gene": "ENSG00000000001"}, {"of": "gene:NPPA"}),
        (StageView(), {"gene": "NPP"}, {}),
        (StageView(of="gene:NPPA"), {"gene": "NPPA"}, {}),
        (StageView(of="gene:NPPA"), {"gene": None}, {}),
        (StageView(of="gene:NPPA"), {"kind": "domain"}, {"of": "domain:heart"}),
        (StageView(view="film"), {"kind": "domain"}, {"of": "domain:*"}),
        (StageView(of="genes:ALB"), {"subject": "ALB; NPPA\nALB"}, {"of": "genes:ALB,NPPA"}),
        (StageView(of="genes:ALB"), {"subject": ""}, {}),
        (StageView(within="gut"), {"within": "*"}, {"within": ""}),
        (StageView(view="changes"), {"a": "E9", "b": "E11"}, {}),
        (StageView(view="changes"), {"b": "E10"}, {"b": "E10"}),
        (StageView(view="changes", row="ALB"), {"what": "factors"}, {"what": "factors", "row": ""}),
        (StageView(view="relations"), {"least": 0.5}, {}),
        (StageView(view="relations"), {"least": 0.7}, {"least": 0.7}),
    ],
)
def test_controls_change_what_they_name(
    state: StageView, values: dict[str, Any], wanted: dict[str, Any], served: ServedAtlas
) -> None:
    found = apply(served, state, values)
    changed = {
        name: getattr(found, name)
        for name in StageView.__dataclass_fields__
        if getattr(found, name) != getattr(state, name)
    }
    assert changed == wanted
    for name, value in values.items():
        if wanted and name not in ("subject", "gene"):
            assert control_value(served, found, name) == value
