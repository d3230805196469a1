"""Counts of many genes read together are those of each read alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from training.store import GeneNotFound, open_atlas
from training.store.parts import reference as stored
from training.store.parts.reference import _runs


@pytest.mark.parametrize("chunk", [65_536, 100, 1])
def test_columns_are_those_of_single_genes(
    tiny_atlas: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(stored, "SPARSE_CHUNK", chunk)
    atlas = open_atlas(tiny_atlas)
    order = np.random.default_rng(0).permutation(len(atlas.genes))[:60]
    names = [atlas.genes[index] for index in order] + [atlas.genes[int(order[0])]]
    offsets, spots, counts = atlas.count_columns(names)
    found = sparse.csc_matrix((counts, spots, offsets), shape=(atlas.n_spots, len(names)))
    for column, name in enumerate(names):
        np.testing.assert_array_equal(found[:, [column]].toarray()[:, 0], atlas.counts(name))


def test_no_genes_are_no_columns(tiny_atlas: Path) -> None:
    offsets, spots, counts = open_atlas(tiny_atlas).count_columns([])
    assert offsets.tolist() == [0]
    assert len(spots) == len(counts) == 0


def test_an_unknown_gene_is_told(tiny_atlas: Path) -> None:
    with pytest.raises(GeneNotFound):
        open_atlas(tiny_atlas).count_columns(["no such gene"])


def test_runs_hold_what_lies_close() -> None:
    starts, stops = np.array([0, 10, 50, 58]), np.array([10, 20, 58, 200])
    assert list(_runs(starts, stops, gap=25, per_run=100)) == [slice(0, 2), slice(2, 4)]
    assert list(_runs(starts, stops, gap=40, per_run=1)) == [slice(0, 2), slice(2, 3), slice(3, 4)]
