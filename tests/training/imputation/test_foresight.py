"""What a fit tells of how well each gene can be imputed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.imputation.foresight import foresee
from training.mapping.encoding.parameters import unpack_model
from training.mapping.reference import of_atlas
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def stored(tiny_atlas: Path) -> pd.DataFrame:
    import anndata as ad

    return ad.read_zarr(tiny_atlas / "reference").var.filter(like="imputation_")


def test_every_gene_has_its_figures(atlas: Atlas, stored: pd.DataFrame) -> None:
    stages = [f"imputation_pearson_{stage.name}" for stage in atlas.stages]
    figures = ["pearson", "spearman", "rmse", "slices", "coverage"]
    assert list(stored.columns) == [*(f"imputation_{name}" for name in figures), *stages]
    pearson = stored["imputation_pearson"]
    assert pearson.notna().mean() > 0.95
    assert 0.1 < pearson.median() < 0.9
    assert stored["imputation_slices"].max() == len(atlas.slices)
    # Many genes have few counts, and their intervals no fewer than the zeros.
    assert 0.85 < stored["imputation_coverage"].median() < 0.99


def test_genes_with_a_pattern_come_out_better_than_others(
    atlas: Atlas, stored: pd.DataFrame
) -> None:
    """The simulation has genes of one organ, and genes that are the same everywhere."""
    told = stored["imputation_pearson"].to_numpy()
    specific = np.nan_to_num(atlas.loadings).max(axis=1) / np.maximum(
        np.nan_to_num(atlas.loadings).sum(axis=1), 1e-12
    )
    upper = specific > np.quantile(specific, 0.75)
    assert np.nanmean(told[upper]) > np.nanmean(told[~upper])


def test_the_same_seed_tells_the_same(atlas: Atlas, stored: pd.DataFrame) -> None:
    stages = [stage.name for stage in atlas.stages]
    again = foresee(of_atlas(atlas), unpack_model(atlas.model()), stages, folds=3, seed=0)
    again = again[stored.columns]
    np.testing.assert_allclose(again.to_numpy(), stored.to_numpy(), atol=5e-3)


def test_genes_with_too_few_others_are_not_tested(atlas: Atlas) -> None:
    """Of 12 fitted genes 8 are left beside a hidden third; for all other genes there are 12."""
    from dataclasses import replace

    parameters = replace(unpack_model(atlas.model()), genes=atlas.genes[:12])
    stages = [stage.name for stage in atlas.stages]
    told = foresee(of_atlas(atlas), parameters, stages, folds=3, seed=0)
    assert told.shape == (len(atlas.genes), 6 + len(stages))
    assert told["imputation_pearson"][:12].isna().all()
    assert told["imputation_pearson"][12:].notna().mean() > 0.95
