"""A sketch of a large collection: the spots on which graphs are searched and divided.

Neighbour graphs, communities and layouts grow faster than the tissue has structure: past some ten
thousand spots more of them show the same domains. They are found on a sketch, which the other
spots then follow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_sketch(slices: NDArray[np.integer], size: int, seed: int) -> NDArray[np.int64]:
    """At most `size` spots, slices with shares ~ sqrt(N) so that small stages are served.

    A slice never gives more than it has; what it cannot give the others do.

    Args:
        slices: (n,) slice index of each spot.

    Returns:
        (m,) ascending rows, m = min(n, size); all of them where n <= size.
    """
    n = len(slices)
    if n <= size:
        return np.arange(n, dtype=np.int64)
    generator = np.random.default_rng(seed)
    sizes = np.bincount(slices)
    chosen = [
        generator.choice(np.flatnonzero(slices == index), share, replace=False)
        for index, share in enumerate(share_out(sizes, size))
        if share
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def share_out(sizes: NDArray[np.integer], total: int) -> NDArray[np.int64]:
    """Whole numbers (S,) with sum `total`, ~ sqrt(size) and none above its size.

    Args:
        sizes: (S,) spots of each slice, at least `total` in all.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    roots = np.sqrt(sizes)
    shares = np.zeros(len(sizes))
    open_ = sizes > 0
    while True:
        left = total - sizes[~open_].sum()
        shares = np.where(open_, roots / max(roots[open_].sum(), 1e-12) * left, sizes)
        full = open_ & (shares >= sizes)
        if not full.any():
            break
        open_ &= ~full
    whole = np.floor(shares).astype(np.int64)
    # The largest remainders take what rounding left over.
    order = np.argsort(-(shares - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole
