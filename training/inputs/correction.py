"""What is left of slices in compositions, taken off within clusters of like spots.

Slices differ after all slice-gene effects are gone. A mean taken off each slice would also take
what the slice is made of; a mean taken off within a cluster of like spots leaves tissues alone, and
a tissue that one slice has and no other is compared with itself. Correction within soft clusters
follows Harmony (Korsunsky et al., Nat Methods 2019), without its penalty on clusters that hold too
much of a slice: tissues of one stage were pushed into those of others by it. That a later query is
corrected against the same clusters follows Symphony (Kang et al., Nat Commun 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPOTS_PER_CLUSTER = 30
MOST_CLUSTERS = 100
WIDTH = 0.1
"""Squared distance, of vectors of length 1, over which membership falls by e."""
TRUST = 10.0
"""Spots of a slice in a cluster for which half of their difference is believed."""
ROUNDS = 10
SETTLE = 3
"""Rounds of correction and assignment with clusters fixed."""
FOUND_ON = 20_000
"""Spots at most that clusters are found on."""
BLOCK = 50_000


@dataclass(frozen=True)
class Correction:
    """Clusters of the reference's compositions.

    Attributes:
        origin: (D,) mean composition.
        centres: (C, D) directions of the clusters from the origin, of length 1.
        means: (C, D) mean composition of each cluster over all slices, relative to the origin.
    """

    origin: NDArray[np.float32]
    centres: NDArray[np.float32]
    means: NDArray[np.float32]


def find_correction(
    compositions: NDArray[np.floating], slices: NDArray[np.integer], seed: int
) -> Correction:
    """Find clusters of like spots, and what all slices together hold in each.

    Args:
        compositions: (n, D); slices: (n,) slice index.
    """
    from sklearn.cluster import KMeans

    rows = _choose_spots(slices, np.random.default_rng(seed))
    own = slices[rows]
    origin = compositions.mean(axis=0, dtype=np.float64)
    values = compositions[rows] - origin
    n_clusters = int(np.clip(len(rows) // SPOTS_PER_CLUSTER, 1, MOST_CLUSTERS))
    start = KMeans(n_clusters, n_init=1, max_iter=25, random_state=seed).fit(_unit(values))
    centres = _unit(start.cluster_centers_)
    corrected = values
    members = _assign(corrected, centres)
    for _ in range(ROUNDS):
        means = _means(values, members)
        corrected = values.copy()
        for index in np.unique(own):
            inside = own == index
            corrected[inside] -= _difference(values[inside], members[inside], means)
        centres = _unit(members.T @ _unit(corrected))
        members = _assign(corrected, centres)
    return Correction(
        origin.astype(np.float32),
        centres.astype(np.float32),
        _means(values, members).astype(np.float32),
    )


def correct(
    correction: Correction, compositions: NDArray[np.floating], slices: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Compositions (n, D) with the slices' differences from the reference's clusters taken off.

    Each slice is corrected by itself, of the reference or of a query: what a slice's spots of a
    cluster have in common and the reference's spots of the cluster have not. A difference seen on
    few spots is hardly believed.
    """
    found = np.empty(compositions.shape, dtype=np.float32)
    for index in np.unique(slices):
        rows = np.flatnonzero(slices == index)
        values = compositions[rows] - correction.origin
        corrected = values
        for _ in range(SETTLE):
            members = _assign(corrected, correction.centres)
            corrected = values - _difference(values, members, correction.means)
        found[rows] = corrected + correction.origin
    return found


def _choose_spots(slices: NDArray[np.integer], generator: np.random.Generator) -> NDArray[np.int64]:
    """At most FOUND_ON spots, of each slice its share."""
    if len(slices) <= FOUND_ON:
        return np.arange(len(slices))
    return np.sort(generator.choice(len(slices), FOUND_ON, replace=False))


def _unit(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)


def _assign(values: NDArray[np.floating], centres: NDArray[np.floating]) -> NDArray[np.floating]:
    """Memberships (n, C) with rows of sum 1: softmax of minus the squared distance over WIDTH."""
    members = np.empty((len(values), len(centres)), dtype=values.dtype)
    for start in range(0, len(values), BLOCK):
        rows = slice(start, start + BLOCK)
        # Of vectors of length 1 the squared distance is 2 - 2 cos.
        closeness = _unit(values[rows]) @ centres.T * (2 / WIDTH)
        weights = np.exp(closeness - closeness.max(axis=1, keepdims=True))
        members[rows] = weights / weights.sum(axis=1, keepdims=True)
    return members


def _means(values: NDArray[np.floating], members: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean (C, D) of each cluster."""
    return members.T @ values / np.maximum(members.sum(axis=0), 1e-9)[:, None]


def _difference(
    values: NDArray[np.floating], members: NDArray[np.floating], means: NDArray[np.floating]
) -> NDArray[np.floating]:
    """What each spot (n, D) of one slice owes to it: the differences of its clusters from their
    means over all slices, believed in proportion to the number of spots they were seen on.
    """
    held = members.sum(axis=0)[:, None]
    return members @ (held / (held + TRUST) * (_means(values, members) - means))
