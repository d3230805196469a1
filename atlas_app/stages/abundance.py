"""How much of each domain or factor the stages hold, and what comes and goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_app.stages.cells import Groups
from atlas_app.stages.replicates import Difference, Summary, summarise, welch
from training.store import Atlas

# A part with less of a stage than this counts as absent there.
PRESENT = 0.01


@dataclass(frozen=True)
class Abundance:
    """Shares of M parts: by slice (S, M), and summarised by stage (T, M)."""

    parts: str
    names: list[str]
    labels: list[str]
    shares: NDArray[np.float64]
    summary: Summary


@dataclass(frozen=True)
class Trend:
    """One part between the first stage and the last.

    `word` is 'appears', 'disappears', 'passes' (at stages between only), 'grows', 'shrinks' or
    'absent'. `certain` says that the interval leaves out 0; None where there is no interval.
    """

    part: int
    word: str
    first: float
    last: float
    effect: float
    low: float
    high: float
    certain: bool | None


def measure_abundance(atlas: Atlas, groups: Groups, parts: str) -> Abundance:
    """Shares of 'domain's (of a slice's spots) or 'factor's (mean proportion) by slice."""
    if parts == "factor":
        shares = np.asarray(atlas.usage(), dtype=np.float64)
        names = [str(k) for k in range(atlas.n_factors)]
        labels = [f"F{k} {name}" for k, name in enumerate(atlas.factor_names)]
    else:
        shares = groups.spots / np.maximum(groups.spots.sum(axis=1, keepdims=True), 1)
        names, labels = groups.domains, groups.domains
    summary = summarise(shares, groups.stage_of, len(atlas.stages), most=1.0)
    return Abundance(parts, list(names), list(labels), shares, summary)


def compare_ends(abundance: Abundance, stage_of: NDArray[np.integer]) -> list[Trend]:
    """What appears, disappears, grows or shrinks from the first stage to the last, largest change
    first. With one slice on either side there is a difference and no interval."""
    last = len(abundance.summary.n) - 1
    found: Difference = welch(abundance.shares[stage_of == 0], abundance.shares[stage_of == last])
    mean = abundance.summary.mean
    trends = []
    for part in np.argsort(-np.abs(found.effect), kind="stable").tolist():
        low, high = float(found.low[part]), float(found.high[part])
        trends.append(
            Trend(
                part=part,
                word=_word(mean[:, part]),
                first=float(mean[0, part]),
                last=float(mean[last, part]),
                effect=float(found.effect[part]),
                low=low,
                high=high,
                certain=None if np.isnan(low) else bool(low > 0 or high < 0),
            )
        )
    return trends


def _word(means: NDArray[np.float64]) -> str:
    present = means >= PRESENT
    if not present.any():
        return "absent"
    if not present[0]:
        return "appears" if present[-1] else "passes"
    if not present[-1]:
        return "disappears"
    return "grows" if means[-1] > means[0] else "shrinks"
