"""A two-dimensional picture of the latent."""

from __future__ import annotations

import contextlib
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

        _keep_compiled()
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


def _keep_compiled() -> None:
    """Have umap's functions compiled once on a machine and not in every process.

    Compiling takes ten times as long as the picture of a small atlas.
    """
    from numba.core.dispatcher import Dispatcher
    from umap import layouts, umap_, utils

    for module in (umap_, layouts, utils):
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and function.py_func.__module__ == module.__name__:
                # Without a folder that may be written to, they are compiled as ever.
                with contextlib.suppress(RuntimeError):
                    function.enable_caching()
