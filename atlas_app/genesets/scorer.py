"""Scoring gene sets of one atlas: a gene's bytes at a time, with the sums of controls kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from atlas_app.genesets.score import Bins, Floats, Weights, bin_genes, standardised, weigh
from training.store import Atlas

# Sums of controls that are kept: 4 bytes a spot and bin, hence 25 bins of 640,000 spots.
KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class SetScore:
    """A scored set.

    Attributes:
        values: (n,) score of every spot, NaN in slices that measured no gene of the set.
        scored: genes that count.
        silent: genes of the set that no spot expresses, left out.
        measured: (S,) scored genes that each slice measured.
        controls: (S,) control genes that the score of each slice rests on.
    """

    values: Floats
    scored: tuple[str, ...]
    silent: tuple[str, ...]
    measured: NDArray[np.int64]
    controls: NDArray[np.int64]


class SetScorer:
    """Scores sets of an atlas. May be shared by threads.

    `counts_by_slice` gives the counts of every slice (S,), summed over its spots and genes.
    """

    def __init__(self, atlas: Atlas, counts_by_slice: Callable[[], NDArray[np.float64]]) -> None:
        self.atlas = atlas
        self._counts_by_slice = counts_by_slice
        self._sums: OrderedDict[int, Floats] = OrderedDict()
        self._lock = threading.Lock()

    def score(self, genes: tuple[str, ...]) -> SetScore:
        """The score of the set of `genes`, names of the atlas; their order does not matter."""
        chosen = np.array(sorted(self._position[gene] for gene in genes), dtype=np.int64)
        expressed = self.bins.of[chosen] >= 0
        silent = tuple(self.atlas.genes[gene] for gene in chosen[~expressed])
        chosen = chosen[expressed]
        n_slices = len(self.atlas.slices)
        if not len(chosen):
            none = np.zeros(n_slices, dtype=np.int64)
            blank = np.full(self.atlas.n_spots, np.nan, dtype=np.float32)
            return SetScore(blank, (), silent, none, none)
        weights = weigh(chosen, self.bins, self.atlas.measured, n_slices)
        values = self._combine(chosen, weights)
        for part, n in zip(self.atlas.slices, weights.measured, strict=True):
            if n == 0:
                values[part.start : part.stop] = np.nan
        scored = tuple(self.atlas.genes[gene] for gene in chosen)
        return SetScore(values, scored, silent, weights.measured, weights.controls)

    @cached_property
    def bins(self) -> Bins:
        """The atlas's genes by their counts per count of the slices that measured them."""
        atlas = self.atlas
        sums = np.zeros((atlas.n_genes, len(atlas.slices)))
        for first, block in atlas.domain_counts():
            sums[first : first + len(block)] = block.sum(axis=2)
        depth = self._counts_by_slice()
        measured = atlas.measured
        total = depth.sum() if measured is None else measured @ depth
        means = sums.sum(axis=1) / np.where(total > 0, total, np.inf)
        return bin_genes(means, atlas.genes)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.atlas.genes)}

    def _combine(self, chosen: NDArray[np.int64], weights: Weights) -> Floats:
        values = np.zeros(self.atlas.n_spots, dtype=np.float32)
        for row, gene in enumerate(chosen.tolist()):
            self._add(values, gene, weights.genes[row])
        for each in np.flatnonzero(weights.bins.any(axis=1)).tolist():
            sums = self._controls(each)
            for part, factor in zip(self.atlas.slices, weights.bins[each], strict=True):
                rows = slice(part.start, part.stop)
                values[rows] -= factor * sums[rows]
        return values

    def _add(self, values: Floats, gene: int, factors: Floats) -> None:
        """Add a gene's z times `factors` (S,) of the slices to `values`, in place."""
        found = self.atlas.values("gene", self.atlas.genes[gene])
        table = standardised(found.data, found.hi)
        if (factors == factors[0]).all():
            values += np.take(table * factors[0], found.data)
            return
        for part, factor in zip(self.atlas.slices, factors, strict=True):
            if factor:
                rows = slice(part.start, part.stop)
                values[rows] += np.take(table * factor, found.data[rows])

    def _controls(self, each: int) -> Floats:
        """z summed over the control genes of a bin, 0 where not measured, (n,)."""
        # One at a time: the second who needs the same finds it there.
        with self._lock:
            sums = self._sums.get(each)
            if sums is None:
                sums = np.zeros(self.atlas.n_spots, dtype=np.float32)
                ones = np.ones(len(self.atlas.slices), dtype=np.float32)
                for gene in self.bins.controls[each].tolist():
                    self._add(sums, gene, ones)
                self._sums[each] = sums
            self._sums.move_to_end(each)
            while len(self._sums) > 1 and len(self._sums) * sums.nbytes > KEPT_BYTES:
                self._sums.popitem(last=False)
        return sums
