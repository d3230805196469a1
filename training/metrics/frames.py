"""How far two frames of the same spots differ, once one is laid over the other.

A frame is where all spots of several slices lie together. Another frame has its own origin,
direction and unit, so one similarity of the whole (rotation, scale, shift: Umeyama, IEEE TPAMI 13,
376, 1991) comes first; what is left is how the slices lie to each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FrameDifference:
    """Root mean square distances, in the unit of the other frame.

    Attributes:
        moved: (n, 2) ours laid over theirs.
        rmse: over all spots.
        by_slice: of each slice.
        within: what a rigid motion of each slice for itself would leave, all at one scale: the part
            that no registration of whole slices can take away.
        correlation: Pearson's, of the coordinates about their centre.
    """

    moved: Array
    rmse: float
    by_slice: Array
    within: float
    correlation: float


def fit_similarity(source: Array, target: Array) -> tuple[float, Array, Array]:
    """Scale, rotation (2, 2) and shift (2,) of least squares from `source` to `target` (n, 2).

    Raises:
        ValueError: for points that are all in one place.
    """
    from_centre, to_centre = source.mean(axis=0), target.mean(axis=0)
    centred, goal = source - from_centre, target - to_centre
    size = float((centred**2).sum())
    if not size > 0:
        raise ValueError("all points are in one place")
    u, singular, vt = np.linalg.svd(goal.T @ centred)
    side = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * side) @ vt
    scale = float((singular * side).sum()) / size
    return scale, rotation, to_centre - scale * rotation @ from_centre


def compare_frames(
    ours: NDArray[np.floating], theirs: NDArray[np.floating], slices: NDArray[np.integer]
) -> FrameDifference:
    """Lay `ours` (n, 2) over `theirs` (n, 2) and measure what is left.

    Args:
        slices: (n,) slice of each spot, 0..S-1, each with spots.
    """
    mine: Array = np.asarray(ours, dtype=np.float64)
    goal: Array = np.asarray(theirs, dtype=np.float64)
    scale, rotation, shift = fit_similarity(mine, goal)
    moved = scale * mine @ rotation.T + shift
    square = ((moved - goal) ** 2).sum(axis=1)
    counts = np.bincount(slices)
    # One scale for all slices, the best: those of single slices, weighed by their extent.
    own = [np.flatnonzero(slices == index) for index in range(len(counts))]
    turned = [_turned(mine[rows], goal[rows]) for rows in own]
    goals = [goal[rows] - goal[rows].mean(axis=0) for rows in own]
    product = sum(float((a * b).sum()) for a, b in zip(turned, goals, strict=True))
    best = product / sum(float((a**2).sum()) for a in turned)
    left = sum(float(((best * a - b) ** 2).sum()) for a, b in zip(turned, goals, strict=True))
    a, b = moved - moved.mean(axis=0), goal - goal.mean(axis=0)
    return FrameDifference(
        moved=moved,
        rmse=float(np.sqrt(square.mean())),
        by_slice=np.sqrt(np.bincount(slices, weights=square) / counts),
        within=float(np.sqrt(left / len(mine))),
        correlation=float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())),
    )


def _turned(source: Array, target: Array) -> Array:
    """`source` about its centre, turned as it fits `target` best; unturned where it is a point."""
    centred = source - source.mean(axis=0)
    if not (centred**2).sum() > 0:
        return centred
    return centred @ fit_similarity(source, target)[1].T
