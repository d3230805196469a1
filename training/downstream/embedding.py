"""A two-dimensional picture of the latent."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray


def embed(
    latent: NDArray[np.float32],
    neighbours: NDArray[np.int64],
    distances: NDArray[np.float32],
    min_dist: float,
    seed: int,
) -> NDArray[np.float32]:
    """UMAP (n, 2) on given nearest neighbours, started from the first principal components.

    The start keeps the large-scale arrangement and spares the spectral start its time; the seed
    makes the result the same in every run.
    """
    if len(latent) < 10:
        return _principal(latent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        start = _principal(latent)
        start = start / max(float(np.abs(start).max()), 1e-9) * 10
        picture = UMAP(
            n_neighbors=neighbours.shape[1],
            min_dist=min_dist,
            init=start,
            precomputed_knn=(neighbours, distances),
            random_state=seed,
            n_jobs=1,
            # Past some thousand spots a shorter layout shows the same picture.
            n_epochs=300 if len(latent) < 10_000 else 150,
        ).fit_transform(latent)
    return np.asarray(picture, dtype=np.float32)


def _principal(latent: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = latent - latent.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.ascontiguousarray(centred @ vectors[:, ::-1][:, :2]).astype(np.float32)
