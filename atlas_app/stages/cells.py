"""Spots and counts of every slice and domain, the same for all views of a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.store import Atlas

# The mean of fewer spots of a domain is mostly noise, and every slice has the same weight.
MIN_SPOTS = 10


@dataclass(frozen=True)
class Groups:
    """The spots of an atlas by slice (S) and domain (D).

    Attributes:
        domains: names (D).
        slice_of, domain_of: (n,) of every spot.
        spots: (S, D) numbers of spots.
        counts: (S, D) counts summed over spots and the genes that the slice measured.
        stage_of: (S,) stage of each slice, as a position among the atlas's stages.
    """

    domains: list[str]
    slice_of: NDArray[np.int64]
    domain_of: NDArray[np.int64]
    spots: NDArray[np.int64]
    counts: NDArray[np.float64]
    stage_of: NDArray[np.int64]

    def sum_spots(self, values: NDArray, domain: int | None = None) -> NDArray[np.float64]:
        """Values of spots (n,) summed by slice (S,), of one domain or of all."""
        weights = values if domain is None else np.where(self.domain_of == domain, values, 0.0)
        sums = np.bincount(self.slice_of, weights=weights, minlength=len(self.stage_of))
        return sums.astype(np.float64, copy=False)

    def spots_in(self, domain: int | None) -> NDArray[np.int64]:
        """Spots of each slice (S,), of one domain or of all."""
        return self.spots.sum(axis=1) if domain is None else self.spots[:, domain]

    def counts_in(self, domain: int | None) -> NDArray[np.float64]:
        """Counts of each slice (S,), of one domain or of all."""
        return self.counts.sum(axis=1) if domain is None else self.counts[:, domain]

    def enough(self, domain: int | None) -> NDArray[np.bool_]:
        """Slices (S,) with spots enough to count and any counts at all."""
        return enough(self.spots_in(domain), self.counts_in(domain), domain)


def enough(spots: NDArray, counts: NDArray, domain: int | None) -> NDArray[np.bool_]:
    """Which samples count, by their spots and counts (R,) in a domain or in all spots."""
    return np.asarray((spots >= (1 if domain is None else MIN_SPOTS)) & (counts > 0))


def group_spots(atlas: Atlas) -> Groups:
    """The groups of an atlas, from its bytes of domains and the spots' totals."""
    column = atlas.values("obs", "domain")
    domains = list(column.categories or [])
    domain_of = column.data.astype(np.int64)
    n_slices, n_domains = len(atlas.slices), len(domains)
    slice_of = np.repeat(np.arange(n_slices), [part.n_spots for part in atlas.slices])
    cell = slice_of * n_domains + domain_of
    names = [stage.name for stage in atlas.stages]
    size = n_slices * n_domains
    counts = np.bincount(cell, weights=atlas.totals, minlength=size)
    return Groups(
        domains=domains,
        slice_of=slice_of,
        domain_of=domain_of,
        spots=np.bincount(cell, minlength=size).reshape(n_slices, n_domains),
        counts=counts.astype(np.float64, copy=False).reshape(n_slices, n_domains),
        stage_of=np.array([names.index(part.stage) for part in atlas.slices]),
    )
