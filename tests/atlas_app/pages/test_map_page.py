"""What the Map page says of a job that waits, and of where a result comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from atlas_app.atlases.data import Atlases
from atlas_app.jobs.queries import Queries
from atlas_app.pages.map.form import form
from atlas_app.pages.map.page import waiting_panel
from atlas_app.pages.map.result import origin
from atlas_app.settings import Settings
from atlas_app.site import Site


def texts(component: Any) -> Iterator[str]:
    """Every string in a tree of components."""
    if isinstance(component, str):
        yield component
    elif isinstance(component, (list, tuple)):
        for part in component:
            yield from texts(part)
    elif hasattr(component, "children"):
        yield from texts(component.children)


@pytest.fixture
def site(settings_for: Callable[..., Settings]) -> Site:
    settings = settings_for()
    atlases = Atlases(settings)
    return Site(settings, atlases, Queries(settings, atlases))


def waiting(site: Site, **given: Any) -> str:
    status = {
        "name": "a.h5ad",
        "state": "queued",
        "position": 0,
        "phase": "",
        "fraction": 0.0,
        "steps": [],
        "note": "",
    }
    return " ".join(texts(waiting_panel(site, status | given)))


def test_a_waiting_job_says_how_many_come_before_it(site: Site) -> None:
    assert "Waiting: 3 before it" in waiting(site, position=3)
    assert "Waiting for a free place" in waiting(site)
    assert "Encoding" in waiting(site, state="running", phase="Encoding")


def test_a_job_that_is_tried_again_says_why(site: Site) -> None:
    note = "The projection was killed (SIGKILL). It is tried once more."
    assert note in waiting(site, state="running", note=note)


def test_the_form_offers_a_demonstration_by_its_name(site: Site) -> None:
    served = site.atlases.first
    assert served is not None
    said = " ".join(texts(form(site, served)))
    assert "Map E10_1, a section of this very atlas of whose counts half" in said
    for form_of_query in (".h5ad", "Space Ranger", "CSV or TSV"):
        assert form_of_query in said


def test_a_result_says_where_it_comes_from() -> None:
    assert origin({"demo": False, "note": ""}) == []
    demo, known = origin({"demo": True, "note": "The same file was mapped before."})
    assert "one of the atlas's own" in " ".join(texts(demo))
    assert "mapped before" in " ".join(texts(known))
