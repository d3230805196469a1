"""How far query slices lie from reference slices, many quantities at once.

Slices are the replicates. What the slices of one stage differ by tells the variance between slices;
stages are judged together, as one stage often has a single slice. Variances of single quantities
are drawn towards their common scale (Smyth, Stat. Appl. Genet. Mol. Biol. 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.statistics.moderation import (
    LEAST_VARIANCE,
    Floats,
    common_variance,
    draw_variances,
    weigh_sides,
)

LEVEL = 0.95


@dataclass(frozen=True)
class Distance:
    """Query less reference of M quantities, each (M,).

    Attributes:
        effect: NaN where either side has no slice.
        low, high: 95 % interval of the effect. Of one query slice it is a prediction interval: a
            slice like those of the reference has 0 within it 19 times in 20. NaN where no two
            slices of a stage tell the variance.
        p: two-sided; NaN but where query and matched stage have two slices each.
        n_query, n_reference: slices that count.
    """

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    n_query: NDArray[np.int64]
    n_reference: NDArray[np.int64]


def measure_distance(
    query: ArrayLike,
    reference: ArrayLike,
    stages: NDArray[np.integer],
    matched: int,
    query_noise: ArrayLike = 0.0,
    reference_noise: ArrayLike = 0.0,
) -> Distance:
    """Mean of query slices less that of the reference's slices at the `matched` stage.

    Values of counting noise v have weight w = 1 / (v + τ²), with the one τ² at which the weighted
    squares about the means of their stages are 1 per degree of freedom on average. With s² the
    same of one quantity, drawn towards all others', the variance of the effect is
    s² (1 / Σ w of the query + 1 / Σ w of the stage), on the degrees of freedom of s² and the prior.

    Args:
        query: (Q, M); reference: (R, M). NaN does not count.
        stages: (R,) stage of each slice of the reference.
        query_noise, reference_noise: variances that counting gives the values.
    """
    from scipy.special import stdtr, stdtrit

    values = [np.asarray(query, dtype=np.float64), np.asarray(reference, dtype=np.float64)]
    noise = [
        np.broadcast_to(np.asarray(each, dtype=np.float64), table.shape)
        for each, table in zip((query_noise, reference_noise), values, strict=True)
    ]
    of_stage = [stages == stage for stage in np.unique(stages)]
    sides = [values[0], *(values[1][rows] for rows in of_stage)]
    noises = [noise[0], *(noise[1][rows] for rows in of_stage)]
    place = 1 + int(np.searchsorted(np.unique(stages), matched))
    counts = np.stack([np.isfinite(side).sum(axis=0) for side in sides])
    d = np.maximum(counts - 1, 0).sum(axis=0).astype(np.float64)
    known = (d > 0) & (counts[0] > 0) & (counts[place] > 0)
    extra = common_variance(
        [side[:, known] for side in sides], [each[:, known] for each in noises], d[known]
    )
    means, weights, squares = weigh_sides(sides, noises, extra)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = means[0] - means[place]
        spread = 1 / weights[0] + 1 / weights[place]
    error, degrees = np.full((2, len(d)), np.nan)
    if known.any():
        drawn, degrees[known] = draw_variances(squares[known] / d[known], d[known])
        # Nothing varies less than counting alone makes it, however well few slices agree.
        least = 1.0 if extra <= LEAST_VARIANCE else 0.0
        error[known] = np.sqrt(np.maximum(drawn, least) * spread[known])
    half = stdtrit(degrees, (1 + LEVEL) / 2) * error
    tested = np.minimum(counts[0], counts[place]) >= 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(tested & (error > 0), 2 * stdtr(degrees, -np.abs(effect / error)), np.nan)
    return Distance(effect, effect - half, effect + half, p, counts[0], counts[place])
