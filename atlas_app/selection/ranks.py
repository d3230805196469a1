"""The rank-sum test of single spots, beside the one over slices or where those are too few.

Spots of one section are no replicates: neighbours resemble one another, and the section was drawn
once. What this p says is that these spots differ, not that such tissue does. Spots of several
slices are pooled, so it holds what slices differ by as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from atlas_app.selection.counts import Genes


def rank_genes(
    genes: Genes, side_of: NDArray[np.int64], totals: NDArray[np.float64], p: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray, NDArray]]:
    """Hands the genes on as they come, and writes into `p` the two-sided p of each gene's counts
    per total, side 0 against side 1.

    Args:
        genes: as for `count_groups`.
        side_of: (n,) 0 or 1, 2 for spots that take no part.
        totals: (n,) counts of every spot over all genes.
        p: (genes,), written to.
    """
    first, second = np.bincount(side_of, minlength=3)[:2].tolist()
    scale = np.divide(1.0, totals, out=np.zeros(len(totals)), where=totals > 0)
    for gene, spots, counts in genes:
        sides = side_of[spots]
        kept = (sides < 2) & (counts > 0)
        p[gene] = rank_sum(counts[kept] * scale[spots[kept]], sides[kept] == 0, first, second)
        yield gene, spots, counts


def rank_sum(
    values: NDArray[np.float64], first: NDArray[np.bool_], n_first: int, n_second: int
) -> float:
    """p of Wilcoxon's rank-sum test by its normal approximation, for ties and with continuity.

    Only the values above 0 are given: all other spots have 0 and share the lowest rank. NaN where
    no two values differ.

    Args:
        values: (m,) above 0; first: (m,) which of them are of the first side.
        n_first, n_second: spots of either side, those of 0 included.
    """
    from scipy.special import ndtr

    n = n_first + n_second
    zeros = n - len(values)
    inside = int(np.count_nonzero(first))
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if not len(values):
        starts = starts[:0]
    sizes = np.diff(np.append(starts, len(values)))
    middle = zeros + starts + (sizes + 1) / 2
    ranks = float((np.repeat(middle, sizes) * first[order]).sum())
    ranks += (n_first - inside) * (zeros + 1) / 2
    ties = float((sizes.astype(np.float64) ** 3 - sizes).sum()) + float(zeros) ** 3 - zeros
    variance = n_first * n_second / 12 * (n + 1 - ties / (n * (n - 1)))
    if variance <= 0:
        return np.nan
    distance = abs(ranks - n_first * (n + 1) / 2) - 0.5
    return float(min(1.0, 2 * ndtr(-distance / np.sqrt(variance))))
