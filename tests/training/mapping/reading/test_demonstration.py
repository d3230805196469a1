"""The section to try mapping with: the atlas's own counts, half of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.mapping.reading.demonstration import (
    central,
    demonstration_slice,
    thin_section,
    write_demonstration,
)
from training.mapping.reading.query import read_query
from training.store import Atlas


def test_it_is_a_thinned_slice_of_the_atlas(small_atlas: Atlas) -> None:
    part = demonstration_slice(small_atlas)
    assert part.name == "E10_1"
    section = thin_section(small_atlas, part)
    whole = np.column_stack([small_atlas.counts(gene) for gene in small_atlas.genes])
    whole = whole[part.start : part.stop]
    counts = section.X.toarray()
    assert section.var_names.tolist() == small_atlas.genes
    assert section.obs_names.tolist() == small_atlas.spot_names[part.start : part.stop]
    assert (counts <= whole).all()
    assert 0.45 < counts.sum() / whole.sum() < 0.55
    again = thin_section(small_atlas, part)
    np.testing.assert_array_equal(counts, again.X.toarray())


def test_it_is_a_query_like_any_other(small_atlas: Atlas, tmp_path: Path) -> None:
    path = write_demonstration(small_atlas, tmp_path)
    assert path.name == "demo-E10_1-thinned.h5ad"
    query = read_query(path, small_atlas, small_atlas.genes[:32])
    assert query.genes == small_atlas.genes
    assert query.warnings == []


def test_of_a_large_slice_the_middle_is_taken() -> None:
    positions = np.column_stack([np.arange(100), np.zeros(100)])
    assert central(positions, 100).tolist() == list(range(100))
    rows = central(positions, 11)
    assert len(rows) == 11
    assert np.ptp(rows) == 10
    assert 40 < rows.mean() < 60
