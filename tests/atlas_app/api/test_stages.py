from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from training.store import Atlas

BASE = "/api/v1/atlases/test/stages"


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_course_as_json_and_as_a_file(client: Any, atlas: Atlas) -> None:
    found = client.get(f"{BASE}/course?of=gene:ENSG00000000000&within=heart").get_json()
    assert (found["what"], found["within"], found["genes"]) == ("MYH7", "heart", ["MYH7"])
    assert found["digest"] == atlas.digest
    assert [row["stage_n"] for row in found["slices"]] == [2, 2, 2, 2, 1]
    assert found["slices"][4]["stage_low"] is None
    answer = client.get(f"{BASE}/course.csv?of=gene:MYH7&within=heart")
    rows = table(answer)
    assert [float(row["value"]) for row in rows] == pytest.approx(
        [row["value"] for row in found["slices"]], rel=1e-5
    )
    assert rows[4]["stage_low"] == ""
    assert {row["atlas_digest"] for row in rows} == {atlas.digest}
    assert atlas.digest[:8] in answer.headers["Content-Disposition"]
    assert answer.headers["X-Atlas-Digest"] == atlas.digest


def test_abundance_and_relations(client: Any) -> None:
    rows = table(client.get(f"{BASE}/abundance.csv"))
    assert {row["domain"] for row in rows} == {"heart", "brain", "liver", "gut"}
    assert {float(row["mean"]) for row in rows} == {0.25}
    assert len(table(client.get(f"{BASE}/abundance.csv?of=factor"))) == 12
    assert len(table(client.get(f"{BASE}/relations.csv"))) == 32


def test_changes_take_the_outer_stages_and_say_how_many_slices(client: Any) -> None:
    found = client.get(f"{BASE}/changes").get_json()
    assert (found["stage_a"], found["stage_b"]) == ("E9", "E11")
    assert (found["n_a"], found["n_b"], found["few_counts"]) == (2, 1, 1)
    assert found["rows"][0]["q"] is None
    tested = client.get(f"{BASE}/changes?a=E9&b=E10&within=heart&what=factors").get_json()
    assert tested["test"] == "Welch t over slices"
    assert len(tested["rows"]) == 4
    rows = table(client.get(f"{BASE}/changes.csv?a=E9&b=E10"))
    assert len(rows) == 39
    assert [float(row["p"]) for row in rows] == sorted(float(row["p"]) for row in rows)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("course?of=gene:MYH9", 404),
        ("course", 404),
        ("course.csv?of=factor:4", 404),
        ("abundance.csv?of=gene", 400),
        ("changes?a=E9&b=E9", 400),
        ("changes?a=E8", 404),
        ("changes.csv?what=x", 400),
        ("changes?within=lung", 404),
    ],
)
def test_what_cannot_be_answered_says_why(address: str, status: int, client: Any) -> None:
    answer = client.get(f"{BASE}/{address}")
    assert answer.status_code == status
    error = answer.get_json()
    assert error["expected"]
    assert error["examples"]


def test_factors_of_a_stage_within_a_domain(client: Any, atlas: Atlas) -> None:
    """By hand: mean proportions of the spots of the domain in each slice, then over slices."""
    inside = atlas.obs("domain") == "brain"
    by_slice = [
        atlas.factors[part.start : part.stop][inside[part.start : part.stop]].mean(axis=0)
        for part in atlas.slices
    ]
    first = np.stack([v for v, p in zip(by_slice, atlas.slices, strict=True) if p.stage == "E9"])
    rows = table(client.get(f"{BASE}/abundance.csv?of=factor&within=brain"))
    found = [float(row["mean"]) for row in rows if row["stage"] == "E9"]
    np.testing.assert_allclose(found, first.mean(axis=0), rtol=1e-5)
    assert {row["within"] for row in rows} == {"brain"}
    assert {row["n_slices"] for row in rows if row["stage"] == "E11"} == {"1"}
    every = table(client.get(f"{BASE}/factors-by-domain.csv"))
    assert len(every) == len(atlas.stages) * 4 * atlas.n_factors
    own = [row for row in every if row["domain"] == "brain" and row["stage"] == "E9"]
    assert [float(row["mean"]) for row in own] == found
    assert client.get(f"{BASE}/abundance.csv?of=factor&within=brian").status_code == 404
