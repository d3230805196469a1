"""Which spots of a reference rehearse being a query."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPOTS = 3000
"""Spots at most: regressions and intervals of a gene rest on them, and time grows with them."""
PATCHES = 4
"""Places in a large slice that its part is taken from."""
PARTS = 4
"""Parts of a lone slice that stand for slices."""


def draw_spots(
    slices: NDArray[np.integer], positions: NDArray[np.floating], seed: int, spots: int = SPOTS
) -> NDArray[np.int64]:
    """Rows, rising, of at most `spots` spots: whole slices where all fit, else patches of them.

    A spot is described together with its neighbours, so that spots are taken with those around
    them. Each slice gives as many, as far as it has them.

    Args:
        slices: (n,) indices; positions: (n, 2).
    """
    if len(slices) <= spots:
        return np.arange(len(slices))
    generator = np.random.default_rng(seed)
    present, sizes = np.unique(slices, return_counts=True)
    share = _share(sizes, max(spots, len(present)))
    chosen = []
    for index, size in zip(present, sizes, strict=True):
        own = np.flatnonzero(slices == index)
        if size > share:
            own = own[_draw_patches(positions[own], share, generator)]
        chosen.append(own)
    return np.concatenate(chosen)


def make_folds(
    slices: NDArray[np.integer], positions: NDArray[np.floating]
) -> tuple[NDArray[np.int64], bool]:
    """What is left out at a time: slices, from 0 without gaps, or of a lone one bands (n,) with as
    many spots across its longer side; and whether it is bands."""
    folds = np.unique(slices, return_inverse=True)[1].astype(np.int64)
    if folds.max() > 0:
        return folds, False
    axis = int(np.ptp(positions, axis=0).argmax())
    rank = np.argsort(np.argsort(positions[:, axis], kind="stable"), kind="stable")
    return (rank * PARTS // len(positions)).astype(np.int64), True


def _share(sizes: NDArray[np.integer], whole: int) -> int:
    """Spots a large slice gives: small ones give all, and leave their part to the others."""
    rest = whole
    for left, size in zip(range(len(sizes), 0, -1), np.sort(sizes), strict=True):
        if size >= rest // left:
            return rest // left
        rest -= int(size)
    return int(sizes.max())


def _draw_patches(
    positions: NDArray[np.floating], share: int, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Rows, rising, of `share` spots: those nearest to a few random ones."""
    taken = np.zeros(len(positions), dtype=bool)
    for patch in range(PATCHES):
        number = share * (patch + 1) // PATCHES - int(taken.sum())
        if number == 0:
            continue
        free = np.flatnonzero(~taken)
        middle = positions[generator.choice(free)]
        distance = ((positions[free] - middle) ** 2).sum(axis=1)
        taken[free[np.argpartition(distance, number - 1)[:number]]] = True
    return np.flatnonzero(taken)
