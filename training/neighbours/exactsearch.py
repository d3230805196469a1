"""Exact search for the nearest rows, about as fast as scikit-learn's and with nothing to import.

Whoever maps a section waits for each import, and scikit-learn's, with the statistics of SciPy that
come along, takes longer than the search itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.processes.cores import share_cores

ROWS = 64
"""Rows that ask together."""
TILE = 8192
"""Rows that they ask among at a time: 2 MB of distances, which stay in a cache."""
GROUP = 32
"""Distances of which the least is taken, to find how far the nearest may be."""

Floats = NDArray[np.float64]


def search(
    known: NDArray[np.floating], k: int, asking: NDArray[np.floating]
) -> tuple[NDArray[np.int64], Floats]:
    """Indices and Euclidean distances (m, k), rising, of the rows of `known` (n, d) nearest to
    those of `asking` (m, d); of rows as near as each other the first.

    Args:
        k: 1 to n.

    Raises:
        ValueError: for values that are NaN or infinite.
    """
    if not (np.isfinite(known).all() and np.isfinite(asking).all()):
        raise ValueError("rows with NaN or infinite values have no neighbours")
    if not len(asking):
        return np.empty((0, k), dtype=np.int64), np.empty((0, k))
    middle = known.mean(axis=0, dtype=np.float64)
    size = max(TILE, k)
    tiles = [_Tile(known[at : at + size] - middle) for at in range(0, len(known), size)]

    def ask(at: int) -> tuple[NDArray[np.int64], Floats]:
        own = asking[at : at + ROWS].astype(np.float64)
        bound = np.full(len(own), np.inf)
        parts = []
        for number, tile in enumerate(tiles):
            who, where, bound = tile.candidates(k, own - middle, bound)
            parts.append((who, where + number * size))
        who, where = (np.concatenate(each) for each in zip(*parts, strict=True))
        exact = np.sqrt(np.square(known[where] - own[who]).sum(axis=1))
        order = np.lexsort((where, exact, who))
        first = np.searchsorted(who[order], np.arange(len(own)))
        chosen = order[first[:, None] + np.arange(k)]
        return where[chosen], exact[chosen]

    with share_cores() as for_each:
        found = for_each(ask, range(0, len(asking), ROWS))
    indices, distances = (np.concatenate(each) for each in zip(*found, strict=True))
    return indices, distances


class _Tile:
    """Some of the rows (n, d) that are searched, laid out for products with those who ask."""

    def __init__(self, rows: Floats) -> None:
        n, d = rows.shape
        sizes = np.square(rows).sum(axis=1)
        self._reach = float(np.sqrt(sizes.max()))
        # Columns that lie apart are a group; those that are nobody fill up the last.
        self._width = -(-n // GROUP)
        # Squared distances less the square of who asks, which puts none of them in order.
        self._table = np.zeros((d + 1, self._width * GROUP), dtype=np.float32)
        self._table[:d, :n] = -2 * rows.T
        self._table[d, :n], self._table[d, n:] = sizes, np.inf

    def candidates(
        self, k: int, asking: Floats, bound: Floats
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Who asks and which row, for all rows that may be among the k nearest, and within what.

        Args:
            asking: (m, d); bound: (m,) squared distance, less the square of who asks, that k rows
                of other tiles keep within; infinite where there are not so many.
        """
        d = asking.shape[1]
        asked = np.ones((len(asking), d + 1), dtype=np.float32)
        asked[:, :d] = asking
        away = asked @ self._table
        least = away if self._width < k else away.reshape(len(asking), GROUP, -1).min(axis=1)
        # In single precision a product of this length is off by less.
        rounding = (d + 2) * float(np.finfo(np.float32).eps)
        margin = rounding * np.square(np.sqrt(np.square(asking).sum(axis=1)) + self._reach)
        if least.shape[1] >= k:
            # The k groups with the least hold k rows within it.
            bound = np.minimum(bound, np.partition(least, k - 1, axis=1)[:, k - 1] + margin)
        who, where = np.nonzero(away <= (bound + margin)[:, None].astype(np.float32))
        return who, where, bound
