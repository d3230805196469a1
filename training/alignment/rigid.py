"""Rigid motions of the plane and their robust fit to matched points, most of which may be wrong.

A motion is x -> Q x + t with Q a rotation, or a rotation after a reflection; it never scales. The
fit looks at every rotation of a grid: under the right one the translations q - Q p of the matches
(p, q) pile up, wrong matches scatter. The best piles are then polished by the weighted Kabsch
solution over the matches within the tolerance (trimmed least squares), over and over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ANGLES = 48
"""Rotations looked at: 7.5 degrees apart, so at most 3.75 off, which the polish takes up."""
CANDIDATES = 3
"""Rotations that are polished."""
SWEEPS = 30
"""Polishing steps at most; it settles after about ten."""
LEAST = 3
"""Matches that fix a motion with one to spare."""


@dataclass(frozen=True)
class Rigid:
    """x -> matrix @ x + shift: matrix (2, 2) orthogonal, shift (2,) in coordinate units."""

    matrix: Array
    shift: Array

    def apply(self, points: NDArray[np.floating]) -> Array:
        """Points (n, 2) moved."""
        return np.asarray(points, dtype=np.float64) @ self.matrix.T + self.shift

    @property
    def reflected(self) -> bool:
        """Whether the motion turns the plane over."""
        return bool(np.linalg.det(self.matrix) < 0)

    @property
    def degrees(self) -> float:
        """Rotation in -180..180, counter-clockwise; after mirroring x when reflected."""
        column = -self.matrix[:, 0] if self.reflected else self.matrix[:, 0]
        return float(np.degrees(np.arctan2(column[1], column[0])))

    def inverse(self) -> Rigid:
        """The motion that undoes this one."""
        return Rigid(self.matrix.T, -self.matrix.T @ self.shift)

    def after(self, first: Rigid) -> Rigid:
        """The motion `first`, then this one."""
        return Rigid(self.matrix @ first.matrix, self.matrix @ first.shift + self.shift)


STILL = Rigid(np.eye(2), np.zeros(2))
MIRROR = np.diag([-1.0, 1.0])


@dataclass(frozen=True)
class RigidFit:
    """A robust fit.

    Attributes:
        motion: from source to target.
        inliers: (n,) matches within the tolerance.
        share: part of all matches that are inliers, 0..1.
        residual: median distance of the inliers, coordinate units; NaN without any.
        score: sum over matches of 1 - (distance / tolerance)^2 where positive.
    """

    motion: Rigid
    inliers: NDArray[np.bool_]
    share: float
    residual: float
    score: float


def kabsch(
    source: Array, target: Array, weights: Array | None = None, *, reflected: bool = False
) -> Rigid:
    """The motion that minimises sum_i w_i |Q p_i + t - q_i|^2 (Kabsch, Acta Cryst A32, 922, 1976).

    Args:
        source, target: (n, 2) matched points.
        weights: (n,) of at least 0, not all 0; None weighs alike.
        reflected: whether Q has determinant -1; it has +1 otherwise.
    """
    w = np.ones(len(source)) if weights is None else np.asarray(weights, dtype=np.float64)
    w = w / w.sum()
    from_centre, to_centre = w @ source, w @ target
    cross = (target - to_centre).T @ ((source - from_centre) * w[:, None])
    # In the plane the singular value decomposition comes down to one angle: that of
    # sum_i w_i q_i conj(p_i), or of sum_i w_i q_i p_i for the mirrored p.
    if reflected:
        c, s = -cross[0, 0] + cross[1, 1], -cross[1, 0] - cross[0, 1]
    else:
        c, s = cross[0, 0] + cross[1, 1], cross[1, 0] - cross[0, 1]
    length = np.hypot(c, s)
    c, s = (c / length, s / length) if length > 0 else (1.0, 0.0)
    matrix = np.array([[c, -s], [s, c]]) @ (MIRROR if reflected else np.eye(2))
    return Rigid(matrix, to_centre - matrix @ from_centre)


def fit_rigid(
    source: Array,
    target: Array,
    tolerance: float,
    *,
    reflected: bool = False,
    weights: Array | None = None,
) -> RigidFit:
    """The motion that brings most matched points within `tolerance` of each other.

    Args:
        source, target: (n, 2) matched points, n of at least 3; any part of them may be wrong.
        tolerance: distance beyond which a match does not count, coordinate units.
        reflected: look at rotations after a reflection; at pure rotations otherwise.
        weights: (n,) trust in each match; None trusts alike.

    Raises:
        ValueError: for fewer than 3 matches or a tolerance that is not positive.
    """
    if len(source) < LEAST or len(source) != len(target):
        raise ValueError(f"{len(source)} and {len(target)} points; at least {LEAST} pairs wanted")
    if not tolerance > 0:
        raise ValueError(f"tolerance {tolerance}; a positive distance is wanted")
    w = np.ones(len(source)) if weights is None else np.asarray(weights, dtype=np.float64)
    starts = _vote(source, target, w, tolerance, reflected)
    fits = [_polish(source, target, w, tolerance, start) for start in starts]
    return max(fits, key=lambda fit: fit.score)


def _vote(
    source: Array, target: Array, weights: Array, tolerance: float, reflected: bool
) -> list[Rigid]:
    """The rotations whose translations pile up highest, each with the middle of its pile."""
    found: list[tuple[float, Rigid]] = []
    for angle in np.arange(ANGLES) * (2 * np.pi / ANGLES):
        c, s = np.cos(angle), np.sin(angle)
        matrix = np.array([[c, -s], [s, c]]) @ (MIRROR if reflected else np.eye(2))
        shifts = target - source @ matrix.T
        low = shifts.min(axis=0)
        cells = np.floor((shifts - low) / tolerance).astype(np.int64) + 1
        width, height = cells.max(axis=0) + 2
        pile = np.bincount(
            cells[:, 0] * height + cells[:, 1], weights=weights, minlength=width * height
        ).reshape(width, height)
        # Four cells that meet in a corner: a pile that lies across their borders stays whole.
        block = pile[:-1, :-1] + pile[1:, :-1] + pile[:-1, 1:] + pile[1:, 1:]
        row, column = np.unravel_index(int(block.argmax()), block.shape)
        corner = low + np.array([row, column]) * tolerance
        found.append((float(block.max()), Rigid(matrix, corner)))
    found.sort(key=lambda each: -each[0])
    return [motion for _, motion in found[:CANDIDATES]]


def _polish(
    source: Array, target: Array, weights: Array, tolerance: float, start: Rigid
) -> RigidFit:
    """Trimmed least squares from `start`: wide at first, then within the tolerance."""
    motion = start
    previous: NDArray[np.bool_] | None = None
    for sweep in range(SWEEPS):
        distance = _lengths(motion.apply(source) - target)
        reach = tolerance * max(1.0, 2.0 - 0.25 * sweep)
        near = distance <= reach
        if near.sum() < LEAST or weights[near].sum() <= 0:
            break
        if previous is not None and reach == tolerance and np.array_equal(near, previous):
            break
        previous = near
        # Tukey's biweight: a match at the rim pulls less than one at its place.
        pull = weights[near] * (1 - (distance[near] / (reach * (1 + 1e-9))) ** 2) ** 2
        motion = kabsch(source[near], target[near], pull, reflected=start.reflected)
    return judge(source, target, weights, tolerance, motion)


def judge(
    source: Array, target: Array, weights: Array | None, tolerance: float, motion: Rigid
) -> RigidFit:
    """How well a motion explains the matches; `weights` None trusts all alike."""
    distance = _lengths(motion.apply(source) - target)
    w = np.ones(len(distance)) if weights is None else weights
    inliers = distance <= tolerance
    return RigidFit(
        motion=motion,
        inliers=inliers,
        share=float(inliers.mean()),
        residual=float(np.median(distance[inliers])) if inliers.any() else float("nan"),
        score=float(w @ np.clip(1 - (distance / tolerance) ** 2, 0, None)),
    )


def _lengths(vectors: Array) -> Array:
    """Of (n, 2) vectors; several times faster than the general norm."""
    return np.hypot(vectors[:, 0], vectors[:, 1])
