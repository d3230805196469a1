"""Parts of an atlas taken away as files."""

from __future__ import annotations

import csv
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from training.commands.tables import ENDINGS, export_part
from training.errors import AtlasError
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


def test_factors_as_a_ranked_table(atlas: Atlas, tmp_path: Path) -> None:
    export_part(atlas, "factors", tmp_path / "factors.csv")
    table = pd.read_csv(tmp_path / "factors.csv")
    assert set(table["factor"]) == set(range(atlas.n_factors))
    first = table[table["factor"] == 3].sort_values("rank")
    expected = atlas.factor_genes(3, n=5)
    assert first["gene"].head(5).tolist() == [each.gene for each in expected]
    np.testing.assert_allclose(first["loading"].head(5), [e.loading for e in expected], rtol=1e-4)


def test_factors_as_gene_sets(atlas: Atlas, tmp_path: Path) -> None:
    export_part(atlas, "factors", tmp_path / "factors.GMT")
    lines = [line.split("\t") for line in (tmp_path / "factors.GMT").read_text().splitlines()]
    assert len(lines) == atlas.n_factors
    assert lines[3][2:7] == [each.gene for each in atlas.factor_genes(3, n=5)]


def test_loadings_are_genes_by_factors(atlas: Atlas, tmp_path: Path) -> None:
    export_part(atlas, "loadings", tmp_path / "loadings.csv")
    table = pd.read_csv(tmp_path / "loadings.csv", index_col=0)
    fitted = atlas.highly_variable
    assert table.index.tolist() == [g for g, f in zip(atlas.genes, fitted, strict=True) if f]
    assert list(table) == [f"factor_{k}" for k in range(atlas.n_factors)]
    np.testing.assert_allclose(table, np.array(atlas.loadings)[fitted], rtol=1e-4)


def test_the_latent_is_spots_by_dimensions(atlas: Atlas, tmp_path: Path) -> None:
    export_part(atlas, "latent", tmp_path / "latent.csv")
    with (tmp_path / "latent.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == [f"latent_{d}" for d in range(atlas.latent.shape[1])]
    assert [row[0] for row in rows[1:]] == list(atlas.spot_names)
    found = np.array([row[1:] for row in rows[1:]], dtype=float)
    np.testing.assert_allclose(found, np.array(atlas.latent), rtol=1e-4, atol=1e-6)


def test_the_reference_is_the_whole_anndata(atlas: Atlas, tmp_path: Path) -> None:
    export_part(atlas, "reference", tmp_path / "atlas.h5ad")
    taken = ad.read_h5ad(tmp_path / "atlas.h5ad")
    stored = ad.read_zarr(atlas.path / "reference")
    assert taken.obs_names.tolist() == stored.obs_names.tolist()
    assert (taken.X != stored.X).nnz == 0
    pd.testing.assert_frame_equal(taken.obs, stored.obs)
    for key in ("latent", "factors", "spatial", "umap"):
        np.testing.assert_array_equal(taken.obsm[key], stored.obsm[key])
    np.testing.assert_array_equal(taken.varm["loadings"], stored.varm["loadings"])


@pytest.mark.parametrize("what", sorted(ENDINGS))
def test_an_ending_that_does_not_fit_names_those_that_do(
    atlas: Atlas, tmp_path: Path, what: str
) -> None:
    with pytest.raises(AtlasError) as caught:
        export_part(atlas, what, tmp_path / "part.xlsx")
    assert all(ending in str(caught.value) for ending in ENDINGS[what])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["factors.csv", "latent.csv", "reference.h5ad"])
def test_a_file_that_cannot_be_written_is_told(atlas: Atlas, tmp_path: Path, to: str) -> None:
    with pytest.raises(AtlasError, match="cannot be written"):
        export_part(atlas, to.split(".")[0], tmp_path / "missing" / to)
