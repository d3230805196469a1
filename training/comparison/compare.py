"""What differs between a mapped query and the reference tissue of the same domain and stage.

A gene's effect is told twice. As measured, it holds whatever sets the section apart, its technology
included. A domain's *own* effect is what is left when the effect that the gene has over the whole
section is taken off, as a mapping takes its slice-gene effect off: a change in one domain stays, a
change in all domains alike cannot be told from technology, and is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.comparison.distance import Distance, Floats, measure_distance
from training.comparison.sums import Side

PER = 1e4
MIN_SPOTS = 10
"""A slice counts for a domain with so many spots: the mean of fewer is mostly noise."""
PRIOR = 2.0
"""Counts added to every slice before the logarithm, more where a slice has more of them."""
MIN_EXPECTED = 10
"""A slice counts for a gene that it would hold so many counts of if all were alike."""
MIN_OTHERS = 2
"""Other domains that a gene is counted in at least, for its effect over the section to be told."""
MIN_GENES = 50
"""Genes at least whose median says what depth differs by."""
MIN_PROPORTION = 0.01
"""Factors are compared where they make so much of a domain, on either side."""
MIN_SPOTS_EXPECTED = 5
"""Spots of a domain that a slice holds by the shares of both sides, for it to be compared."""


@dataclass(frozen=True)
class Compared:
    """One kind of quantity in one domain (or all, -1) at one stage, each array (M,).

    Attributes:
        stage, domain: positions in the atlas's orders.
        rows: which quantities, as positions among genes, factors or domains.
        query, reference: their means over slices: counts per 10,000, proportions or shares.
        effect: log2 ratio of genes, log2 odds ratio of factors and domains.
        own: of genes, with the section's own effect taken off; NaN where that cannot be told.
    """

    stage: int
    domain: int
    rows: NDArray[np.intp]
    query: Floats
    reference: Floats
    effect: Distance
    own: Distance | None = None


@dataclass(frozen=True)
class Comparison:
    """A query beside its reference: by composition, by use of factors, by genes."""

    composition: list[Compared] = field(default_factory=list)
    factors: list[Compared] = field(default_factory=list)
    genes: list[Compared] = field(default_factory=list)


def compare_sides(query: Side, reference: Side) -> Comparison:
    """Compare the query's slices with those of the stage that each was found at.

    Query slices of one stage are replicates of each other. See `measure_distance` for intervals;
    p-values are of two slices on either side, never of one.
    """
    found = Comparison()
    for stage in np.unique(query.stages):
        if not (reference.stages == stage).any():
            continue
        chosen = np.flatnonzero(query.stages == stage)
        found.composition.append(compare_composition(query, reference, chosen, int(stage)))
        both = (query.spots[chosen] >= MIN_SPOTS).any(axis=0)
        both &= (reference.spots[reference.stages == stage] >= MIN_SPOTS).any(axis=0)
        for domain in np.flatnonzero(both).tolist():
            found.factors.append(compare_factors(query, reference, chosen, int(stage), domain))
        found.genes.extend(compare_genes(query, reference, chosen, int(stage)))
    return found


def compare_composition(
    query: Side, reference: Side, chosen: NDArray[np.intp], stage: int
) -> Compared:
    """Shares of domains, as log odds with the noise of drawing so many spots."""
    spots = np.concatenate([query.spots[chosen], reference.spots])
    total = spots.sum(axis=1, keepdims=True)
    group = np.concatenate([np.full(len(chosen), stage), reference.stages])
    expected = total * _group_shares(spots, total, group)
    matched = group == stage
    rows = np.flatnonzero((expected[matched] >= MIN_SPOTS_EXPECTED).all(axis=0))
    logs = np.log2((spots + 0.5) / (total - spots + 0.5))
    noise = (1 / (expected + 0.5) + 1 / (total - expected + 0.5)) / np.log(2) ** 2
    n = len(chosen)
    effect = measure_distance(
        logs[:n, rows],
        logs[n:, rows],
        reference.stages,
        stage,
        noise[:n, rows],
        noise[n:, rows],
    )
    shares = spots / np.maximum(total, 1)
    of_stage = shares[n:][reference.stages == stage]
    return Compared(stage, -1, rows, shares[:n, rows].mean(0), of_stage[:, rows].mean(0), effect)


def compare_factors(
    query: Side, reference: Side, chosen: NDArray[np.intp], stage: int, domain: int
) -> Compared:
    """Mean proportions of factors in one domain, as log odds."""
    first = chosen[query.spots[chosen, domain] >= MIN_SPOTS]
    second = np.flatnonzero(reference.spots[:, domain] >= MIN_SPOTS)
    sides = [query.factors[first, domain], reference.factors[second, domain]]
    stages = reference.stages[second]
    means = [sides[0].mean(axis=0), sides[1][stages == stage].mean(axis=0)]
    rows = np.flatnonzero(np.maximum(*means) >= MIN_PROPORTION)
    logs = [log_odds(side[:, rows]) for side in sides]
    effect = measure_distance(logs[0], logs[1], stages, stage)
    return Compared(stage, domain, rows, means[0][rows], means[1][rows], effect)


def compare_genes(
    query: Side, reference: Side, chosen: NDArray[np.intp], stage: int
) -> list[Compared]:
    """Genes of every domain that both sides have at a stage.

    y = log2(10,000 (c + r) / (N + 2 r)) with c counts of a gene, N those of all shared genes in a
    slice and domain, r = 2 N / mean N, corrected for what counting lowers its mean by, and less
    the median over genes of what the slice differs by from its stage.
    """
    n = len(chosen)
    counts = np.concatenate([query.counts[chosen], reference.counts])
    spots = np.concatenate([query.spots[chosen], reference.spots])
    measured = np.concatenate([query.measured[chosen], reference.measured])
    common = measured.all(axis=0)
    if not common.any():
        return []
    depth = counts[:, :, common].sum(axis=2, dtype=np.float64)
    group = np.concatenate([np.full(n, stage), reference.stages])
    enough = (spots >= MIN_SPOTS) & (depth > 0)
    both = enough[:n].any(axis=0) & enough[n:][reference.stages == stage].any(axis=0)
    domains = np.flatnonzero(both).tolist()
    logs: dict[int, Floats] = {}
    noises: dict[int, Floats] = {}
    for k in domains:
        table, noises[k] = _log_rates(counts[:, k], depth[:, k], enough[:, k], measured, group)
        logs[k] = table - _middle(_deviations(table, group, n))
    own = _take_section_off(logs, noises, group, stage, n)
    found = []
    for k in domains:
        y, noise = logs[k], noises[k]
        side = (np.isfinite(y[:n]).any(axis=0)) & np.isfinite(y[group == stage][n:]).any(axis=0)
        rows = np.flatnonzero(side)
        effect, own_effect = (
            measure_distance(
                table[:n, rows], table[n:, rows], group[n:], stage, noise[:n, rows], noise[n:, rows]
            )
            for table in (y, own[k])
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = np.where(np.isfinite(y), PER * counts[:, k] / depth[:, [k]], np.nan)[:, rows]
        means = [_mean(rates[:n]), _mean(rates[n:][reference.stages == stage])]
        found.append(Compared(stage, k, rows, means[0], means[1], effect, own_effect))
    return found


def _log_rates(
    counts: NDArray[np.floating],
    depth: Floats,
    enough: NDArray[np.bool_],
    measured: NDArray[np.bool_],
    group: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """log2 counts per 10,000 (S, G) of slices, NaN where they do not count, and their noise."""
    used = enough[:, None] & measured
    size = np.where(enough, depth, 0.0)
    prior = (PRIOR * depth / max(float(size[enough].mean()), 1e-12))[:, None]
    seen = np.where(used, counts, 0).astype(np.float64)
    expected = size[:, None] * _group_shares(seen, size[:, None] * used, group)
    noise = expected / np.maximum((expected + prior) * np.log(2), 1e-12) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log2(PER * (seen + prior) / (depth[:, None] + 2 * prior))
    logs = logs + np.log(2) / 2 * noise
    return np.where(used & (expected >= MIN_EXPECTED), logs, np.nan), noise


def _group_shares(part: NDArray, whole: NDArray, group: NDArray[np.int64]) -> Floats:
    """Σ part / Σ whole (S, M) over the slices of each slice's stage."""
    found = np.zeros(part.shape)
    for each in np.unique(group):
        rows = group == each
        total = np.maximum(np.sum(whole[rows], axis=0), 1e-12)
        found[rows] = part[rows].sum(axis=0) / total
    return found


def _take_section_off(
    logs: dict[int, Floats],
    noises: dict[int, Floats],
    group: NDArray[np.int64],
    stage: int,
    n: int,
) -> dict[int, Floats]:
    """The same tables less what each slice's gene differs by from its stage in the other domains.

    That is the weighted median over them of the deviations from the mean of the reference's slices,
    so that a change in one domain does not pass for the section's.
    """
    if not logs:
        return {}
    stacked = np.stack([_deviations(table, group, n) for table in logs.values()])
    weights = np.stack([1 / (noise + 0.1) for noise in noises.values()])
    weights = np.where(np.isfinite(stacked), weights, 0.0)
    found = {}
    for place, (k, table) in enumerate(logs.items()):
        others = weights.copy()
        others[place] = 0.0
        offset = weighted_median(stacked, others)
        offset[(others > 0).sum(axis=0) < MIN_OTHERS] = np.nan
        found[k] = table - offset
    return found


def _deviations(table: Floats, group: NDArray[np.int64], n: int) -> Floats:
    """Rows (S, G) less the mean of the reference's rows, which come after `n`, of their stage."""
    away = np.full(table.shape, np.nan)
    for each in np.unique(group):
        rows = np.flatnonzero(group == each)
        away[rows] = table[rows] - _mean(table[rows[rows >= n]])
    return away


def _middle(deviations: Floats) -> Floats:
    """Median (S, 1) over genes, 0 of few genes: what depth differs by for most of them, so that
    some genes of which a slice has much more do not lower the others (after Anders and Huber,
    Genome Biol. 2010)."""
    enough = np.isfinite(deviations).sum(axis=1) >= MIN_GENES
    found = np.zeros((len(deviations), 1))
    if enough.any():
        found[enough, 0] = np.nanmedian(deviations[enough], axis=1)
    return found


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """Median over the first axis (D, …): the value at which the weights below reach a half, between
    two where they meet it; NaN without weights."""
    order = np.argsort(np.where(weights > 0, values, np.inf), axis=0)
    ranked = np.take_along_axis(np.where(weights > 0, values, np.nan), order, axis=0)
    weight = np.take_along_axis(weights, order, axis=0)
    total = weight.sum(axis=0)
    middle = np.cumsum(weight, axis=0) - weight / 2
    last = (weights > 0).sum(axis=0) - 1
    above = np.minimum((middle < total / 2).sum(axis=0), np.maximum(last, 0))
    below = np.maximum(above - 1, 0)

    def at(table: Floats, place: NDArray[np.integer]) -> Floats:
        return np.take_along_axis(table, place[None], axis=0)[0]

    with np.errstate(divide="ignore", invalid="ignore"):
        share = (total / 2 - at(middle, below)) / (at(middle, above) - at(middle, below))
    share = np.where(np.isfinite(share), np.clip(share, 0, 1), 1.0)
    found = at(ranked, below) * (1 - share) + at(ranked, above) * share
    return np.where(total > 0, found, np.nan)


def _mean(values: Floats) -> Floats:
    """Means over slices (S, M) that count; NaN without any."""
    counting = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counting, values, 0).sum(axis=0) / counting.sum(axis=0)


def log_odds(share: Floats) -> Floats:
    """log2 of shares over what is left, which 0 and 1 have too: as if .0001 and .9999."""
    inside = np.clip(share, 1e-4, 1 - 1e-4)
    return np.asarray(np.log2(inside / (1 - inside)))
