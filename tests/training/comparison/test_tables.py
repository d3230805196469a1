"""Mapped sections beside a fitted atlas: in the result, and by `atlas compare`."""

from __future__ import annotations

import shutil
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from typer.testing import CliRunner

from training.cli import app
from training.comparison.tables import KINDS, empty, write_comparison
from training.errors import AtlasError
from training.projection import project
from training.store import open_atlas


@pytest.fixture(scope="module")
def section(tiny_slices: Path) -> ad.AnnData:
    """A slice of the atlas with four times its spots, so that domains have enough of them."""
    one = ad.read_h5ad(tiny_slices / "E13.5_A.h5ad")
    parts = []
    for seed in range(4):
        part = one.copy()
        counts = sparse.csr_matrix(part.X)
        counts.data = np.random.default_rng(seed).binomial(counts.data.astype(int), 0.7)
        part.X = counts.astype(np.float32)
        part.obsm["spatial"] = one.obsm["spatial"] + [seed * 0.01, 0]
        part.obs_names = [f"{name}-{seed}" for name in one.obs_names]
        parts.append(part)
    return ad.concat(parts, merge="same")


@pytest.fixture(scope="module")
def results(
    tiny_atlas: Path, section: ad.AnnData, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Two results: the section as it is, and with five genes planted in one domain."""
    folder = tmp_path_factory.mktemp("compared")
    section.write_h5ad(folder / "query.h5ad")
    project(tiny_atlas, folder / "query.h5ad", folder / "plain.h5ad")
    plain = ad.read_h5ad(folder / "plain.h5ad")
    genes = plain.uns["comparison"]["genes"]
    commonest = genes[genes["own_low"].notna()]["domain"].astype(str).mode()[0]
    planted = genes[(genes["domain"] == commonest) & genes["own_low"].notna()]
    chosen = planted.sort_values("query", ascending=False)["gene"].astype(str).tolist()[:5]
    counts = sparse.lil_matrix(plain.X)
    rows = np.flatnonzero((plain.obs["domain"] == commonest).to_numpy())
    for gene in chosen:
        column = plain.var_names.get_loc(gene)
        counts[rows, column] = counts[rows, column].toarray() * 5
    plain.X = sparse.csr_matrix(counts)
    plain.uns["planted"] = {"domain": commonest, "genes": np.array(chosen, dtype=object)}
    plain.write_h5ad(folder / "planted.h5ad")
    return folder


def test_a_result_holds_its_comparison(results: Path, tiny_atlas: Path) -> None:
    result = ad.read_h5ad(results / "plain.h5ad")
    tables = result.uns["comparison"]
    assert sorted(tables) == sorted(KINDS)
    told = result.uns["projection"]["comparison"]
    assert told["n_slices"] == 1
    assert told["n_compared"] == len(tables["genes"]) > 100
    assert tables["genes"]["p"].isna().all()
    shares = tables["composition"]
    assert set(shares["domain"].astype(str)) <= set(open_atlas(tiny_atlas).obs("domain"))
    assert (shares["expected_low"] <= shares["expected_high"]).sum() == len(shares)


def test_a_planted_change_is_found_in_its_domain(results: Path, tiny_atlas: Path) -> None:
    planted = ad.read_h5ad(results / "planted.h5ad").uns["planted"]
    atlas = open_atlas(tiny_atlas)
    tables, told, notes = write_comparison([results / "planted.h5ad"], atlas, results / "out")
    genes = tables["genes"]
    marked = genes[(genes["own_low"] > 0)]
    here = marked[marked["domain"] == planted["domain"]]["gene"]
    assert len(set(here) & set(planted["genes"])) >= 4
    assert told["n_slices"] == 1
    assert "n = 1" in notes[0]
    written = pd.read_csv(results / "out" / "genes.csv")
    assert len(written) == len(genes)


def test_several_results_are_replicates(results: Path, tiny_atlas: Path) -> None:
    shutil.copy(results / "plain.h5ad", results / "again.h5ad")
    files = [str(results / "plain.h5ad"), str(results / "again.h5ad")]
    to = results / "both"
    done = CliRunner().invoke(app, ["compare", *files, "--atlas", str(tiny_atlas), "--to", str(to)])
    assert done.exit_code == 0, done.output
    assert "2 slices" in done.output
    genes = pd.read_csv(to / "genes.csv")
    assert (genes["n_query"] == 2).any()
    assert genes["p"].notna().any()


def test_what_was_mapped_onto_another_atlas_is_refused(
    results: Path, tiny_atlas: Path, tmp_path: Path
) -> None:
    result = ad.read_h5ad(results / "plain.h5ad")
    result.uns["projection"]["atlas_digest"] = "another"
    result.write_h5ad(tmp_path / "other.h5ad")
    atlas = open_atlas(tiny_atlas)
    with pytest.raises(AtlasError, match="found an atlas of digest another"):
        write_comparison([tmp_path / "other.h5ad"], atlas, tmp_path)
    with pytest.raises(AtlasError, match="a result of `atlas project`"):
        write_comparison([results / "query.h5ad"], atlas, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_table_has_the_columns_of_a_full_one(kind: str, results: Path) -> None:
    full = ad.read_h5ad(results / "plain.h5ad").uns["comparison"][kind]
    assert set(empty(kind).columns) == set(full.columns)
    assert len(empty(kind)) == 0
