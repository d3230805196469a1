"""What a section measured of genes, in the unit that imputed values have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.mapping.reading.query import Query


class MeasuredGenes:
    """The n spots of a query by log1p counts per 10,000 of all counts that they would have over
    the genes of the reference.

    A query of a panel sees a part of these. Which part, its factors say; were it not reckoned in,
    every gene of a small panel would seem to be measured far higher than it is imputed.

    Args:
        reference: names of all genes of the reference; rates: (K, all genes) of `Parameters`.
        proportions: (n, K) factors of the query.
    """

    def __init__(
        self,
        query: Query,
        reference: Sequence[str],
        rates: NDArray[np.floating],
        proportions: NDArray[np.floating],
    ) -> None:
        self._query = query
        self._measured = set(query.genes)
        place = {name: index for index, name in enumerate(reference)}
        columns = [place[gene] for gene in query.genes]
        counted = query.counts_of(query.genes).totals()
        seen = proportions @ rates[:, columns].sum(axis=1)
        share = seen / np.maximum(proportions @ rates.sum(axis=1), 1e-12)
        self.depth = counted / np.clip(share, 1e-6, 1.0)

    def has(self, genes: Sequence[str]) -> bool:
        """Whether the query measured any of the genes."""
        return any(gene in self._measured for gene in genes)

    def of(self, genes: Sequence[str]) -> NDArray[np.float32]:
        """Values (n, genes); NaN for genes that the query did not measure, 0 without counts."""
        values = np.full((self._query.counts.shape[0], len(genes)), np.nan, dtype=np.float32)
        own = [index for index, gene in enumerate(genes) if gene in self._measured]
        if own:
            counts = self._query.counts_of([genes[index] for index in own]).whole().toarray()
            values[:, own] = np.log1p(1e4 * counts / np.maximum(self.depth, 1e-12)[:, None])
        return values
