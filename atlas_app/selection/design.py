"""Which slices of a comparison count, and what can be tested with them.

Where specimens are the replicates, what is said of a slice holds for all slices of one together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from atlas_app.selection.sides import Sides
from atlas_app.stages.cells import MIN_SPOTS
from training.store.records import SliceInfo

Kind = Literal["paired", "unpaired", "none"]


@dataclass(frozen=True)
class Design:
    """The slices of either side, as positions among the atlas's.

    Attributes:
        kind: 'paired': two slices or more hold both sides, and only these count; 'unpaired': two
            or more of each side, at most one of which holds both; 'none': fewer, no test over
            slices.
        a, b: slices of either side, the same ones where paired.
        spots_a, spots_b: spots of side A in each slice of `a`, of side B in each of `b`.
        left_out: slices with spots of a selection that do not count for it.
    """

    kind: Kind
    a: NDArray[np.intp]
    b: NDArray[np.intp]
    spots_a: NDArray[np.int64]
    spots_b: NDArray[np.int64]
    left_out: NDArray[np.intp]

    @property
    def within(self) -> bool:
        """Whether both sides are of the same slices."""
        return np.array_equal(self.a, self.b)

    def groups(self, sides: Sides, slice_of: NDArray[np.int64]) -> NDArray[np.int64]:
        """Group (n,) of every spot: first the slices of A, then those of B, then no group."""
        size = len(self.a) + len(self.b)
        found = np.full(len(slice_of), size)
        for side, slices, first in ((sides.a, self.a, 0), (sides.b, self.b, len(self.a))):
            place = np.full(int(slice_of.max()) + 1, size)
            place[slices] = first + np.arange(len(slices))
            found[side] = place[slice_of[side]]
        return found


def choose_design(sides: Sides, slice_of: NDArray[np.int64], totals: NDArray[np.float64]) -> Design:
    """The slices that count: those with 10 spots of a side, and with counts in them.

    Sections differ for reasons that have nothing to do with the selection. So where slices hold
    both sides, each is compared with itself; of a selection beside the rest, one such slice is
    taken alone rather than together with others that hold the rest only.
    """
    n_slices = int(slice_of.max()) + 1
    spots = np.stack([np.bincount(slice_of[s], minlength=n_slices) for s in (sides.a, sides.b)])
    depth = np.stack([np.bincount(slice_of[s], totals[s], n_slices) for s in (sides.a, sides.b)])
    enough = (spots >= MIN_SPOTS) & (depth > 0)
    both = np.flatnonzero(enough.all(axis=0))
    a, b = np.flatnonzero(enough[0]), np.flatnonzero(enough[1])
    kind: Kind = "none"
    if len(both) >= 2:
        kind, a, b = "paired", both, both
    elif len(both) == 1 and (sides.rest or min(len(a), len(b)) < 2):
        a = b = both
    elif min(len(a), len(b)) >= 2:
        kind = "unpaired"
    left_out = np.setdiff1d(np.flatnonzero(spots[0]), a)
    if not sides.rest:
        left_out = np.union1d(left_out, np.setdiff1d(np.flatnonzero(spots[1]), b))
    return Design(kind, a, b, spots[0, a], spots[1, b], left_out)


def slices_of(slices: list[SliceInfo]) -> NDArray[np.int64]:
    """Slice (n,) of every spot."""
    return np.repeat(np.arange(len(slices)), [part.n_spots for part in slices])
