"""What the builder says of an atlas, on its pages and in its description."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atlas_app.atlases.description import describe_atlas
from atlas_app.components import parts
from atlas_app.components.tables import factor_rows
from atlas_app.words.told import note_of
from training.store import Annotation, open_atlas


@pytest.fixture(scope="module")
def named(small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from training.naming.rename import annotate_atlas

    folder = tmp_path_factory.mktemp("told")
    (folder / "names.toml").write_text(
        '[factors.2]\nname = "Liver programme"\nnote = "Albumin."\nontology = "CL:0000182"\n'
        '[domains.heart]\nname = "Heart tube"\nontology = "UBERON:0004141"\n',
        encoding="utf-8",
    )
    annotate_atlas(small_stores[0], folder / "names.toml", folder / "named.atlas.zarr")
    return open_atlas(folder / "named.atlas.zarr")


def test_the_description_tells_names_notes_and_terms(named) -> None:  # type: ignore[no-untyped-def]
    told = json.loads(json.dumps(describe_atlas(named, atlas_id="a", base="/a")))
    factor = told["factors"][2]
    assert factor["label"] == "Factor 2 · Liver programme"
    assert factor["told"]["note"] == "Albumin."
    assert factor["told"]["terms"] == [
        {"id": "CL:0000182", "href": "http://purl.obolibrary.org/obo/CL_0000182"}
    ]
    assert told["factors"][0]["label"] == "Factor 0"
    assert told["factors"][0]["told"] is None
    domain = next(column for column in told["obs"] if column["name"] == "domain")
    assert domain["told"]["Heart tube"]["former"] == "heart"
    assert note_of(named, "factor", "2") == ("The builder's note: Albumin.",)
    assert note_of(named, "factor", "0") == ()
    assert factor_rows(named)[2]["name"] == "Factor 2 · Liver programme"


def test_what_is_told_is_shown_with_a_link_and_nothing_is_shown_of_nothing() -> None:
    told = Annotation("stage", "Day 9", "E9", "Early.", "#123456", ("MmusDv:0000015",))
    shown = str(parts.told(told).to_plotly_json())
    for part in ("Early.", "#123456", "MmusDv_0000015", "formerly E9"):
        assert part in shown
    assert parts.told(None) is None
    assert parts.told(Annotation("factor", "1")) is None
