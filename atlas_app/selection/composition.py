"""What a selection is made of, beside the rest: stages, slices, domains, factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atlas_app.selection.design import slices_of
from atlas_app.selection.outline import Mask
from atlas_app.selection.sides import Sides
from atlas_app.stages.cells import MIN_SPOTS
from atlas_app.stages.replicates import summarise
from atlas_app.stages.rows import Row, number
from training.store import Atlas


def compose_rows(atlas: Atlas, sides: Sides) -> list[Row]:
    """One row per stage, slice and domain with its share of the spots of either side, and one per
    factor with its mean proportion; parts that neither side has are left out.

    Factors are compared within slices: their means are over the spots of the slices with 10 spots
    of both sides, of all spots where there is no such slice. The difference is the mean over these
    slices, with its 95% interval where there are two or more.
    """
    slice_of = slices_of(atlas.slices)
    stages = [stage.name for stage in atlas.stages]
    stage_of = np.array([stages.index(part.stage) for part in atlas.slices])[slice_of]
    domain = atlas.values("obs", "domain")
    rows = _shares("stage", stages, stage_of, sides)
    rows += _shares("slice", [part.name for part in atlas.slices], slice_of, sides)
    rows += _shares("domain", list(domain.categories or []), domain.data, sides)
    return rows + _factors(atlas, sides, slice_of)


def _shares(by: str, names: list[str], codes: NDArray[np.integer], sides: Sides) -> list[Row]:
    counts = [np.bincount(codes[side], minlength=len(names)) for side in (sides.a, sides.b)]
    totals = [max(1, int(side.sum())) for side in (sides.a, sides.b)]
    return [
        {
            "by": by,
            "name": name,
            "spots_a": int(counts[0][k]),
            "spots_b": int(counts[1][k]),
            "inside": counts[0][k] / totals[0],
            "outside": number(counts[1][k] / totals[1]) if sides.b.any() else None,
            "difference": None,
            "low": None,
            "high": None,
            "slices": None,
        }
        for k, name in enumerate(names)
        if counts[0][k] or counts[1][k]
    ]


def _factors(atlas: Atlas, sides: Sides, slice_of: NDArray[np.int64]) -> list[Row]:
    n_slices = len(atlas.slices)
    spots = np.stack([np.bincount(slice_of[s], minlength=n_slices) for s in (sides.a, sides.b)])
    both = np.flatnonzero((spots >= MIN_SPOTS).all(axis=0))
    within = np.isin(slice_of, both) if len(both) else np.ones(len(slice_of), dtype=bool)
    means = [_means(atlas, side & within) for side in (sides.a, sides.b)]
    a, b = (_slice_means(atlas, side, slice_of, n_slices)[both] for side in (sides.a, sides.b))
    found = summarise(a - b, np.zeros(len(both), dtype=int), 1)
    return [
        {
            "by": "factor",
            "name": str(k),
            "spots_a": int((sides.a & within).sum()),
            "spots_b": int((sides.b & within).sum()),
            "inside": number(means[0][k]),
            "outside": number(means[1][k]),
            "difference": number(found.mean[0, k]),
            "low": number(found.low[0, k]),
            "high": number(found.high[0, k]),
            "slices": len(both),
        }
        for k in range(atlas.n_factors)
    ]


def _means(atlas: Atlas, spots: Mask) -> NDArray[np.float64]:
    """Mean proportion (K,) of every factor over some spots; NaN over none."""
    if not spots.any():
        return np.full(atlas.n_factors, np.nan)
    return np.asarray(atlas.factors[spots].mean(axis=0, dtype=np.float64))


def _slice_means(
    atlas: Atlas, side: Mask, slice_of: NDArray[np.int64], n_slices: int
) -> NDArray[np.float64]:
    """Mean proportion (S, K) of every factor over the spots of a side in each slice."""
    of = slice_of[side]
    spots = np.maximum(np.bincount(of, minlength=n_slices), 1)
    columns = [np.bincount(of, atlas.factors[side, k], n_slices) for k in range(atlas.n_factors)]
    return np.stack(columns, axis=1) / spots[:, None]
