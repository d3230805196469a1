"""How much of each factor and domain the stages hold, with slices as the replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from training.store import Atlas

LEVEL = 0.95


@dataclass(frozen=True)
class Abundance:
    """Means over slices with their interval; arrays (T, M) of stages by parts, n (T,).

    `low` and `high` are NaN for a stage of one slice, which says nothing of its spread.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_slices: NDArray[np.int64]


def average_stages(
    shares: ArrayLike, stages: ArrayLike, n_stages: int, level: float = LEVEL
) -> Abundance:
    """Mean share of each part in each stage, with Student's interval over the stage's slices.

    Slices count alike, however many spots they have: the slice was drawn, not the spot. The
    interval is cut at 0 and 1.

    Args:
        shares: (S, M) share of each part in each slice, 0..1.
        stages: (S,) stage of each slice, 0 to `n_stages` - 1; each has a slice.
    """
    from scipy.stats import t

    values, stage_of = np.asarray(shares, dtype=np.float64), np.asarray(stages)
    n = np.bincount(stage_of, minlength=n_stages)
    mean = np.stack([values[stage_of == stage].mean(axis=0) for stage in range(n_stages)])
    half = np.full(mean.shape, np.nan)
    for stage in np.flatnonzero(n > 1):
        error = values[stage_of == stage].std(axis=0, ddof=1) / np.sqrt(n[stage])
        half[stage] = t.ppf((1 + level) / 2, n[stage] - 1) * error
    return Abundance(mean, np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0), n)


def tabulate_stages(atlas: Atlas) -> dict[str, NDArray]:
    """Factors and domains of an atlas by stage, as columns of one length.

    Columns: kind ('factor' or 'domain'), name, genes (those that name the factor), stage, time,
    n_slices, mean, low, high. A factor's share of a slice is its mean proportion over the spots, a
    domain's the part of the spots in it.
    """
    stages = [stage.name for stage in atlas.stages]
    stage_of = np.array([stages.index(part.stage) for part in atlas.slices])
    domains = atlas.obs("domain")
    categories = atlas.obs_columns["domain"].categories
    spots = np.stack(
        [_shares(domains[part.start : part.stop], categories) for part in atlas.slices]
    )
    names = [f"factor_{factor}" for factor in range(atlas.n_factors)]
    parts = [
        ("factor", names, atlas.factor_names, average_stages(atlas.usage(), stage_of, len(stages))),
        (
            "domain",
            categories,
            [""] * len(categories),
            average_stages(spots, stage_of, len(stages)),
        ),
    ]
    rows = [
        (
            kind,
            name,
            genes[index],
            stage.name,
            np.nan if stage.time is None else stage.time,
            int(found.n_slices[row]),
            *(float(value[row, index]) for value in (found.mean, found.low, found.high)),
        )
        for kind, labels, genes, found in parts
        for index, name in enumerate(labels)
        for row, stage in enumerate(atlas.stages)
    ]
    heads = ["kind", "name", "genes", "stage", "time", "n_slices", "mean", "low", "high"]
    return {
        head: np.array(column, dtype=object if head in ("kind", "name", "genes", "stage") else None)
        for head, column in zip(heads, zip(*rows, strict=True), strict=True)
    }


def _shares(values: NDArray, categories: Sequence[str]) -> NDArray[np.float64]:
    """Part of the values (n,) that is each category (M,)."""
    return np.array([np.mean(values == name) for name in categories])
