"""Counts of groups of spots, gene by gene: one pass over the counts, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Genes = Iterable[tuple[int, NDArray, NDArray]]


def cut_genes(genes: Genes, taking: NDArray[np.bool_]) -> Iterator[tuple[int, NDArray, NDArray]]:
    """The same genes without the spots before the first and after the last of those `taking` (n,)
    part: of a selection in one slice, all other slices fall away."""
    rows = np.flatnonzero(taking)
    ends = np.array([rows[0], rows[-1] + 1])
    for gene, spots, counts in genes:
        start, stop = np.searchsorted(spots, ends)
        yield gene, spots[start:stop], counts[start:stop]


def count_groups(
    genes: Genes, group_of: NDArray[np.int64], n_groups: int, n_genes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Counts and numbers of expressing spots, each (n_genes, n_groups).

    Args:
        genes: (position, rows of spots, counts) of each gene, as `Atlas.gene_counts` gives them.
        group_of: (n,) group of every spot; `n_groups` for those of none.
    """
    counts = np.zeros((n_genes, n_groups))
    expressing = np.zeros((n_genes, n_groups), dtype=np.int64)
    for gene, spots, values in genes:
        groups = group_of[spots]
        counts[gene] = np.bincount(groups, values, n_groups + 1)[:n_groups]
        if not values.all():
            groups = groups[values > 0]
        expressing[gene] = np.bincount(groups, minlength=n_groups + 1)[:n_groups]
    return counts, expressing
