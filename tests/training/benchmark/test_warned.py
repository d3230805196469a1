"""Sections left out in parts, and foreign tissue planted in them."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from training.benchmark.mapping.warned import (
    ALIKE,
    TRIED,
    divide_all,
    exchange_genes,
    plant,
    sorted_rows,
    tell_shares,
)


def section(genes: list[str], rate: float, seed: int, n: int = 60) -> ad.AnnData:
    generator = np.random.default_rng(seed)
    counts = sparse.csr_matrix(generator.poisson(rate, (n, len(genes))).astype(np.float32))
    made = ad.AnnData(counts)
    made.var_names = genes
    made.obsm["spatial"] = generator.random((n, 2)).astype(np.float32)
    return made


def test_every_section_is_left_out_once_and_stages_are_spread(tmp_path: Path) -> None:
    files = []
    for stage, number in (("E9", 4), ("E10", 4), ("E11", 1)):
        for index in range(number):
            each = section(["a"], 1.0, 0, 3)
            each.obs["stage"] = stage
            files.append(tmp_path / f"{stage}_{index}.h5ad")
            each.write_h5ad(files[-1])
    parts = divide_all(files, 0)
    assert sorted(file for part in parts for file in part) == sorted(files)
    assert len(parts) == 4
    for part in parts:
        stages = [file.name.partition("_")[0] for file in part]
        assert len(set(stages)) == len(stages)
    assert divide_all(files, 1) != parts
    assert len(divide_all(files[:2], 0)) == 2


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_connected_part_is_replaced(share: float) -> None:
    own, other = section(list("abcde"), 1.0, 0), section(list("xdcba"), 50.0, 1, 20)
    mixed = plant(own, share, other, np.random.default_rng(2))
    assert mixed.var_names.tolist() == list("abcd")
    before, after = own[:, list("abcd")].X.toarray(), mixed.X.toarray()
    foreign = (after != before).any(axis=1)
    assert foreign.sum() == share * own.n_obs
    given = {tuple(row) for row in other[:, list("abcd")].X.toarray()}
    assert {tuple(row) for row in after[foreign]} <= given
    # No spot that kept its counts lies between those that did not.
    places = own.obsm["spatial"]
    nearest = [
        np.argsort(((places - middle) ** 2).sum(axis=1))[: foreign.sum()] for middle in places
    ]
    assert any(foreign[rows].all() for rows in nearest)
    assert np.array_equal(own.X.toarray()[:, :4], before)


def test_exchanged_genes_are_as_abundant_and_none_the_same() -> None:
    generator = np.random.default_rng(0)
    counts = sparse.csr_matrix(generator.poisson(generator.gamma(1, 2, 400), (50, 400)))
    found = exchange_genes(counts, np.random.default_rng(1))
    assert np.array_equal(found.sum(axis=1), counts.sum(axis=1))
    before, after = (np.asarray(each.mean(axis=0)).ravel() for each in (counts, found))
    rank = np.argsort(np.argsort(before, kind="stable"))
    where = [int(np.flatnonzero(before == value)[0]) for value in after]
    assert np.abs(rank[where] - rank).max() < ALIKE + (before == 0).sum()
    own = np.corrcoef(counts.toarray().T, found.toarray().T)[:400, 400:].diagonal()
    assert np.nanmean(own > 0.99) < 0.2
    mixed = plant(section([f"g{i}" for i in range(60)], 2.0, 3), 0.2, None, generator)
    assert mixed.n_vars == 60


def test_shares_are_told_by_every_limit() -> None:
    told = tell_shares([0.0, 0.12, 0.26, 0.5])
    assert (told["outside"], told["largest"]) == (pytest.approx(0.22), 0.5)
    assert [told[f"above_{limit:.0%}"] for limit in TRIED] == [0.75, 0.5, 0.5, 0.5, 0.25, 0.25]
    rows = sorted_rows({"all, own tissue": [0.1], "100, own tissue": [0.2], "all, 10%": [0.3]})
    assert [name for name, _ in rows] == ["all, own tissue", "all, 10%", "100, own tissue"]
