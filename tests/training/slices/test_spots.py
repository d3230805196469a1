"""Spots handed over in memory that say which slice measured which gene."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from training.errors import DataError
from training.slices.spots import check_spots

MEASURED = np.array([[True, True], [True, False], [False, True], [True, True]])


def spots(categories: list[str]) -> AnnData:
    """Six spots of the slices b and a, in this order, and four genes, as in MEASURED."""
    slices = np.repeat(["b", "a"], 3)
    counts = np.ones((6, 4), dtype=np.float32) * MEASURED.T[np.repeat([0, 1], 3)]
    obs = pd.DataFrame({"slice": pd.Categorical(slices, categories=categories)})
    found = AnnData(counts, obs=obs.set_index(obs.index.astype(str)))
    found.obsm["spatial"] = np.random.default_rng(0).random((6, 2))
    found.varm["measured"] = MEASURED if categories[0] == "b" else MEASURED[:, ::-1]
    return found


@pytest.mark.parametrize("categories", [["a", "b"], ["b", "a"]])
def test_columns_follow_their_slices(categories: list[str]) -> None:
    checked = check_spots(spots(categories), filled=True)
    assert checked.obs["slice"].cat.categories.tolist() == ["a", "b"]
    np.testing.assert_array_equal(checked.varm["measured"], MEASURED[:, ::-1])


def test_counts_of_what_was_not_measured_are_refused() -> None:
    wrong = spots(["b", "a"])
    wrong.varm["measured"] = MEASURED[:, ::-1]
    with pytest.raises(DataError, match=r"6 counts of genes that varm.'measured'. says were not"):
        check_spots(wrong, filled=True)


def test_a_table_of_another_shape_is_refused() -> None:
    wrong = spots(["b", "a"])
    wrong.varm["measured"] = MEASURED[:, :1]
    with pytest.raises(DataError, match="4 genes × 2 slices"):
        check_spots(wrong, filled=True)
