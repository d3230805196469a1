"""The HTTP interface of gene sets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atlas_app.genesets.scorer import SetScorer
from atlas_app.http.responses import ANSWERS
from training.store import Atlas

BASE = "/api/v1/atlases/test"
PANELS = "/api/v1/atlases/panels"


@pytest.fixture
def panels_client(client_for: Callable[..., Any], panels: Atlas) -> Any:
    return client_for(stores=(panels.path,))


def test_a_pasted_list_is_looked_up_and_named(client: Any, atlas: Atlas) -> None:
    for sent in (
        {"data": "myh7; NOSUCH\nnppa, MYH7"},
        {"json": {"genes": "myh7; NOSUCH\nnppa, MYH7"}},
        {"json": {"genes": ["myh7", "NOSUCH", " nppa", "MYH7"]}},
    ):
        found = client.post(f"{BASE}/genesets", **sent).get_json()
        assert found["name"] == "MYH7,NPPA"
        assert found["genes"] == ["MYH7", "NPPA"]
        assert found["unknown"] == ["NOSUCH"]
        assert found["repeated"] == 1
        assert found["silent"] == []
        assert found["measured"][0] == {"slice": "E9_1", "genes": 2}
        assert found["digest"] == atlas.digest
    again = client.get(f"{BASE}/genesets/MYH7,NPPA")
    assert again.get_json()["genes"] == ["MYH7", "NPPA"]
    unchanged = client.get(
        f"{BASE}/genesets/MYH7,NPPA", headers={"If-None-Match": again.headers["ETag"]}
    )
    assert unchanged.status_code == 304


@pytest.mark.parametrize(
    ("sent", "status", "word"),
    [
        ({"data": ""}, 400, "no name"),
        ({"data": "x " * 40_000}, 413, "bytes"),
        ({"data": b"\xff\xfe"}, 400, "bytes of"),
        ({"json": {"genes": 4}}, 400, "bytes of"),
        ({"json": ["MYH7"]}, 400, "bytes of"),
        ({"data": "{", "content_type": "application/json"}, 400, "bytes of"),
        ({"data": " ".join(f"g{i}" for i in range(501))}, 400, "501"),
        ({"data": "NOPE NADA"}, 400, "NOPE"),
    ],
)
def test_what_cannot_be_looked_up_is_said(
    client: Any, sent: dict[str, Any], status: int, word: str
) -> None:
    answer = client.post(f"{BASE}/genesets", **sent)
    assert answer.status_code == status
    assert word in answer.get_json()["found"]
    assert answer.get_json()["expected"]


def test_values_are_the_scores_as_bytes(
    panels_client: Any, panels: Atlas, scorer: SetScorer
) -> None:
    genes = tuple(f"G{i}" for i in (7, 101, 110))
    answer = panels_client.get(f"{PANELS}/values/set/{','.join(genes)}?v={panels.digest}-{ANSWERS}")
    lo, hi = (float(answer.headers[f"X-Atlas-{end}"]) for end in ("Lo", "Hi"))
    data = np.frombuffer(answer.data, np.uint8)
    score = scorer.score(genes).values
    np.testing.assert_allclose(lo + data / 254 * (hi - lo), score, atol=(hi - lo) / 500)
    assert "immutable" in answer.headers["Cache-Control"]
    other = panels_client.get(f"{PANELS}/values/set/{','.join(genes[::-1])}")
    assert other.data == answer.data
    assert other.headers["ETag"] == answer.headers["ETag"]
    missing = panels_client.get(f"{PANELS}/values/set/G101,G110").data
    assert missing[60:120] == bytes([255]) * 60
    assert 255 not in missing[:60] + missing[120:]


def test_a_set_linked_by_place_is_the_same_set(panels_client: Any, panels: Atlas) -> None:
    text = " ".join(panels.genes[:159])
    named = panels_client.post(f"{PANELS}/genesets", data=text).get_json()
    spelt = panels_client.get(f"{PANELS}/values/set/{named['name']}")
    assert spelt.status_code == 200
    from atlas_app.genesets import address

    packed = f"~{panels.digest[:12]}.{address._pack(list(range(159)))}"
    assert panels_client.get(f"{PANELS}/values/set/{packed}").data == spelt.data
    assert panels_client.get(f"{PANELS}/genesets/{packed}").get_json()["genes"] == named["genes"]
    stale = panels_client.get(f"{PANELS}/values/set/~{'0' * 12}.AAAA")
    assert stale.status_code == 404
    assert "another version" in stale.get_json()["error"]


def test_slices_and_silent_genes_are_told(panels_client: Any) -> None:
    found = panels_client.get(f"{PANELS}/genesets/G1,G100,G101,G159").get_json()
    assert found["silent"] == ["G159"]
    assert [each["genes"] for each in found["measured"]] == [3, 1, 3]


def test_scores_of_all_spots_as_a_table(
    panels_client: Any, panels: Atlas, scorer: SetScorer
) -> None:
    answer = panels_client.get(f"{PANELS}/scores.csv?of=G101,G110")
    assert answer.mimetype == "text/csv"
    assert "panels-set-of-2-" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == panels.n_spots
    assert {row["score"] for row in rows[60:120]} == {""}
    found = np.array([float(row["score"]) for row in rows[:60]])
    np.testing.assert_allclose(found, scorer.score(("G101", "G110")).values[:60], rtol=1e-4)
    assert rows[0]["spot"] == "s0"
    assert rows[0]["genes_scored"] == "2"
    assert rows[0]["atlas_digest"] == panels.digest
    assert panels_client.get(f"{PANELS}/scores.csv").status_code == 400


def test_sets_that_the_atlas_brings_are_offered(client: Any, atlas: Atlas) -> None:
    sets = client.get(f"{BASE}/genesets").get_json()["sets"]
    assert [each["name"] for each in sets][:2] == ["Factor 0 · MYH7 NPPA", "Factor 1 · GENE4 GENE5"]
    assert sets[1]["genes"][:2] == [gene.gene for gene in atlas.factor_genes(1, n=2)]
    assert len(sets[0]["genes"]) == 25


def test_an_unknown_kind_of_value_is_told_what_there_is(client: Any) -> None:
    answer = client.get(f"{BASE}/values/sets/MYH7")
    assert answer.status_code == 404
    assert "set" in answer.get_json()["expected"]
