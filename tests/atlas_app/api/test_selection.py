from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anndata as ad
import pytest

from training.store import Atlas
from training.store.genes.significance import told_p

BASE = "/api/v1/atlases/test/selection"
# The middle of the tissue: about half of the spots of each of the first four slices.
MIDDLE = quote("spatial*20_20_120_20_120_80_20_80*0*1*2*3")
ONE = quote("spatial*20_20_120_20_120_80_20_80*1")


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_genes_as_json_and_as_a_file(client: Any, atlas: Atlas) -> None:
    found = client.get(f"{BASE}/genes?sel={MIDDLE}").get_json()
    assert found["digest"] == atlas.digest
    assert (found["design"], found["tested"], found["b_is"]) == ("paired", True, "the rest")
    assert (found["slices_a"], found["slices_b"], found["paired"]) == (4, 4, True)
    assert [part["slice"] for part in found["counted_a"]] == ["E9_1", "E9_2", "E10_1", "E10_2"]
    assert found["genes"] == len(found["rows"]) == 39 - found["few_counts"] + 1
    p = [row["p"] for row in found["rows"]]
    assert p == sorted(p)
    answer = client.get(f"{BASE}/genes.csv?sel={MIDDLE}")
    rows = table(answer)
    assert [float(row["p"]) for row in rows] == pytest.approx(p, rel=1e-5)
    assert rows[0]["gene"] == found["rows"][0]["gene"]
    assert rows[0]["test"] == "moderated paired t over slices"
    assert {row["atlas_digest"] for row in rows} == {atlas.digest}
    assert atlas.digest[:8] in answer.headers["Content-Disposition"]


def test_rows_are_cut_searched_and_by_direction(client: Any) -> None:
    def genes(asked: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get(f"{BASE}/genes?sel={MIDDLE}&{asked}").get_json()[
            "rows"
        ]
        return found

    first = genes("limit=7")
    assert len(first) == 7
    assert {row["q_told"] for row in first} == {told_p(row["q"]) for row in first}
    assert [row["gene"] for row in genes("gene=myh")] == ["MYH7"]
    up, down = genes("direction=up"), genes("direction=down")
    assert min(row["log2_fold_change"] for row in up) > 0
    assert max(row["log2_fold_change"] for row in down) < 0
    assert len(up) + len(down) == len(genes(""))


def test_one_slice_says_so_and_offers_its_spots(client: Any) -> None:
    found = client.get(f"{BASE}/genes?sel={ONE}").get_json()
    assert (found["slices_a"], found["tested"]) == (1, False)
    assert found["rows"][0]["p"] is None
    spots = client.get(f"{BASE}/genes?sel={ONE}&test=spots").get_json()
    assert "no replicates" in spots["test"]
    assert spots["rows"][0]["q"] is not None
    assert spots["rows"][0]["low"] is None
    other = quote("spatial*-90_-90_500_-90_500_500_-90_500*4")
    beside = client.get(f"{BASE}/genes?sel={ONE}&against={other}").get_json()
    assert (beside["b_is"], beside["paired"]) == ("a second selection", False)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("", 400),
        ("sel=rubbish", 400),
        (f"sel={MIDDLE}&test=magic", 400),
        (f"sel={MIDDLE}&without=obs:domian*1", 400),
        (f"sel={MIDDLE}&without=obs:domain*0_1_2_3", 409),
        (f"sel={MIDDLE}&limit=0", 400),
    ],
)
def test_what_cannot_be_answered_says_why(asked: str, status: int, client: Any) -> None:
    for route in ("genes", "genes.csv"):
        if route == "genes.csv" and "limit" in asked:
            continue
        answer = client.get(f"{BASE}/{route}?{asked}")
        assert answer.status_code == status, answer.text
        assert answer.get_json()["expected"]


def test_spots_as_files(client: Any, atlas: Atlas, tmp_path: Path) -> None:
    answer = client.get(f"{BASE}/spots.csv?sel={ONE}&without=obs:domain*0")
    rows = table(answer)
    assert {row["slice"] for row in rows} == {"E9_2"}
    assert "heart" not in {row["domain"] for row in rows}
    assert {row["atlas_digest"] for row in rows} == {atlas.digest}
    named = f"test-selection-{len(rows)}-spots-{atlas.digest[:8]}"
    assert f"{named}.csv" in answer.headers["Content-Disposition"]
    file = client.get(f"{BASE}/spots.h5ad?sel={ONE}&without=obs:domain*0")
    assert file.status_code == 200
    assert f"{named}.h5ad" in file.headers["Content-Disposition"]
    path = tmp_path / "selection.h5ad"
    path.write_bytes(file.data)
    found = ad.read_h5ad(path)
    assert found.obs_names.tolist() == [row["spot"] for row in rows]
    assert found.uns["atlas"]["title"] == "A test tissue"
    assert float(found.X.sum()) > 0


def test_files_that_cannot_be_had_say_why(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atlas_app.selection.export.MOST_FILE_SPOTS", 3)
    monkeypatch.setattr("atlas_app.selection.export.MOST_TABLE_SPOTS", 4)
    for route, limit in (("spots.h5ad", "3"), ("spots.csv", "4")):
        answer = client.get(f"{BASE}/{route}?sel={ONE}")
        assert answer.status_code == 413
        assert f"at most {limit} spots" in answer.get_json()["expected"]
        assert client.get(f"{BASE}/{route}").status_code == 400


def test_composition_as_json_and_as_a_file(client: Any, atlas: Atlas) -> None:
    found = client.get(f"{BASE}/composition?sel={ONE}").get_json()
    assert found["spots_a"] + found["spots_b"] == atlas.n_spots
    assert {row["by"] for row in found["rows"]} == {"stage", "slice", "domain", "factor"}
    answer = client.get(f"{BASE}/composition.csv?sel={ONE}")
    assert answer.headers["X-Atlas-Digest"] == atlas.digest
    rows = table(answer)
    assert len(rows) == len(found["rows"])
    assert rows[-1]["low"] == ""
    assert client.get(f"{BASE}/composition").status_code == 400


def test_spots_hidden_by_the_score_of_a_set_take_no_part(client: Any) -> None:
    genes = ["MYH7", "NPPA", "SOX2"]
    name = client.post(
        "/api/v1/atlases/test/genesets", data="\n".join(genes), content_type="text/plain"
    ).get_json()["name"]
    values = client.get(f"/api/v1/atlases/test/values/set/{quote(name)}").data
    whole = table(client.get(f"{BASE}/spots.csv?sel={ONE}"))
    byte = values[60]
    left = client.get(f"{BASE}/spots.csv?sel={ONE}&without={quote(f'set:{name}*{byte}')}")
    inside = [int(row["spot"].split(":s")[1]) for row in whole]
    expected = [spot for spot in inside if values[60 + spot] != byte]
    assert [int(row["spot"].split(":s")[1]) for row in table(left)] == expected
