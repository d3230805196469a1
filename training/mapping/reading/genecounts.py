"""Some spots and genes of a matrix of counts, taken from it a block at a time.

The counts are what a query needs most memory for. Taken out as a matrix of their own, those of the
genes that a step works on would be held twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK = 8192
"""Spots that are looked at together."""


@dataclass(frozen=True)
class GeneCounts:
    """Counts of n spots and g genes, as rows and columns of a larger matrix.

    Attributes:
        matrix: CSR counts of all genes.
        columns: (g,) of them; None for all in their order.
        rows: (n,) of them; None for all in their order.
    """

    matrix: sparse.csr_matrix
    columns: NDArray[np.integer] | None = None
    rows: NDArray[np.integer] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        n, g = self.matrix.shape
        return (
            n if self.rows is None else len(self.rows),
            g if self.columns is None else len(self.columns),
        )

    def __getitem__(self, rows: NDArray[np.integer] | slice) -> sparse.csr_matrix:
        """Counts (m, g) of some spots."""
        found = self.matrix[rows if self.rows is None else self.rows[rows]]
        return found if self.columns is None else found[:, self.columns]

    def keep(self, rows: NDArray[np.integer]) -> GeneCounts:
        """Those of some spots (m,), still without a copy."""
        return replace(self, rows=rows if self.rows is None else self.rows[rows])

    def whole(self) -> sparse.csr_matrix:
        """The matrix (n, g): a copy, but where it is all of `matrix`."""
        if self.rows is not None:
            return self[slice(None)]
        return self.matrix if self.columns is None else self.matrix[:, self.columns]

    def totals(self) -> NDArray[np.float64]:
        """(n,) counts of each spot over these genes."""
        found = np.empty(self.shape[0])
        for rows in self._blocks():
            found[rows] = np.asarray(self[rows].sum(axis=1)).ravel()
        return found

    def expressed(self) -> NDArray[np.int64]:
        """(n,) how many of these genes each spot has."""
        if self.rows is None and self.columns is None:
            return np.diff(self.matrix.indptr).astype(np.int64)
        found = np.empty(self.shape[0], dtype=np.int64)
        for rows in self._blocks():
            found[rows] = np.diff(self[rows].indptr)
        return found

    def _blocks(self) -> Iterator[slice]:
        n = self.shape[0]
        return (slice(at, min(at + BLOCK, n)) for at in range(0, n, BLOCK))
