"""One frame for many slices from the motions between pairs of them.

Each slice i gets a motion x -> Q_i x + t_i such that matched spots of joined slices fall together.
Which slices lie upside down is settled first, by what all pairs say of it together. Rotations come
next, from the leading eigenvectors of the matrix of all relative
ones (Singer, Appl Comput Harmon Anal 30, 20, 2011), reweighted so that a wrong pair loses its say;
shifts follow by weighted least squares; then Gauss-Newton steps over all matches at once minimise

    sum_pairs sum_matches w |Q_i p + t_i - Q_j q - t_j|^2,

with w Tukey's biweight of the distance, zero beyond the pair's tolerance. One slice stays fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.alignment.rigid import Rigid, RigidFit, judge

Array = NDArray[np.float64]

REWEIGHTINGS = 15
"""Rounds of least absolute deviations by reweighting; weights settle within ten."""
STEPS = 25
"""Gauss-Newton steps at most."""
QUARTER_TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


@dataclass(frozen=True)
class Pair:
    """Two slices with matched spots.

    Attributes:
        first, second: numbers of the slices.
        source, target: (m, 2) matched points of the first and the second.
        tolerance: distance beyond which a match does not count.
        motion: from the first slice to the second, of these matches alone.
        weight: trust in `motion`.
    """

    first: int
    second: int
    source: Array
    target: Array
    tolerance: float
    motion: Rigid
    weight: float


def settle_sides(edges: Sequence[tuple[int, int]], evidence: Sequence[float], n: int) -> Array:
    """Which of n slices lie on the same side: +1 or -1 for each, at a low of

        - sum over pairs of evidence * side_i * side_j.

    Args:
        edges: the pairs of slices.
        evidence: of each pair, positive where it looks the same way round, negative where
            reflected, greater the surer.

    Returns:
        (n,) sides, of all on one side, of the tree of the surest pairs, and of both after single
        slices were turned over while that helps, the first that is lowest.
    """
    strength = np.zeros((n, n))
    for (i, j), value in zip(edges, evidence, strict=True):
        strength[i, j] += value
        strength[j, i] += value

    def energy(sides: Array) -> float:
        return float(-sides @ strength @ sides)

    def descend(sides: Array) -> Array:
        sides = sides.copy()
        while True:
            gain = sides * (strength @ sides)
            worst = int(gain.argmin())
            if gain[worst] >= 0:
                return sides
            sides[worst] *= -1

    level, tree = np.ones(n), np.ones(n)
    group = np.arange(n)
    for at in np.argsort(-np.abs(np.asarray(evidence)), kind="stable"):
        i, j = edges[at]
        if group[i] != group[j]:
            moved = group == group[j]
            tree[moved] *= np.sign(evidence[at] or 1.0) * tree[i] * tree[j]
            group[moved] = group[i]
    return min((level, descend(level), descend(tree)), key=energy)


def synchronise(pairs: Sequence[Pair], members: Sequence[int], fixed: int) -> dict[int, Rigid]:
    """Motions of all `members` into the frame of the slice `fixed`.

    Args:
        pairs: all with both slices among `members`; together they join all of them.
        members: numbers of the slices.
        fixed: the member that stays where it is.
    """
    place = {slice_: i for i, slice_ in enumerate(members)}
    edges = np.array([[place[pair.first], place[pair.second]] for pair in pairs])
    matrices = _rotations(pairs, edges, len(members))
    matrices = np.linalg.inv(matrices[place[fixed]]) @ matrices
    shifts = _shifts(pairs, edges, matrices, place[fixed])
    motions = [Rigid(q, t) for q, t in zip(matrices, shifts, strict=True)]
    motions = _polish(pairs, edges, motions, place[fixed])
    return dict(zip(members, motions, strict=True))


def judge_pair(pair: Pair, motions: dict[int, Rigid]) -> RigidFit:
    """How well the matches of a pair agree once both slices are in the common frame.

    Distances are in the units of the common frame.
    """
    target = motions[pair.second].apply(pair.target)
    return judge(pair.source, target, None, pair.tolerance, motions[pair.first])


def _rotations(pairs: Sequence[Pair], edges: NDArray[np.intp], n: int) -> Array:
    """(n, 2, 2) orthogonal Q with Q_i = Q_j R_ij, up to one orthogonal matrix for all."""
    relative = np.stack([pair.motion.matrix for pair in pairs])
    trust = np.array([pair.weight for pair in pairs])
    weights = trust.copy()
    result = np.tile(np.eye(2), (n, 1, 1))
    for _ in range(REWEIGHTINGS):
        matrix = np.zeros((n, 2, n, 2))
        degree = np.zeros(n)
        for (i, j), r, w in zip(edges, relative, weights, strict=True):
            matrix[j, :, i] += w * r
            matrix[i, :, j] += w * r.T
            degree[i] += w
            degree[j] += w
        scale = 1 / np.sqrt(np.maximum(degree, 1e-12))
        matrix *= scale[:, None, None, None] * scale[None, None, :, None]
        _, vectors = np.linalg.eigh(matrix.reshape(2 * n, 2 * n))
        u, _, vt = np.linalg.svd(vectors[:, -2:].reshape(n, 2, 2))
        result = np.swapaxes(u @ vt, 1, 2)
        off = np.linalg.norm(result[edges[:, 0]] - result[edges[:, 1]] @ relative, axis=(1, 2))
        # Least absolute deviations; 0.1 is an angle of about 4 degrees, below which all is well.
        weights = trust / np.maximum(off, 0.1)
    return result


def _shifts(pairs: Sequence[Pair], edges: NDArray[np.intp], matrices: Array, fixed: int) -> Array:
    """(n, 2) shifts with t_i - t_j = Q_j s_ij, s_ij the shift of the pair's motion; fixed at 0."""
    n = len(matrices)
    relative = np.stack([pair.motion.matrix for pair in pairs])
    wanted = np.stack(
        [matrices[j] @ pair.motion.shift for (_, j), pair in zip(edges, pairs, strict=True)]
    )
    off = np.linalg.norm(matrices[edges[:, 0]] - matrices[edges[:, 1]] @ relative, axis=(1, 2))
    # A pair whose rotation was overruled has no shift to tell.
    trust = np.array([pair.weight for pair in pairs]) / np.maximum(off, 0.1) ** 2
    length = np.array([pair.tolerance for pair in pairs])
    free = np.flatnonzero(np.arange(n) != fixed)
    incidence = np.zeros((len(pairs), n))
    incidence[np.arange(len(pairs)), edges[:, 0]] = 1
    incidence[np.arange(len(pairs)), edges[:, 1]] = -1
    shifts = np.zeros((n, 2))
    weights = trust.copy()
    for _ in range(REWEIGHTINGS):
        root = np.sqrt(weights)[:, None]
        shifts[free] = np.linalg.lstsq(root * incidence[:, free], root * wanted, rcond=None)[0]
        miss = np.linalg.norm(incidence @ shifts - wanted, axis=1) / length
        weights = trust / np.maximum(miss, 0.1)
    return shifts


def _polish(
    pairs: Sequence[Pair], edges: NDArray[np.intp], motions: list[Rigid], fixed: int
) -> list[Rigid]:
    """Gauss-Newton over all matches: an angle and a shift for every slice but the fixed one."""
    n = len(motions)
    free = np.flatnonzero(np.repeat(np.arange(n) != fixed, 3))
    for _ in range(STEPS):
        normal, pull = np.zeros((3 * n, 3 * n)), np.zeros(3 * n)
        for (i, j), pair in zip(edges, pairs, strict=True):
            p, q = motions[i].apply(pair.source), motions[j].apply(pair.target)
            miss = p - q
            ratio = (miss**2).sum(axis=1) / pair.tolerance**2
            near = ratio < 1
            w = ((1 - ratio[near]) ** 2)[:, None]
            miss = miss[near]
            # Turning slice i by a small angle about its own origin moves p by J Q_i p.
            turn_i = (p[near] - motions[i].shift) @ QUARTER_TURN.T
            turn_j = (q[near] - motions[j].shift) @ QUARTER_TURN.T
            jacobian = np.zeros((len(miss), 2, 6))
            jacobian[:, :, 0], jacobian[:, :, 3] = turn_i, -turn_j
            jacobian[:, 0, 1] = jacobian[:, 1, 2] = 1
            jacobian[:, 0, 4] = jacobian[:, 1, 5] = -1
            flat = jacobian.reshape(-1, 6)
            weighted = (jacobian * w[:, :, None]).reshape(-1, 6)
            where = np.concatenate([3 * i + np.arange(3), 3 * j + np.arange(3)])
            normal[np.ix_(where, where)] += weighted.T @ flat
            pull[where] += weighted.T @ miss.ravel()
        step = np.zeros(3 * n)
        step[free] = -np.linalg.lstsq(normal[np.ix_(free, free)], pull[free], rcond=1e-12)[0]
        moved = step.reshape(n, 3)
        motions = [_turn(motion, *change) for motion, change in zip(motions, moved, strict=True)]
        reach = max(pair.tolerance for pair in pairs)
        if np.abs(moved[:, 0]).max() < 1e-6 and np.abs(moved[:, 1:]).max() < 1e-6 * reach:
            break
    return motions


def _turn(motion: Rigid, angle: float, dx: float, dy: float) -> Rigid:
    # A step of more than a fifth of a turn is none that the linear form can vouch for.
    angle = float(np.clip(angle, -0.4 * np.pi, 0.4 * np.pi))
    c, s = np.cos(angle), np.sin(angle)
    return Rigid(np.array([[c, -s], [s, c]]) @ motion.matrix, motion.shift + np.array([dx, dy]))
