"""The optional table of factors: what is wrong with it is found, and stores do without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

from training.store import StoreError, open_atlas, validate_store
from training.store.genes.rankedgenes import name_factors


def with_table(make_atlas: Callable[..., anndata.AnnData], **changed: Any) -> anndata.AnnData:
    atlas = make_atlas()
    columns = {"factor": [0, 1, 2], "name": ["a b", "c", "d"], "stability": [0.5, np.nan, 1.0]}
    atlas.uns["factors"] = pd.DataFrame(columns | changed, index=["0", "1", "2"])
    return atlas


def test_names_and_stability_come_back(
    make_atlas: Callable[..., anndata.AnnData], write_store: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "named.atlas.zarr"
    write_store(path, with_table(make_atlas))
    assert validate_store(path) == []
    atlas = open_atlas(path)
    assert atlas.factor_names == ["a b", "c", "d"]
    np.testing.assert_array_equal(atlas.factor_stability, [0.5, np.nan, 1.0])
    assert atlas.table("factors")["factor"].tolist() == [0, 1, 2]


def test_a_store_without_the_table_names_factors_by_their_genes(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    assert atlas.factor_names == name_factors(atlas.loadings, atlas.genes)
    assert np.isnan(atlas.factor_stability).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"factor": [0, 2, 1]}, "factors/factor"),
        ({"name": ["a", "a", "b"]}, "factors/name"),
        ({"name": ["a", "", "b"]}, "factors/name"),
        ({"stability": [0.5, 1.5, 0.1]}, "factors/stability"),
    ],
)
def test_what_is_wrong_with_the_table_is_named(
    make_atlas: Callable[..., anndata.AnnData],
    write_store: Callable[..., str],
    tmp_path: Path,
    changed: dict[str, Any],
    words: str,
) -> None:
    with pytest.raises(StoreError, match=words):
        write_store(tmp_path / "wrong.atlas.zarr", with_table(make_atlas, **changed))
