"""A mapped query beside its reference, on the result page and as tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from atlas_app.http.errors import ApiError
from atlas_app.pages.map.compare import (
    ALONE,
    REPLICATES,
    comparison,
    composition_rows,
    first_rows,
    gene_rows,
)
from atlas_app.results.comparison import comparison_csv, lies_beyond, read_comparison
from atlas_app.results.mapped import ResultView
from training.store import Atlas

COMMON: dict[str, Any] = {"stage": ["E9"] * 3, "domain": ["heart", "heart", "brain"]}
COMMON |= {"query": [0.4, 0.1, 0.2], "reference": [0.1, 0.1, 0.2], "n_query": 1, "n_reference": 2}
COMMON |= {"log2": [2.0, 0.1, 0.0], "low": [1.0, -1.0, -1.0], "high": [3.0, 1.2, 1.0]}
COMMON |= {"p": np.nan, "q": np.nan}
RANGE = {"expected_low": [0.05, 0.05, np.nan], "expected_high": [0.2, 0.2, np.nan]}
OWN = {"own_log2": [2.5, 0.2, 0.1], "own_low": [1.5, -1, np.nan], "own_high": [3.5, 1, np.nan]}
OWN |= {"own_p": np.nan, "own_q": np.nan}
TABLES = {
    "composition": pd.DataFrame(COMMON | RANGE | {"spots": [4, 1, 2], "outside": [0.5, 0, 0]}),
    "factors": pd.DataFrame(COMMON | RANGE | {"factor": [0, 1, 2]}),
    "genes": pd.DataFrame(COMMON | OWN | {"gene": ["ALB", "TTR", "MYH7"]}),
}


def write(path: Path, tables: dict[str, pd.DataFrame]) -> Path:
    result = ad.AnnData(np.ones((4, 2), dtype=np.float32))
    result.obsm["factors"] = np.ones((4, 1), dtype=np.float32)
    named = {
        name: table.astype({n: "category" for n in ("stage", "domain", "gene") if n in table})
        for name, table in tables.items()
    }
    result.uns["comparison"] = {n: t.set_axis(t.index.astype(str)) for n, t in named.items()}
    result.uns["projection"] = {"n_spots": 4}
    result.write_h5ad(path)
    return path


@pytest.fixture
def view(atlas: Atlas, tmp_path: Path) -> ResultView:
    path = write(tmp_path / "result.h5ad", TABLES)
    return ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title="section")


def texts(component: Any) -> Iterator[str]:
    """Every string in a tree of components."""
    if isinstance(component, str):
        yield component
    elif isinstance(component, list | tuple):
        for part in component:
            yield from texts(part)
    elif hasattr(component, "children"):
        yield from texts(component.children)


def test_tables_come_back_as_csv(view: ResultView) -> None:
    first, _, third = csv.DictReader(
        io.StringIO("".join(comparison_csv(read_comparison(view, "genes"))))
    )
    assert (first["gene"], first["domain"], first["own_log2"]) == ("ALB", "heart", "2.5")
    assert (third["own_low"], third["p"]) == ("", "")
    with pytest.raises(ApiError, match="No such comparison"):
        read_comparison(view, "spots")


def test_what_lies_beyond_is_shown_and_said(view: ResultView) -> None:
    genes = read_comparison(view, "genes")
    assert lies_beyond(genes, "own_low", "own_high").tolist() == [True, False, False]
    assert gene_rows(genes) == [
        ["E9", "heart", "ALB", "+2.50", "+1.50 to +3.50", "+2.00", "1 and 2", "–"]
    ]
    rows = composition_rows(read_comparison(view, "composition"))
    assert "40.0%, beyond" in " ".join(texts(rows[0]))
    assert rows[0][3:5] == ["5.0% to 20.0%", "50%"]
    assert rows[2][3] == "20.0%, no interval"


def test_each_domain_has_its_share_of_the_rows(view: ResultView) -> None:
    table = {"stage": np.array(["E9"] * 4), "domain": np.array(["a", "a", "a", "b"])}
    assert first_rows(table, np.array([True, True, True, True]), 2) == [0, 1, 3]


def test_one_slice_has_no_p_and_says_so(view: ResultView, atlas: Atlas, tmp_path: Path) -> None:
    said = " ".join(texts(comparison(view)))
    assert ALONE in said
    assert "1 of 2 beyond their interval (50.0%)" in said
    tested = {name: table.assign(p=0.5, q=0.5) for name, table in TABLES.items()}
    path = write(tmp_path / "tested.h5ad", tested)
    two = ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title="section")
    assert REPLICATES in " ".join(texts(comparison(two)))


def test_results_of_earlier_versions_have_none(view: ResultView) -> None:
    data = ad.read_h5ad(view.path)
    del data.uns["comparison"]
    data.write_h5ad(view.path)
    assert comparison(view) is None
    assert list(comparison_csv(read_comparison(view, "genes"))) == []
