"""Which spots of a slice are kept, and the account of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.config import QualityConfig

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Fewer spots give no neighbourhood to learn from.
MIN_SPOTS = 10


@dataclass(frozen=True)
class SliceReport:
    """What was read of one slice and what was kept.

    n_read = n_empty + n_low + n_kept. Spots outside the tissue (10x Visium) are counted in
    n_outside and not in n_read. median_counts is over the kept spots and shared genes.
    """

    slice: str
    stage: str
    time: float | None
    n_read: int
    n_empty: int
    n_low: int
    n_kept: int
    n_genes: int
    n_genes_dropped: int
    n_outside: int
    median_counts: float
    source: str


@dataclass(frozen=True)
class Quality:
    """Per-spot quality of one slice; arrays of length n spots."""

    totals: np.ndarray
    empty: np.ndarray
    low: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """Mask of the spots that stay."""
        return ~(self.empty | self.low)


def assess(counts: csr_matrix, config: QualityConfig) -> Quality:
    """Judge each spot by its counts over the given genes.

    Args:
        counts: (n spots, n genes) raw counts without stored zeros.
        config: least total counts and least detected genes of a spot.

    Returns:
        Totals, spots without any count, and spots with some but too few.
    """
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    detected = np.diff(counts.indptr)
    empty = totals == 0
    low = ~empty & ((totals < config.min_counts) | (detected < config.min_genes))
    return Quality(totals=totals, empty=empty, low=low)
