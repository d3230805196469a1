"""Counts summed over slices and domains: stored, read, checked, and made where they are missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import zarr

from training.store import Atlas, open_atlas, validate_store
from training.store.schema import PSEUDOBULK


def all_sums(atlas: Atlas) -> np.ndarray:
    blocks = list(atlas.domain_counts())
    starts = np.cumsum([0, *(len(block) for _, block in blocks[:-1])])
    assert [start for start, _ in blocks] == starts.tolist()
    return np.concatenate([block for _, block in blocks])


def test_sums_are_those_of_the_counts(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    assert atlas.has_pseudobulk
    counts = np.stack([atlas.counts(name) for name in atlas.genes])
    domain = atlas.obs("domain")
    categories = atlas.obs_columns["domain"].categories
    found = all_sums(atlas)
    assert found.shape == (atlas.n_genes, len(atlas.slices), len(categories))
    for i, part in enumerate(atlas.slices):
        for j, name in enumerate(categories):
            inside = np.flatnonzero(domain[part.start : part.stop] == name) + part.start
            np.testing.assert_array_equal(found[:, i, j], counts[:, inside].sum(axis=1))
    np.testing.assert_array_equal(found.sum(axis=(1, 2)), counts.sum(axis=1))
    assert atlas.totals.sum() == found.sum()


def test_a_store_without_them_gives_the_same(copy: Path, seal: Callable[[Path], None]) -> None:
    stored = all_sums(open_atlas(copy))
    shutil.rmtree(copy / PSEUDOBULK)
    seal(copy)
    assert validate_store(copy) == []
    older = open_atlas(copy)
    assert not older.has_pseudobulk
    np.testing.assert_array_equal(all_sums(older), stored)


def test_wrong_sums_and_shapes_are_faults(copy: Path, seal: Callable[[Path], None]) -> None:
    root = zarr.open_group(copy, mode="r+")
    root[PSEUDOBULK][3, 0, 0] += 1
    seal(copy)
    (fault,) = validate_store(copy)
    assert "other sums for 1 genes" in fault
    del root[PSEUDOBULK]
    root.create_array(PSEUDOBULK, data=np.zeros((2, 2, 2)))
    seal(copy)
    assert any("genes × 2 slices" in fault for fault in validate_store(copy))


def test_many_genes_come_in_blocks(
    tmp_path: Path, make_atlas: Callable[..., anndata.AnnData], write_store: Callable[..., str]
) -> None:
    """More genes than one block holds: every block and the shorter last one are right."""
    from training.store.parts.pseudobulk import genes_per_block

    names = [f"gene {i}" for i in range(300)]
    path = tmp_path / "many.atlas.zarr"
    write_store(path, make_atlas(genes=names))
    atlas = open_atlas(path)
    found = all_sums(atlas)
    np.testing.assert_array_equal(
        found.sum(axis=(1, 2)), [atlas.counts(name).sum() for name in names]
    )
    assert genes_per_block(30_000, (19, 12)) * 19 * 12 * 8 <= 4 * 2**20
    assert genes_per_block(10, (5000, 255)) == 1
