"""What colours a map, several at once, as a table of all spots."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from training.store import Atlas

BASE = "/api/v1/atlases/test"


def test_colours_of_all_spots_as_a_table(client: Any, atlas: Atlas) -> None:
    answer = client.get(f"{BASE}/values.csv?of=gene:myh7~factor:2~obs:domain~set:NPPA,SOX2")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert "test-MYH7-2-domain-NPPASOX2-" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["spot"] for row in rows] == atlas.obs("spot").tolist()
    assert [row["obs:domain"] for row in rows] == atlas.obs("domain").tolist()
    for column, values in (("MYH7", atlas.gene("MYH7")), ("factor:2", atlas.factor(2))):
        found = np.array([float(row[column] or "nan") for row in rows])
        np.testing.assert_allclose(found, values, rtol=1e-5)
    scores = list(csv.DictReader(io.StringIO(client.get(f"{BASE}/scores.csv?of=NPPA,SOX2").text)))
    assert [row["set:NPPA,SOX2"] for row in rows] == [row["score"] for row in scores]
    assert rows[0]["atlas_digest"] == atlas.digest


def test_files_of_some_slices_hold_these_and_name_them(client: Any, atlas: Atlas) -> None:
    alone, some = f"-{atlas.slices[2].name}-{atlas.digest[:8]}.csv", "-2-slices-"
    for path in (
        "values.csv?of=factor:1",
        "expression.csv?of=MYH7",
        "expression.csv?of=MYH7&estimates=1",
        "scores.csv?of=MYH7,NPPA,SOX2",
    ):
        answer = client.get(f"{BASE}/{path}&slices=2")
        assert alone in answer.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["slice"] for row in rows] == [atlas.slices[2].name] * atlas.slices[2].n_spots
        assert rows[0]["atlas_digest"] == atlas.digest
        whole = client.get(f"{BASE}/{path}").text.splitlines()
        start = atlas.slices[2].start + 1
        assert answer.text.splitlines()[1:] == whole[start : start + len(rows)]
        assert some in client.get(f"{BASE}/{path}&slices=0_2").headers["Content-Disposition"]
        assert client.get(f"{BASE}/{path}&slices=99").status_code == 404


def test_values_of_some_slices_are_named_by_their_moment(client: Any, atlas: Atlas) -> None:
    answer = client.get(f"{BASE}/values.csv?of=obs:domain&slices=3_1&t=9.5000001")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    wanted = [spot for k in (1, 3) for spot in range(atlas.slices[k].start, atlas.slices[k].stop)]
    assert [row["spot"] for row in rows] == atlas.obs("spot")[wanted].tolist()
    assert {row["slice"] for row in rows} == {atlas.slices[1].name, atlas.slices[3].name}
    assert [row["obs:domain"] for row in rows] == atlas.obs("domain")[wanted].tolist()
    named = f"test-obs-domain-t9.5-{atlas.digest[:8]}.csv"
    assert named in answer.headers["Content-Disposition"]
    whole = client.get(f"{BASE}/values.csv?of=obs:domain").text
    assert whole.count("\n") == atlas.n_spots + 1


@pytest.mark.parametrize(
    ("asked", "status", "found"),
    [
        ("slices=0_x", 400, "0_x"),
        ("slices=-1", 400, "-1"),
        ("slices=_", 400, "_"),
        ("slices=0_99", 404, "0_99"),
        ("t=late", 400, "late"),
        ("t=inf", 400, "inf"),
    ],
)
def test_slices_and_times_that_are_none(client: Any, asked: str, status: int, found: str) -> None:
    answer = client.get(f"{BASE}/values.csv?of=obs:domain&{asked}")
    assert answer.status_code == status
    assert answer.get_json()["found"] == found


@pytest.mark.parametrize(
    ("of", "status", "found"),
    [
        ("", 400, "nothing"),
        ("MYH7", 400, "MYH7"),
        ("gene:MYH7~gene:MYH7", 400, "gene:MYH7~gene:MYH7"),
        ("~".join(f"factor:{k}" for k in range(7)), 400, "factor:0~factor:1"),
        ("gene:MYH7~factor:99", 404, "99"),
        ("obs:NOSUCH", 404, "NOSUCH"),
        ("gene:MYH7~set:NOSUCH", 400, "NOSUCH"),
    ],
)
def test_colours_that_cannot_be_listed(client: Any, of: str, status: int, found: str) -> None:
    answer = client.get(f"{BASE}/values.csv?of={of}")
    assert answer.status_code == status
    assert found in str(answer.get_json()["found"])
