"""How many neighbours make a neighbourhood: those whose mean says best what a spot will be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from training.inputs.preprocess import normalise

RINGS = (6, 18, 36)
"""Neighbours tried: those of one, two and three rings around a spot of a hexagonal grid."""
GAIN = 0.02
"""Part of the error that a wider ring must take off. Eight sets of real slices gain nothing by a
second ring; large simulated organs and layers 5 to 9 %."""
LEAST_SLICE = 40
"""Spots that half of the slices must have for each neighbour of a wider ring. In slices of 200 a
ring of 18 is as wide as an organ, and mixed what the slices shared less."""
COMPONENTS = 10
SCALE = 1e4
"""Counts per spot that expression is scaled to."""
SAMPLE = 5_000
"""Spots looked at."""


@dataclass(frozen=True)
class Width:
    """Number of neighbours chosen, and the error of each number tried against the slice's mean."""

    neighbours: int
    errors: dict[int, float]

    def told(self) -> str:
        """One line of a fit's progress."""
        tried = ", ".join(f"{value:.2f} with {number}" for number, value in self.errors.items())
        return f"{self.neighbours} neighbours chosen: error of their mean {tried}"


def choose_neighbours(
    counts: sparse.csr_matrix,
    totals: NDArray[np.floating],
    positions: NDArray[np.floating],
    slices: NDArray[np.integer],
    seed: int,
) -> Width:
    """The number of neighbours whose mean comes nearest to the spot amid them.

    With y the leading components of log expression, centred per slice, and ȳ their mean over the m
    nearest others, the error is Σ (y − ȳ)² / Σ y². Few neighbours are noisy, of molecules drawn and
    of cells that differ from spot to spot; many reach into other tissue. A wider ring must take
    GAIN of the error off: what is narrow blurs nothing.

    Args:
        counts: (n, G) CSR counts of the fitted genes; totals: (n,) of each spot.
        positions: (n, 2); slices: (n,) slice index.
    """
    rows = np.arange(len(slices))
    if len(rows) > SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), SAMPLE, replace=False))
    own = _centre(normalise(counts[rows], totals[rows], SCALE).toarray(), slices[rows])
    axes = _leading_axes(own, seed)
    own = own @ axes
    whole = max(float(np.square(own).sum()), 1e-12)
    errors: dict[int, float] = {}
    chosen = RINGS[0]
    most = np.median(np.bincount(slices)[np.unique(slices)]) / LEAST_SLICE
    for number in (RINGS[0], *(ring for ring in RINGS[1:] if ring <= most)):
        averaging, near = _average_others(positions, slices, rows, number)
        others = normalise(counts[near], totals[near], SCALE) @ axes
        around = _centre(averaging @ others, slices[rows])
        errors[number] = float(np.square(own - around).sum()) / whole
        if errors[number] < (1 - GAIN) * errors[chosen]:
            chosen = number
    return Width(chosen, errors)


def _centre(values: NDArray[np.floating], slices: NDArray[np.integer]) -> NDArray[np.floating]:
    """Values (m, d) less the mean of their slice."""
    centred = values.copy()
    for index in np.unique(slices):
        inside = slices == index
        centred[inside] -= values[inside].mean(axis=0)
    return centred


def _leading_axes(values: NDArray[np.floating], seed: int) -> NDArray[np.floating]:
    """Leading principal axes (G, at most COMPONENTS) of centred values (m, G)."""
    from sklearn.utils.extmath import randomized_svd

    wanted = min(COMPONENTS, *values.shape)
    return randomized_svd(values, wanted, random_state=seed)[2].T


def _average_others(
    positions: NDArray[np.floating],
    slices: NDArray[np.integer],
    rows: NDArray[np.integer],
    number: int,
) -> tuple[sparse.csr_matrix, NDArray[np.integer]]:
    """Averaging (m, p) over the nearest others of some spots (m,), and which spots (p,) these are.

    A slice of fewer spots has fewer neighbours; a lone spot has none, and its mean is 0.
    """
    starts, nodes = [], []
    for index in np.unique(slices[rows]):
        members = np.flatnonzero(slices == index)
        wanted = min(number + 1, len(members))
        inside = np.flatnonzero(slices[rows] == index)
        if wanted < 2:
            continue
        tree = cKDTree(positions[members])
        _, nearest = tree.query(positions[rows[inside]], k=wanted)
        # The first is the spot itself, or one that lies just where it does.
        starts.append(np.repeat(inside, wanted - 1))
        nodes.append(members[nearest[:, 1:]].ravel())
    if not starts:
        return sparse.csr_matrix((len(rows), 1), dtype=np.float32), rows[:1]
    start = np.concatenate(starts)
    near, place = np.unique(np.concatenate(nodes), return_inverse=True)
    weights = 1 / np.bincount(start, minlength=len(rows))[start]
    shape = (len(rows), len(near))
    return sparse.csr_matrix((weights.astype(np.float32), (start, place)), shape), near
