"""Genes of slices that measured different ones: kept in union, refused where nothing joins them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from training.config import DataConfig, GenesConfig, QualityConfig, load_config
from training.errors import ConfigError, DataError
from training.slices.genepanels import check_linked_panels, union_genes
from training.slices.load import load_slices
from training.slices.quality import SliceReport

ALL = [f"GENE{i}" for i in range(60)]
PANELS = {"a": ALL[:40], "b": ALL[25:], "c": ALL[35:20:-1]}


def tables(panels: dict[str, list[str]]) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(index=pd.Index(genes)) for name, genes in panels.items()}


def write_slices(folder: Path, panels: dict[str, list[str]]) -> dict[str, pd.DataFrame]:
    """One slice for each panel; counts by spot and gene as written."""
    rng = np.random.default_rng(0)
    written = {}
    for name, genes in panels.items():
        counts = pd.DataFrame(rng.poisson(2.0, (30, len(genes))), columns=genes)
        counts.index = [f"{name}{i}" for i in range(30)]
        written[name] = counts
        var = pd.DataFrame({"id": [f"ID{g}" for g in genes], "own": name}, index=genes)
        AnnData(
            sparse.csr_matrix(counts.to_numpy(dtype=np.float32)),
            obs=pd.DataFrame({"slice": name}, index=counts.index),
            var=var,
            obsm={"spatial": rng.uniform(0, 100, (30, 2)).astype(np.float32)},
        ).write_h5ad(folder / f"{name}.h5ad")
    return written


def load(folder: Path, **genes: object) -> tuple[AnnData, list[SliceReport]]:
    return load_slices(
        folder,
        data=DataConfig.model_validate({}),
        quality=QualityConfig.model_validate({}),
        stages={},
        genes=GenesConfig.model_validate(genes),
    )


def test_genes_of_enough_panels_are_kept_in_order() -> None:
    panels = [pd.Index(genes) for genes in PANELS.values()]
    assert union_genes(panels).tolist() == ALL
    assert union_genes(panels, 2).tolist() == ALL[21:40]
    assert union_genes(panels, 3).tolist() == ALL[25:36]


def test_every_count_is_at_its_gene_and_no_other(tmp_path: Path) -> None:
    written = write_slices(tmp_path, PANELS)
    spots, reports = load(tmp_path, panels="union")
    assert spots.var_names.tolist() == ALL
    measured = pd.DataFrame(
        spots.varm["measured"], index=ALL, columns=spots.obs["slice"].cat.categories
    )
    for name, genes in PANELS.items():
        assert measured.index[measured[name]].tolist() == [g for g in ALL if g in genes]
        part = spots[spots.obs["slice"] == name].to_df()
        expected = written[name].reindex(columns=ALL, fill_value=0)
        pd.testing.assert_frame_equal(part, expected, check_dtype=False, check_names=False)
    assert [report.n_genes for report in reports] == [40, 35, 15]
    assert spots.var["id"].tolist() == [f"ID{g}" for g in ALL]
    assert "own" not in spots.var


def test_union_of_one_panel_is_the_shared_genes(tmp_path: Path) -> None:
    write_slices(tmp_path, {"a": ALL, "b": ALL[::-1]})
    shared, union = load(tmp_path)[0], load(tmp_path, panels="union")[0]
    assert "measured" not in union.varm
    assert union.var_names.equals(shared.var_names)
    assert (union.X != shared.X).nnz == 0


def test_genes_of_all_slices_at_least_are_the_shared_genes(tmp_path: Path) -> None:
    write_slices(tmp_path, PANELS)
    shared = load(tmp_path)[0]
    union = load(tmp_path, panels="union", least_slices=9)[0]
    assert "measured" not in union.varm
    assert union.var_names.tolist() == shared.var_names.tolist() == ALL[25:36]
    assert (union.X != shared.X).nnz == 0


def test_slices_may_be_joined_through_another() -> None:
    chain = {"a": ALL[:25], "b": ALL[15:45], "c": ALL[35:]}
    assert check_linked_panels(tables(chain)) == []


def test_a_slice_that_nothing_joins_is_refused() -> None:
    apart = {"a": ALL[:30], "b": ALL[10:40], "c": [g.lower() for g in ALL[:30]], "d": ALL[:30]}
    (problem,) = check_linked_panels(tables(apart))
    text = str(problem)
    assert "30 genes of which 0 are among the 30 of a" in text
    assert "at least 10% of the smaller panel, and 10 genes" in text
    assert "upper and lower case" in text


def test_too_small_an_intersection_points_to_union(tmp_path: Path) -> None:
    write_slices(tmp_path, {"a": ALL[:25], "b": ALL[15:45], "c": ALL[30:] + ALL[:3]})
    with pytest.raises(DataError, match=r"genes\.panels=union"):
        load(tmp_path)
    assert load(tmp_path, panels="union")[0].n_vars == 60


def test_the_published_form_needs_shared_genes() -> None:
    with pytest.raises(ConfigError, match=r"use genes\.panels=shared, or model\.paper=false"):
        load_config(None, ["genes.panels=union", "model.paper=true"])
