"""Normalised expression made when rows of it are asked for: large collections hold counts once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.preprocess import normalise


@dataclass(frozen=True)
class Normalised:
    """log1p of counts scaled to `target_sum`, as `normalise` gives it, row by row.

    Attributes:
        counts: (n, G) CSR counts.
        totals: (n,) total counts of each spot.
    """

    counts: sparse.csr_matrix
    totals: NDArray[np.floating]
    target_sum: float

    @property
    def shape(self) -> tuple[int, int]:
        """(n, G)."""
        n, n_genes = self.counts.shape
        return n, n_genes

    def __getitem__(self, rows: NDArray[np.integer]) -> sparse.csr_matrix:
        """Normalised expression (m, G) of some spots, CSR float32."""
        return normalise(self.counts[rows], self.totals[rows], self.target_sum)
