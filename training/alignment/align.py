"""Registration of slices in space by what their spots have in common in the latent.

Spots of two slices that are mutually near in the latent are matched, and a rigid motion is fitted
to the matches. Slices are joined that follow one another within a stage or over the border of two
stages, and all motions are made to agree in one frame. Tissue that only one slice has gives
scattered matches, which the robust fit leaves out; slices whose matches agree no better than
shuffled ones stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from training.alignment.matching import mutual_neighbours, pairs_in_order
from training.alignment.rigid import LEAST, STILL, Rigid, RigidFit, fit_rigid
from training.alignment.synchronise import Pair, judge_pair, settle_sides, synchronise

Array = NDArray[np.float64]

SPOTS = 4_000
"""Spots of a slice that are matched at most: three numbers need no more."""
REACH = 0.4
"""Tolerance of a match as part of the smaller slice's radius (root mean square from its centre):
matched spots lie in the same organ, not at the same point of it."""
BEYOND_CHANCE = 2.2
"""How many times better than shuffled matches those of a joined pair must agree. Sections of one
heart reach 2.3 to 9, tumours of two patients 1.2 to 2.0, shuffled latents 0.8 to 1.3."""
SAME_SIDE = 1.15
"""How many times better a reflection must fit to speak for one: hearts are nearly symmetric."""
MIN_MATCHES = 20
GRID = 0.2
"""Nearest-neighbour distances of spots on a grid have an interquartile range below this part of
their median (cells in tissue: 0.6)."""
OTHER_UNIT = 1.2
"""Grids whose spacing differs by this ratio were measured in images of different resolution."""


@dataclass(frozen=True)
class SliceAlignment:
    """Where one slice went: aligned = scale * motion.matrix @ x + motion.shift.

    Attributes:
        reference: number of the slice in whose frame and unit this one is given; itself when it
            stayed where it was.
        registered: whether any other slice shares its frame.
        motion: rotation, reflection and shift.
        scale: 1, unless grids show that the slices have different units.
        joined: numbers of the slices it was fitted to, those with most inliers first.
        matches, inliers: of all pairs with the slice, in the final frame.
        residual: median distance of the inliers, in the reference's unit; NaN without any.
    """

    reference: int
    registered: bool
    motion: Rigid
    scale: float
    joined: tuple[int, ...]
    matches: int
    inliers: int
    residual: float

    def apply(self, points: NDArray[np.floating]) -> Array:
        """Points (n, 2) of the slice in the reference's frame."""
        return self.motion.apply(self.scale * np.asarray(points, dtype=np.float64))


def align_slices(
    positions: NDArray[np.floating],
    latent: NDArray[np.floating],
    slices: NDArray[np.integer],
    stages: Sequence[int],
    *,
    depths: Sequence[float] | None = None,
    one_unit: bool = False,
    reflection: bool = True,
    seed: int = 0,
) -> list[SliceAlignment]:
    """Bring all slices into common frames, jointly.

    Args:
        positions: (n, 2) coordinates, each slice in its own frame.
        latent: (n, d) latent, comparable over slices.
        slices: (n,) slice index of each spot, 0..S-1.
        stages: (S,) stage index of each slice, in order of development.
        depths: (S,) place of each slice in the stack; orders the slices within a stage.
        one_unit: all coordinates are known to be in one unit; grids are not compared.
        reflection: slices may lie upside down.
        seed: of the spots drawn from large slices and of the shuffled matches.

    Returns:
        One entry for each slice.
    """
    rng = np.random.default_rng(seed)
    n_slices = len(stages)
    own = [np.flatnonzero(slices == index) for index in range(n_slices)]
    scales = np.ones(n_slices)
    if not one_unit:
        scales = grid_scales([positions[rows] for rows in own])
    chosen = [_draw(rows, rng) for rows in own]
    points = [
        scale * positions[rows].astype(np.float64)
        for rows, scale in zip(chosen, scales, strict=True)
    ]
    places = [latent[rows] for rows in chosen]
    found = [
        _match(first, second, points, places, reflection, rng)
        for first, second in pairs_in_order(stages, depths)
    ]
    return _settle([each for each in found if each is not None], n_slices, scales)


def grid_scales(positions: Sequence[NDArray[np.floating]]) -> Array:
    """Factors that bring slices on grids of one technology into one unit; 1 where none is needed.

    Coordinates read off images are in pixels, and images differ in resolution. Where the spots of
    every slice lie on a grid, its spacing tells; elsewhere distances between spots are biology.
    """
    spacing = np.ones(len(positions))
    for index, points in enumerate(positions):
        if len(points) < 5:
            return np.ones(len(positions))
        near = cKDTree(points).query(points, k=5)[0][:, 1:]
        low, middle, high = np.percentile(near[:, 0], [25, 50, 75])
        if high - low > GRID * middle or middle <= 0:
            return np.ones(len(positions))
        spacing[index] = np.median(near.mean(axis=1))
    usual = float(np.median(spacing))
    ratio = spacing / usual
    other = np.maximum(ratio, 1 / ratio) > OTHER_UNIT
    return np.where(other, 1 / ratio, 1.0)


@dataclass(frozen=True)
class _Matched:
    """Matches of two slices with the best rotation, the best reflection if allowed, and the score
    that shuffled matches reach."""

    first: int
    second: int
    source: Array
    target: Array
    tolerance: float
    fits: tuple[RigidFit, ...]
    chance: float

    def holds(self, fit: RigidFit) -> bool:
        return int(fit.inliers.sum()) >= LEAST and fit.score >= BEYOND_CHANCE * self.chance

    def evidence(self) -> float:
        """For lying the same way round, in units of chance."""
        if len(self.fits) == 1:
            return self.fits[0].score / self.chance
        return (SAME_SIDE * self.fits[0].score - self.fits[1].score) / self.chance

    def as_pair(self, reflected: bool) -> Pair:
        fit = self.fits[int(reflected)]
        return Pair(
            self.first,
            self.second,
            self.source,
            self.target,
            self.tolerance,
            fit.motion,
            fit.score,
        )


def _draw(rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if len(rows) <= SPOTS else np.sort(rng.choice(rows, SPOTS, replace=False))


def _radius(points: Array) -> float:
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _match(
    first: int,
    second: int,
    points: Sequence[Array],
    places: Sequence[NDArray[np.floating]],
    reflection: bool,
    rng: np.random.Generator,
) -> _Matched | None:
    """Match two slices and fit; None where matches are few or agree as shuffled ones do."""
    if min(len(points[first]), len(points[second])) < LEAST:
        return None
    i, j = mutual_neighbours(places[first], places[second])
    tolerance = REACH * min(_radius(points[first]), _radius(points[second]))
    if len(i) < MIN_MATCHES or not tolerance > 0:
        return None
    source, target = points[first][i], points[second][j]
    kinds = (False, True) if reflection else (False,)
    fits = tuple(fit_rigid(source, target, tolerance, reflected=kind) for kind in kinds)
    shuffled = target[rng.permutation(len(target))]
    chance = max(fit_rigid(source, shuffled, tolerance, reflected=kind).score for kind in kinds)
    # Chance brings at least one match to its place.
    matched = _Matched(first, second, source, target, tolerance, fits, max(chance, 1.0))
    return matched if any(matched.holds(fit) for fit in fits) else None


def _settle(matched: list[_Matched], n_slices: int, scales: Array) -> list[SliceAlignment]:
    """Solve every connected group; pairs that the common frame contradicts are left out, and
    the groups solved again without them."""
    edges = [(each.first, each.second) for each in matched]
    sides = settle_sides(edges, [each.evidence() for each in matched], n_slices)
    kinds = [bool(sides[each.first] != sides[each.second]) for each in matched]
    joined = [
        (each, each.as_pair(kind))
        for each, kind in zip(matched, kinds, strict=True)
        if each.holds(each.fits[kind])
    ]
    while True:
        motions: dict[int, Rigid] = {}
        references: dict[int, int] = {}
        for members in _groups([pair for _, pair in joined], n_slices):
            inside = [pair for _, pair in joined if pair.first in members]
            say = [sum(p.weight for p in inside if m in (p.first, p.second)) for m in members]
            fixed = members[int(np.argmax(say))]
            motions |= synchronise(inside, members, fixed)
            references |= dict.fromkeys(members, fixed)
        kept = [(each, pair) for each, pair in joined if each.holds(judge_pair(pair, motions))]
        if len(kept) == len(joined):
            break
        joined = kept
    result = [SliceAlignment(i, False, STILL, 1.0, (), 0, 0, float("nan")) for i in range(n_slices)]
    for index, fixed in references.items():
        own = [pair for _, pair in joined if index in (pair.first, pair.second)]
        distances = [_distances(pair, motions) for pair in own]
        inside_reach = np.concatenate(
            [each[each <= pair.tolerance] for each, pair in zip(distances, own, strict=True)]
        )
        counts = {
            p.first + p.second - index: len(d[d <= p.tolerance])
            for p, d in zip(own, distances, strict=True)
        }
        unit = 1 / scales[fixed]
        result[index] = SliceAlignment(
            reference=fixed,
            registered=True,
            motion=replace(motions[index], shift=motions[index].shift * unit),
            scale=float(scales[index] * unit),
            joined=tuple(sorted(counts, key=lambda other: (-counts[other], other))),
            matches=sum(len(pair.source) for pair in own),
            inliers=len(inside_reach),
            residual=float(np.median(inside_reach) * unit),
        )
    return result


def _distances(pair: Pair, motions: dict[int, Rigid]) -> Array:
    moved = motions[pair.first].apply(pair.source)
    return np.linalg.norm(moved - motions[pair.second].apply(pair.target), axis=1)


def _groups(pairs: Sequence[Pair], n_slices: int) -> list[list[int]]:
    """Slices that pairs connect, groups of two and more."""
    if not pairs:
        return []
    rows = [pair.first for pair in pairs]
    columns = [pair.second for pair in pairs]
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_slices, n_slices))
    labels = connected_components(graph, directed=False)[1]
    groups = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    return [members for members in groups if len(members) > 1]
