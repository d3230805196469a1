"""The mean expression of each spot's neighbourhood: stored, or made when rows are asked for.

The product of the graph and the expression has several times the entries of the expression: on an
atlas of half a million spots it would take more memory than all else together. Where it would be
large, each batch multiplies its own rows; the values are the same bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

STORED_ENTRIES = 100_000_000
"""Products of more entries than this (0.8 GB) are not stored."""


@dataclass(frozen=True)
class Neighbourhood:
    """propagation (n, n) @ expression (n, G), of which rows are computed when asked for."""

    propagation: sparse.csr_matrix
    expression: sparse.csr_matrix

    @property
    def shape(self) -> tuple[int, int]:
        """(n, G)."""
        return self.propagation.shape[0], self.expression.shape[1]

    def __getitem__(self, rows: NDArray[np.integer] | slice) -> sparse.csr_matrix:
        """Rows (m, G), CSR."""
        return sparse.csr_matrix(self.propagation[rows] @ self.expression)


def average_neighbourhood(
    propagation: sparse.csr_matrix,
    expression: sparse.csr_matrix,
    stored_entries: int = STORED_ENTRIES,
) -> sparse.csr_matrix | Neighbourhood:
    """propagation (n, n) @ expression (n, G): a matrix, unless it could have too many entries."""
    if count_entries(propagation, expression) > stored_entries:
        return Neighbourhood(propagation, expression)
    return sparse.csr_matrix(propagation @ expression)


def count_entries(propagation: sparse.csr_matrix, expression: sparse.csr_matrix) -> int:
    """Entries that the product has at most: those of all neighbours together, or all genes."""
    lengths = np.diff(expression.indptr).astype(np.float64)
    pattern = sparse.csr_matrix(
        (np.ones(propagation.nnz), propagation.indices, propagation.indptr), propagation.shape
    )
    return int(np.minimum(pattern @ lengths, expression.shape[1]).sum())
