"""What the Stages page keeps of an atlas between requests, bounded in size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from atlas_app.stages.cells import Groups, group_spots
from atlas_app.stages.changes import Changes, compare_stages
from atlas_app.stages.samples import Samples, choose_samples
from training.store import Atlas

# Comparisons kept: each some MB where an atlas has tens of thousands of genes.
MOST_CHANGES = 8
# Sums of an atlas whose store lacks them are kept when they are no larger.
MOST_BYTES = 64 * 2**20


class StageData:
    """Groups and comparisons of one atlas, each computed once; may be shared by threads."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._lock = threading.Lock()
        self._changes: OrderedDict[tuple[str, ...], Changes] = OrderedDict()
        self._samples: dict[str, Samples] = {}
        self._sums: list[tuple[int, NDArray]] | None = None

    @cached_property
    def groups(self) -> Groups:
        return group_spots(self.atlas)

    def samples(self, by: str) -> Samples:
        """As `choose_samples`, each made once."""
        if by not in self._samples:
            self._samples[by] = choose_samples(self.atlas, by)
        return self._samples[by]

    def changes(
        self, a: str, b: str, within: str = "", what: str = "genes", by: str = "slices"
    ) -> Changes:
        """As `compare_stages`, over the samples `by`; the ones asked for last are kept."""
        key = (a, b, within, what, by)
        # One at a time: the second who asks for the same finds it there.
        with self._lock:
            found = self._changes.get(key)
            if found is None:
                sums = self._kept_sums() if what == "genes" else None
                found = compare_stages(
                    self.atlas, self.groups, a, b, within, what, sums, self.samples(by)
                )
            self._changes[key] = found
            self._changes.move_to_end(key)
            while len(self._changes) > MOST_CHANGES:
                self._changes.popitem(last=False)
        return found

    def _kept_sums(self) -> list[tuple[int, NDArray]] | None:
        """Sums of a store that lacks them, counted once; None where they are stored or too large.

        They are halved in size as float32, exact to 16 million counts and to 7 digits beyond.
        """
        size = 4 * self.atlas.n_genes * self.groups.spots.size
        if self.atlas.has_pseudobulk or size > MOST_BYTES:
            return None
        if self._sums is None:
            self._sums = [
                (first, block.astype(np.float32)) for first, block in self.atlas.domain_counts()
            ]
        return self._sums
