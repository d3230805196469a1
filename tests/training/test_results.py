"""The file a projection leaves: whole or not there, readable by anyone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from training.errors import AtlasError
from training.imputation.accuracy import Accuracy, judge
from training.mapping.encoding.parameters import unpack_model
from training.mapping.projected import Projection
from training.mapping.reading.query import Query, read_query
from training.progress import silent
from training.projection import project_query
from training.results import write_result
from training.store import Atlas, open_atlas
from training.store.mapped import COLUMNS


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture
def mapped(atlas: Atlas, tiny_slices: Path, tmp_path: Path) -> tuple[Query, Projection]:
    section = ad.read_h5ad(tiny_slices / "E8.5_A.h5ad")[:30].copy()
    for name in (*COLUMNS, "mapped_organ"):
        section.obs[name] = pd.Categorical(["theirs"] * 30)
    section.obs["query_stage"] = "earlier"
    section.write_h5ad(tmp_path / "query.h5ad")
    parameters = unpack_model(atlas.model())
    query = read_query(tmp_path / "query.h5ad", atlas, parameters.genes)
    return query, project_query(atlas, parameters, query)


def judged(values: NDArray[np.float32]) -> Accuracy:
    return judge(values, values + 1, np.arange(30) // 15, np.zeros(30, dtype=int), 6)


def blocks(values: NDArray[np.float32]) -> Iterator[tuple[slice, NDArray[np.float32], Accuracy]]:
    for start in range(0, values.shape[1], 4):
        block = values[:, start : start + 4]
        yield slice(start, start + block.shape[1]), block, judged(block)


def test_blocks_come_back_as_one_matrix(
    atlas: Atlas, mapped: tuple[Query, Projection], tmp_path: Path
) -> None:
    values = np.random.default_rng(0).random((30, 10), dtype=np.float32)
    genes = atlas.genes[:10]
    out = tmp_path / "new" / "result.h5ad"
    write_result(out, *mapped, atlas, genes, blocks(values), silent)
    result = ad.read_h5ad(out)
    np.testing.assert_array_equal(result.obsm["imputed"], values)
    assert list(result.uns["projection"]["imputed_genes"]) == genes
    assert result.uns["projection"]["imputed_unit"] == "log1p counts per 10,000"
    table = result.uns["imputation"]
    assert list(table.index) == genes
    np.testing.assert_allclose(table["pearson"], judged(values).pearson)
    np.testing.assert_allclose(table["rmse"], 1, rtol=1e-5)
    stages = [f"pearson {stage.name}" for stage in atlas.stages]
    assert [name for name in table.columns if name.startswith("pearson ")] == stages


def test_colliding_columns_are_renamed(
    atlas: Atlas, mapped: tuple[Query, Projection], tmp_path: Path
) -> None:
    query = replace(mapped[0], section_column="stage", coordinate_unit="mm")
    out = tmp_path / "result.h5ad"
    write_result(out, query, mapped[1], atlas, [], blocks(np.empty((30, 0))), silent)
    result = ad.read_h5ad(out)
    assert result.uns["projection"]["section_obs"] == "query_stage"
    assert result.uns["projection"]["coordinate_unit"] == "mm"
    obs = result.obs
    assert not obs.columns.duplicated().any()
    for name in (*COLUMNS, "mapped_organ"):
        assert name in obs
        assert (obs[f"query_{name}"].astype(str) == "theirs").all()


def test_a_failure_leaves_the_earlier_result(
    atlas: Atlas, mapped: tuple[Query, Projection], tmp_path: Path
) -> None:
    out = tmp_path / "result.h5ad"
    out.write_bytes(b"earlier")

    def failing() -> Iterator[tuple[slice, NDArray[np.float32], Accuracy]]:
        values = np.zeros((30, 1), dtype=np.float32)
        yield slice(0, 1), values, judged(values)
        raise OSError("no space left on device")

    with pytest.raises(AtlasError, match=r"result\.h5ad cannot be written: no space left"):
        write_result(out, *mapped, atlas, atlas.genes[:2], failing(), silent)
    assert out.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["query.h5ad", "result.h5ad"]


def test_a_place_that_cannot_be_written_is_told(
    atlas: Atlas, mapped: tuple[Query, Projection], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AtlasError, match="cannot be written"):
        write_result(tmp_path / "file" / "r.h5ad", *mapped, atlas, [], iter(()), silent)
