"""Nearest spots in the latent: the graph under domains, UMAP and projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.neighbours.exactsearch import search

EXACT_UP_TO = 60_000
"""Reference spots up to which exact search is faster than building an index."""


def nearest(
    latent: NDArray[np.floating], k: int, seed: int, queries: NDArray[np.floating] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Indices and Euclidean distances (m, k) of the nearest rows of `latent`.

    Without `queries` each spot of `latent` asks and is its own first neighbour.

    Raises:
        ValueError: for a latent with NaN or infinite values.
    """
    k = min(k, len(latent))
    indices: NDArray[np.integer]
    distances: NDArray[np.floating]
    if queries is not None:
        indices, distances = search(latent, k, queries)
    elif len(latent) <= EXACT_UP_TO:
        from sklearn.neighbors import NearestNeighbors

        among = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(latent)
        distances, indices = among.kneighbors(latent)
        indices, distances = _self_first(indices, distances)
    else:
        from pynndescent import NNDescent

        index = NNDescent(latent, n_neighbors=max(k, 15), random_state=seed, n_jobs=1)
        indices, distances = (part[:, :k] for part in index.neighbor_graph)
    return indices.astype(np.int64), distances.astype(np.float32)


def _self_first(
    indices: NDArray[np.integer], distances: NDArray[np.floating]
) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    """Put each spot before spots at distance 0, which exact search may list first."""
    own = np.arange(len(indices))
    for row in np.flatnonzero(indices[:, 0] != own):
        at = np.flatnonzero(indices[row] == row)
        column = at[0] if len(at) else len(indices[row]) - 1
        indices[row, 1 : column + 1] = indices[row, :column].copy()
        distances[row, 1 : column + 1] = distances[row, :column].copy()
        indices[row, 0], distances[row, 0] = row, 0.0
    return indices, distances
