"""The nearest of many points by looking at all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.processes.cores import share_cores

TABLE = 2_000_000
"""Distances that each core looks at together: 8 MB, and of half a million points 32. Not less on
more cores, since sums of other blocks end in other digits."""
LEAST_ROWS, MOST_ROWS = 16, 1024


def search(
    points: NDArray[np.floating], asking: NDArray[np.floating], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of `points` (n, d) nearest to each of `asking` (m, d) and their Euclidean distances:
    (m, k) both, rising by distance. k is at most n.

    Raises:
        ValueError: a value that is not finite.
    """
    import torch

    middle = points.mean(axis=0)
    if not (np.isfinite(middle).all() and np.isfinite(asking).all()):
        raise ValueError("found a value that is not finite; expected finite coordinates of points")
    known = torch.from_numpy(np.ascontiguousarray(points - middle, dtype=np.float32))
    across, squares = known.T.contiguous(), known.square().sum(dim=1)
    indices = np.empty((len(asking), k), dtype=np.int64)
    distances = np.empty((len(asking), k), dtype=np.float32)

    def find(rows: slice) -> None:
        own = torch.from_numpy(np.ascontiguousarray(asking[rows] - middle, dtype=np.float32))
        # The same for all points, the square of the one that asks is left out.
        table = torch.addmm(squares, own, across, alpha=-2)
        found = torch.topk(table, k, largest=False).indices
        # Differences of large squares say little of small distances: these are computed anew.
        away = torch.linalg.vector_norm(known[found] - own[:, None], dim=2)
        away, order = torch.sort(away, dim=1, stable=True)
        indices[rows], distances[rows] = found.gather(1, order).numpy(), away.numpy()

    step = int(np.clip(TABLE // max(len(points), 1), LEAST_ROWS, MOST_ROWS))
    with share_cores() as for_each:
        for_each(find, [slice(at, at + step) for at in range(0, len(asking), step)])
    return indices, distances
