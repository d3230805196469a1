"""Counts of some spots and genes, taken out a block at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from training.mapping.reading import genecounts
from training.mapping.reading.genecounts import GeneCounts


def test_blocks_are_those_of_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genecounts, "BLOCK", 7)
    generator = np.random.default_rng(0)
    dense = generator.poisson(0.4, (40, 12)).astype(np.float32)
    dense[5] = 0
    columns, rows = np.array([7, 2, 9]), np.array([30, 5, 6, 31, 0, 12, 13, 14, 15])
    matrix = sparse.csr_matrix(dense)
    for counts, expected in (
        (GeneCounts(matrix), dense),
        (GeneCounts(matrix, columns), dense[:, columns]),
        (GeneCounts(matrix).keep(rows), dense[rows]),
        (GeneCounts(matrix, columns).keep(rows), dense[rows][:, columns]),
        (GeneCounts(matrix, columns).keep(rows).keep(np.array([4, 5])), dense[[0, 12]][:, columns]),
    ):
        assert counts.shape == expected.shape
        np.testing.assert_array_equal(counts.whole().toarray(), expected)
        np.testing.assert_array_equal(counts[slice(0, 2)].toarray(), expected[:2])
        np.testing.assert_array_equal(counts[np.array([1, 0])].toarray(), expected[[1, 0]])
        np.testing.assert_array_equal(counts.totals(), expected.sum(axis=1))
        np.testing.assert_array_equal(counts.expressed(), (expected > 0).sum(axis=1))
