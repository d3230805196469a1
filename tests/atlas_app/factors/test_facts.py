"""Factors beside each other, against the atlas itself; gene sets that readers bring."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_app.factors import charts
from atlas_app.factors.enrichment import MOST_SETS, Enrichments, read_sets
from atlas_app.factors.facts import FactorFacts
from atlas_app.factors.state import FactorView, read_view, write_view
from atlas_app.http.errors import ApiError
from atlas_app.http.kept_texts import KeptTexts
from atlas_app.stages.kept import StageData
from training.store import Atlas

BASE = "/api/v1/atlases/test"
GMT = "BRAIN\tof the brain\t" + "\t".join(f"GENE{i}" for i in range(3, 9)) + "\n"
GMT += "MIXED\t\tMYH7\tGENE4\tGENE12\tGENE20\nNONE\t\tNOSUCH\n"


@pytest.fixture(scope="module")
def facts(atlas: Atlas) -> FactorFacts:
    return FactorFacts(atlas, StageData(atlas))


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_factors_are_alike_by_loadings_genes_and_spots(facts: FactorFacts, atlas: Atlas) -> None:
    loadings = atlas.loadings[:32].astype(float)
    rows = {row["factor"]: row for row in facts.similar(1)}
    assert sorted(rows) == [0, 2, 3]
    for k, row in rows.items():
        a, b = loadings[:, 1], loadings[:, k]
        assert row["cosine"] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        spots = np.corrcoef(atlas.factor(1), atlas.factor(k))[0, 1]
        assert row["together"] == pytest.approx(spots, abs=1e-5)
        assert row["shared"] == 32
    cosines = [row["cosine"] for row in facts.similar(1)]
    assert cosines == sorted(cosines, reverse=True)


def test_usage_by_domain_is_the_mean_over_slices(facts: FactorFacts, atlas: Atlas) -> None:
    rows = {row["domain"]: row for row in facts.by_domain(1)}
    domain, used = atlas.obs("domain"), atlas.factor(1)
    for name, row in rows.items():
        means = [
            used[part.start : part.stop][domain[part.start : part.stop] == name].mean()
            for part in atlas.slices
        ]
        assert row["n_slices"] == 5
        assert row["mean"] == pytest.approx(np.mean(means), abs=1e-6)
    assert next(row["domain"] for row in facts.by_domain(1)) == "brain"


def test_genes_of_two_factors_are_ordered_by_what_differs(facts: FactorFacts, atlas: Atlas) -> None:
    rows = facts.compare(0, 2)
    assert len(rows) == 32
    gaps = [abs(row["difference"]) for row in rows]
    assert gaps == sorted(gaps, reverse=True)
    first = rows[0]
    own = atlas.loadings[atlas.genes.index(first["gene"])]
    assert first["loading_a"] == pytest.approx(own[0])
    assert first["loading_b"] == pytest.approx(own[2])
    assert first["specificity_b"] == pytest.approx(own[2] / own.sum(), rel=1e-5)


def test_charts_show_every_gene_and_every_domain(facts: FactorFacts, atlas: Atlas) -> None:
    from atlas_app.components.tables import factor_gene_rows

    rows = facts.compare(0, 2)
    figure = charts.compare_chart(rows, "factor 0", "factor 2")
    assert sum(len(trace.x) for trace in figure.data[1:]) == len(rows)
    assert [text for trace in figure.data[1:] for text in trace.text if text].count("MYH7") <= 1
    # Names that would lie on each other are left out, the first of them stays.
    near = [
        {"gene": gene, "loading_a": a, "loading_b": b, "difference": a - b}
        for gene, a, b in (("A", 0.02, 0.0), ("B", 0.018, 0.0), ("C", 0.0, 0.9), ("D", 0.0, 0.4))
    ]
    beside = charts.compare_chart(near, "factor 0", "factor 2").data[1:]
    assert [text for trace in beside for text in trace.text if text] == ["A", "C", "D"]
    genes = factor_gene_rows(atlas, 0)
    points = charts.height_chart(genes).data[0]
    assert len(points.x) == len(genes)
    named = [text for text in points.text if text]
    assert named[0] == genes[0]["gene"]
    assert set(named) <= {row["gene"] for row in genes[:5]}
    far = [
        {"gene": gene, "rank": rank, "loading": loading, "specificity": 0.9}
        for rank, (gene, loading) in enumerate((("A", 0.5), ("B", 0.4), ("C", 0.01), ("D", 0)), 1)
    ]
    shown = charts.height_chart(far).data[0]
    # The floor of the log scale is where a loading of 0 stands.
    assert [text for text in shown.text if text] == ["A", "C", "D"]
    assert list(shown.x) == pytest.approx([0.5, 0.4, 0.01, 0.5 * charts.FLOOR])
    bars = charts.domain_chart([*facts.by_domain(0), {"domain": "x", "n_slices": 0, "mean": None}])
    assert next(iter(bars.data[0].y)) == "heart (n = 5)"
    assert len(bars.data[0].y) == 4
    nothing = [{"gene": "a", "rank": 1, "loading": 0.0, "specificity": 0.0}]
    assert charts.height_chart(nothing).data


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ({}, FactorView()),
        ({"factor": "2", "with": "1", "sets": "ab" * 16}, FactorView(2, 1, "ab" * 16)),
        ({"factor": "9", "with": "9", "sets": "../../etc"}, FactorView()),
        ({"factor": "2", "with": "2"}, FactorView(2)),
        ({"factor": "-1", "with": "x"}, FactorView()),
        ({"factor": "1" * 5000}, FactorView()),
    ],
)
def test_the_address_names_the_view(query: dict[str, str], view: FactorView) -> None:
    assert read_view(query, 4) == view
    written = {name: str(v) for name, v in write_view(view).items() if v not in (None, "")}
    assert read_view(written, 4) == view


def test_given_sets_are_tested_in_every_factor(atlas: Atlas) -> None:
    tests = Enrichments(atlas)
    rows = tests.rows("key", GMT, 1)
    assert [row["set"] for row in rows] == ["BRAIN", "MIXED"]
    assert rows[0]["set_size"] == 6
    assert rows[0]["area"] > 0.95
    assert rows[0]["q_rank"] < 0.05
    assert rows[0]["universe"] == 32
    # All 32 fitted genes are among the 50 first: the overlap alone says nothing here.
    assert rows[0]["p"] == pytest.approx(1)
    assert tests.test("key", "other text") is tests.test("key", GMT)
    assert len(tests.rows("key", GMT, 1, most=1)) == 1


@pytest.mark.parametrize(
    ("text", "status", "word"),
    [
        ("", 400, "no text"),
        ("A\tb\tMYH7\nno tabs here\n\tx\tA", 400, "line 2: no tab"),
        ("A\tb\tMYH7\nA\tb\tNPPA", 400, "line 1 too"),
        ("x" * (8 * 2**20 + 1), 413, "bytes"),
        ("\n".join(f"s{i}\t\tg" for i in range(MOST_SETS + 1)), 413, "20,001 sets"),
    ],
)
def test_what_is_no_gmt_is_told(text: str, status: int, word: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_sets(text)
    assert caught.value.status == status
    assert word in caught.value.found


def test_faulty_lines_are_listed() -> None:
    with pytest.raises(ApiError, match="2 lines are no gene set") as caught:
        read_sets("A\tb\tMYH7\nno tabs here\n\tx\tA")
    assert caught.value.examples == [
        "line 2: no tab: 'no tabs here'",
        "line 3: no name: '\\tx\\tA'",
    ]


def test_texts_are_kept_by_content_within_their_room(tmp_path: Path) -> None:
    kept = KeptTexts(tmp_path / "texts", most_bytes=3 * 4096 - 1)
    first = kept.put("a" * 100)
    assert kept.put("a" * 100) == first
    os.utime(kept.folder / first, (1, 1))
    second = kept.put("b" * 100)
    os.utime(kept.folder / second, (2, 2))
    assert kept.get(first) == "a" * 100  # used now, hence no longer the oldest
    third = kept.put("c" * 100)
    assert kept.get(second) is None
    assert kept.get(first) == "a" * 100
    assert kept.get(third) == "c" * 100
    assert kept.folder.stat().st_mode & 0o077 == 0
    alone = KeptTexts(tmp_path / "small", most_bytes=10)
    assert alone.get(alone.put("d" * 100)) == "d" * 100
    # Short texts count as what their files take; the folder is looked at now and then only.
    many = KeptTexts(tmp_path / "many", most_bytes=64 * 4096)
    numbers = []
    for number in range(130):
        many.put(str(number))
        numbers.append(len(list(many.folder.iterdir())))
    assert max(numbers) == 65
    for key in ("", "../x", "0" * 32, "Z" * 32):
        assert kept.get(key) is None
    assert KeptTexts(tmp_path / "none").get("0" * 32) is None


def test_factors_over_http(client: Any, atlas: Atlas) -> None:
    alike = client.get(f"{BASE}/factors/similar.csv?factor=1")
    assert [row["of"] for row in table(alike)] == ["1"] * 3
    assert f"test-similar-factors-1-{atlas.digest[:8]}.csv" in alike.headers["Content-Disposition"]
    again = client.get(
        f"{BASE}/factors/similar.csv?factor=1", headers={"If-None-Match": alike.headers["ETag"]}
    )
    assert again.status_code == 304
    assert len(table(client.get(f"{BASE}/factors/domains.csv?factor=1"))) == 4
    assert len(table(client.get(f"{BASE}/factors/compare.csv?a=0&b=3"))) == 32
    rows = table(client.get(f"{BASE}/factors/not-fitted.csv?factor=1"))
    fitted = np.isfinite(atlas.loadings).all(axis=1)
    assert len(rows) == (~fitted).sum()
    assert {row["gene"] for row in rows}.isdisjoint(np.array(atlas.genes)[fitted])
    assert [float(row["score"]) for row in rows] == sorted(
        (float(row["score"]) for row in rows), reverse=True
    )
    for address in ("similar.csv", "domains.csv?factor=4", "compare.csv?a=0&b=x"):
        answer = client.get(f"{BASE}/factors/{address}")
        assert answer.status_code == 404
        assert "0" in answer.get_json()["examples"]


def test_sets_that_are_sent_too_often_or_fill_the_folder_wait(
    client_for: Callable[..., Any],
) -> None:
    client = client_for()
    answers = [client.post(f"{BASE}/enrichments", data="x") for _ in range(31)]
    assert [each.status_code for each in answers] == [400] * 30 + [429]
    assert answers[-1].get_json()["error"] == "Too many gene sets were sent from this address."
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    other = client_for()
    large = [f"{GMT}LARGE {k}\t{'x' * (7 * 2**20)}\tMYH7\n" for k in range(3)]
    sent = [other.post(f"{BASE}/enrichments", data=each).status_code for each in large]
    assert sent == [201, 201, 429]
    # Those that are kept take no more room, and others may send theirs.
    assert other.post(f"{BASE}/enrichments", data=large[0]).status_code == 201
    elsewhere = other.post(
        f"{BASE}/enrichments", data=large[2], environ_overrides={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert elsewhere.status_code == 201


def test_sets_that_a_disk_cannot_take_and_work_that_waits_are_told(
    client_for: Callable[..., Any], settings_for: Callable[..., Any], atlas: Atlas
) -> None:
    folder = settings_for().job_folder
    folder.mkdir(parents=True)
    (folder / "gene-sets").write_text("in the way")
    refused = client_for().post(f"{BASE}/enrichments", data=GMT)
    assert refused.status_code == 507
    assert refused.get_json()["error"] == "Gene sets cannot be kept now."
    enrichments = Enrichments(atlas)
    with ThreadPoolExecutor(1) as other:
        with enrichments._turns.turn():
            waiting = other.submit(enrichments.test, "a", GMT)
            while enrichments._turns._places._value:
                pass
            with pytest.raises(ApiError, match="busy with other gene sets"):
                enrichments.test("b", GMT)
        assert len(waiting.result(60)[1].tested) == 2


def test_sets_over_http(client_for: Callable[..., Any]) -> None:
    client = client_for()
    answer = client.post(f"{BASE}/enrichments", data=GMT)
    assert answer.status_code == 201
    sent = answer.get_json()
    assert (sent["sets"], sent["tested"], sent["universe"]) == (3, 2, 32)
    rows = table(client.get(f"{sent['url']}?factor=1"))
    assert [row["set"] for row in rows] == ["BRAIN", "MIXED"]
    assert set(rows[0]["genes"].split()) == {f"GENE{i}" for i in range(3, 9)}
    # Another process finds them by the same link.
    assert len(table(client_for().get(f"{sent['url']}?factor=2"))) == 2
    assert client.get(f"{BASE}/enrichments/{'0' * 32}.csv?factor=1").status_code == 404
    for body, word in ((b"\xff\xfe", "UTF-8"), (b"A\tb\tNOSUCH", "NOSUCH"), (b"", "no text")):
        refused = client.post(f"{BASE}/enrichments", data=body)
        assert refused.status_code == 400
        assert word in refused.get_json()["found"]
