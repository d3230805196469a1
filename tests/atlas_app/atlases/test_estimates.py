"""The factors' estimate of a gene over HTTP, named as what it is."""

from __future__ import annotations

import csv
import io
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.store import Atlas, Estimates
from training.store.hierarchy.quantise import decode_numbers

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))
BASE = "/api/v1/atlases/test"


def decoded(answer: Any) -> np.ndarray:
    ends = (float(answer.headers[f"X-Atlas-{end}"]) for end in ("Lo", "Hi"))
    return decode_numbers(np.frombuffer(answer.data, np.uint8), *ends)


def test_estimate_and_difference_are_kinds_of_their_own(client: Any, atlas: Atlas) -> None:
    assert client.get(BASE).get_json()["estimates"] is True
    estimates = Estimates(atlas)
    answer = client.get(f"{BASE}/values/estimate/sox2")
    np.testing.assert_allclose(decoded(answer), estimates.gene("SOX2"), atol=0.02)
    assert answer.headers["X-Atlas-Expected"] == "not tested"
    assert "X-Atlas-Clip" not in answer.headers
    answer = client.get(f"{BASE}/values/difference/SOX2")
    np.testing.assert_allclose(decoded(answer), estimates.difference("SOX2"), atol=0.03)
    low, high = (float(end) for end in answer.headers["X-Atlas-Clip"].split())
    assert -low == high == pytest.approx(np.percentile(np.abs(estimates.difference("SOX2")), 99))
    assert client.get(f"{BASE}/values/gene/SOX2").headers.get("X-Atlas-Expected") is None


def test_the_accuracy_told_beside_an_estimate_is_the_estimates_own(
    client_for: Callable[..., Any], store: Path, atlas: Atlas, tmp_path: Path
) -> None:
    figures = np.full(atlas.n_genes, np.nan)
    figures[atlas.genes.index("SOX2")] = 0.25
    columns = {"imputation_pearson": np.full(atlas.n_genes, 0.75), "estimate_pearson": figures}
    copy = SMALL["copy_with"](store, tmp_path / "t.atlas.zarr", columns)
    client = client_for(stores=(copy,))

    def told(gene: str) -> str:
        answer = client.get(f"/api/v1/atlases/t/values/estimate/{gene}")
        return str(answer.headers["X-Atlas-Expected"])

    assert (told("SOX2"), told("MYH7")) == ("0.25", "not testable")
    assert told(atlas.genes[-1]) == "not tested"


def test_a_gene_that_was_not_fitted_is_estimated_and_not_tested(client: Any, atlas: Atlas) -> None:
    gene = atlas.genes[-2]
    answer = client.get(f"{BASE}/values/estimate/{gene}")
    np.testing.assert_allclose(decoded(answer), Estimates(atlas).gene(gene), atol=0.03)
    assert answer.headers["X-Atlas-Expected"] == "not tested"


def test_of_a_gene_without_loadings_nothing_is_made_up(
    client_for: Callable[..., Any], atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(atlas.model(), arrays={})
    monkeypatch.setattr(Atlas, "model", lambda self: bare)
    client, gene = client_for(), atlas.genes[-2]
    for address in (f"values/estimate/{gene}", f"expression.csv?of={gene}&estimates=1"):
        answer = client.get(f"{BASE}/{address}")
        assert answer.status_code == 404
        assert "say nothing of this gene" in answer.get_json()["error"]
    assert client.get(f"{BASE}/expression.csv?of={gene}").status_code == 200


def test_the_table_has_a_column_called_what_it_is(client: Any, atlas: Atlas) -> None:
    answer = client.get(f"{BASE}/expression.csv?of=SOX2&estimates=1")
    assert "with-factors-estimate" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    found = [float(row["SOX2 (factors' estimate)"]) for row in rows]
    np.testing.assert_allclose(found, Estimates(atlas).gene("SOX2"), rtol=1e-4)
    assert [float(row["SOX2"]) for row in rows] == pytest.approx(atlas.gene("SOX2").tolist(), 1e-4)


def test_a_gene_that_a_slice_lacks_is_found_with_how_good_its_estimate_is(
    client_for: Callable[..., Any], panels: Atlas
) -> None:
    client = client_for(stores=(Path(str(panels.location)),))
    hits = client.get("/api/v1/atlases/panels/genes?prefix=g1&limit=200").get_json()["genes"]
    told = {hit["name"]: hit["estimated"] for hit in hits}
    lacking = {name for name, each in told.items() if each}
    measured = panels.measured
    assert measured is not None
    expected = {
        gene
        for gene, seen in zip(panels.genes, measured, strict=True)
        if not seen.all() and Estimates(panels).has(gene)
    }
    assert lacking == expected & told.keys()
    assert all(told[name] == {"slices": 1, "of": 3, "r": "not tested"} for name in lacking)
