"""How much of each domain or factor the stages hold, and what comes and goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_place
from atlas_app.stages.cells import MIN_SPOTS, Groups
from atlas_app.stages.replicates import Difference, Summary, summarise, welch
from training.store import Atlas

# A part with less of a stage than this counts as absent there.
PRESENT = 0.01


@dataclass(frozen=True)
class Abundance:
    """Shares of M parts: by slice (S, M), NaN of slices with too few spots of the domain `within`,
    and summarised by stage (T, M)."""

    parts: str
    names: list[str]
    labels: list[str]
    shares: NDArray[np.float64]
    summary: Summary
    within: str = ""


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


def measure_abundance(atlas: Atlas, groups: Groups, parts: str, within: str = "") -> Abundance:
    """Shares of 'domain's (of a slice's spots) or 'factor's (mean proportion) by slice.

    Factors may be those `within` a domain. Raises ApiError (404) for a domain that there is not,
    and 409 where no slice has spots enough of it.
    """
    if parts == "factor" and within:
        shares = factors_within(atlas, groups, within)
        names = [str(k) for k in range(atlas.n_factors)]
        labels = [f"F{k} {name}" for k, name in enumerate(atlas.factor_names)]
    elif parts == "factor":
        within = ""
        shares = np.asarray(atlas.usage(), dtype=np.float64)
        names = [str(k) for k in range(atlas.n_factors)]
        labels = [f"F{k} {name}" for k, name in enumerate(atlas.factor_names)]
    else:
        within = ""
        shares = groups.spots / np.maximum(groups.spots.sum(axis=1, keepdims=True), 1)
        names, labels = groups.domains, groups.domains
    summary = summarise(shares, groups.stage_of, len(atlas.stages), most=1.0)
    return Abundance(parts, list(names), list(labels), shares, summary, within)


def factors_within(atlas: Atlas, groups: Groups, within: str) -> NDArray[np.float64]:
    """Mean proportions (S, K) over a slice's spots of a domain, NaN where these are too few."""
    domain = known_place("domain", groups.domains, within)
    counted = groups.enough(domain)
    if not counted.any():
        raise ApiError(
            409,
            f"No slice has {MIN_SPOTS} spots of {within}.",
            found="fewer of them in every slice",
            expected=f"a domain with {MIN_SPOTS} spots or more in a slice",
        )
    spots = np.maximum(groups.spots_in(domain), 1)
    sums = [groups.sum_spots(atlas.factors[:, k], domain) for k in range(atlas.n_factors)]
    return np.where(counted[:, None], np.stack(sums, axis=1) / spots[:, None], np.nan)


def compare_ends(abundance: Abundance, stage_of: NDArray[np.integer]) -> list[Trend]:
    """What appears, disappears, grows or shrinks from the first stage to the last, largest change
    first. With one slice on either side there is a difference and no interval; nothing without."""
    last = len(abundance.summary.n) - 1
    ends = [abundance.shares[stage_of == stage] for stage in (0, last)]
    ends = [end[~np.isnan(end).any(axis=1)] for end in ends]
    if not all(map(len, ends)):
        return []
    found: Difference = welch(ends[0], ends[1])
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
