"""Poisson factorisation with slice-gene effects: the start of a fit and the core of a projection.

Model: Y_ig ~ Poisson( a_i . B_g * exp(gamma_sg) ), with a_i = l_i beta_i. Multiplicative updates
(Lee and Seung 2001, the Kullback-Leibler form) never increase the negative log likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.factors.consensus import find_consensus
from training.inputs.panels import mean_profile

FLOOR = 1e-10
BLOCK = 512
"""Rows of a block on a CPU. Whole matrices of n x G would be allocated anew in every update, which
takes longer than the arithmetic."""
SEEK = 10
"""Updates in which amounts are found for the loadings that runs agree on."""
LINKED = 40
LINK = 2.0
"""Of the updates after a random start, those in which amounts rest on the genes of many slices:
each gene counts by its share of slices to this power. Loadings of all genes follow. From the start
on all genes alike, a factor is one programme by the genes of one panel and another by another's."""
SETTLE = 40
"""Updates in which the background factor takes over what the others share."""


@dataclass(frozen=True)
class Factorisation:
    """Loadings B (K, G) with rows that sum to 1 and effects gamma (S, G), centred over slices.

    `blunt` (K, G) are the same factors before they were sharpened, with more of what they share.
    `stability` (K,), 0..1, says how alike each factor was between runs on random halves of the
    spots; NaN for the background factor, which no run has, and throughout after a single run.
    """

    loadings: Tensor
    effects: Tensor
    log_likelihood: float
    stability: NDArray[np.float64]
    blunt: Tensor


def factorise(
    counts: Tensor,
    slices: Tensor,
    n_factors: int,
    generator: torch.Generator,
    iterations: int = 120,
    restarts: int = 6,
    trial: int = 40,
    prior: float = 100.0,
    shared: float = 0.0,
    sharpened: float = 0.0,
    progress: Callable[[float], None] = lambda fraction: None,
    measured: Tensor | None = None,
) -> Factorisation:
    """Fit loadings and slice-gene effects to counts; what several random starts agree on goes on.

    Args:
        counts: (n, G) counts; sums over spatial neighbourhoods are Poisson too and carry more
            signal, so pooled counts are the better input where spots are shallow.
        slices: (n,) slice indices.
        restarts: random starts of `trial` iterations, each on a random half of every slice's
            spots. Their consensus is the start of the remaining iterations on all spots. One
            restart is on all spots, as are several where `trial` leaves no iterations.
        prior: pseudo-counts that hold gamma of rare genes at 0.
        shared: part of the counts that all factors explain alike, gene by gene, that is moved to
            one background factor; 0 has no background. Without it every factor carries the genes
            that every cell expresses, and its highest loadings say nothing of it.
        sharpened: the same part at the very end; no more than `shared` leaves the factors blunt.
        progress: called with the fraction done.
        measured: (S, G) where some slices did not measure all genes. What was not measured is in no
            sum: exp(gamma), which multiplies every rate, is 0 there within this module. Loadings
            are over all genes, amounts the counts that a spot would have over all of them.

    Returns:
        Factors by falling share of all counts.
    """
    restarts = restarts if trial < iterations else 1
    trial = trial if restarts > 1 else iterations
    settle = SETTLE if shared > 0 else 0
    sharpen = SETTLE if shared > 0 and sharpened > shared else 0
    own = n_factors - 1 if shared > 0 else n_factors
    total = restarts * trial + iterations - trial + settle + sharpen
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(done / total)

    stability = np.full(own, np.nan)
    if restarts == 1:
        state = run_factorisation(counts, slices, own, generator, trial, prior, count, measured)
    else:
        runs = []
        for _ in range(restarts):
            rows = choose_half(slices, generator)
            half = counts[rows], slices[rows]
            run = run_factorisation(*half, own, generator, trial, prior, count, measured)
            runs.append(run)
        found = find_consensus([loadings.cpu().numpy() for _, loadings, _ in runs])
        stability = found.stability
        loadings = torch.from_numpy(found.loadings).to(counts)
        effects = torch.stack([_as_effects(scale) for _, _, scale in runs]).mean(dim=0)
        # Loadings that agree must not be blurred by amounts that know nothing yet.
        amounts, _ = decode(counts, slices, loadings, effects, iterations=SEEK, measured=measured)
        state = (amounts, loadings, _as_scale(effects, measured))
        state = _iterate(counts, slices, state, iterations - trial, prior, 0.0, count)
    if shared > 0:
        state = _with_background(_profile(counts, slices, measured), *state)
        state = _iterate(counts, slices, state, settle, prior, shared, count)
        stability = np.concatenate([[np.nan], stability])
    blunt = state[1]
    state = _iterate(counts, slices, state, sharpen, prior, sharpened, count)
    amounts, loadings, effects = state
    order = torch.argsort(amounts.sum(dim=0), descending=True, stable=True)
    return Factorisation(
        loadings[order],
        _as_effects(effects),
        _log_likelihood(counts, slices, *state),
        stability[order.cpu().numpy()],
        blunt[order],
    )


def run_factorisation(
    counts: Tensor,
    slices: Tensor,
    n_factors: int,
    generator: torch.Generator,
    iterations: int,
    prior: float = 100.0,
    count: Callable[[], None] = lambda: None,
    measured: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Amounts (n, K), loadings (K, G) and scale exp(gamma) (S, G) after one random start.

    Every slice index below the largest must occur. The scale is 0 where nothing was `measured`.
    """
    level = counts.sum(dim=0) if measured is None else _profile(counts, slices, measured)
    loadings = _random_loadings(level, n_factors, generator)
    amounts = _random_amounts(counts, n_factors, generator)
    scale = torch.ones(int(slices.max()) + 1, counts.shape[1], device=counts.device)
    if measured is not None:
        scale = scale * measured
        reach = measured.to(counts).mean(dim=0)
        link = (reach / reach.max()) ** LINK
        state, first = (amounts, loadings, scale), min(LINKED, iterations)
        state = _iterate(counts, slices, state, first, prior, 0.0, count, link)
        return _iterate(counts, slices, state, iterations - first, prior, 0.0, count)
    return _iterate(counts, slices, (amounts, loadings, scale), iterations, prior, 0.0, count)


def choose_half(slices: Tensor, generator: torch.Generator) -> Tensor:
    """Rows of a random half of every slice's spots, rounded up, in rising order."""
    shuffled = torch.randperm(len(slices), generator=generator).to(slices.device)
    shuffled = shuffled[torch.argsort(slices[shuffled], stable=True)]
    sizes = torch.bincount(slices)
    first = torch.repeat_interleave(sizes.cumsum(0) - sizes, sizes)
    rank = torch.arange(len(slices), device=slices.device) - first
    return shuffled[2 * rank < sizes[slices[shuffled]]].sort().values


def decode(
    counts: Tensor,
    slices: Tensor,
    loadings: Tensor,
    effects: Tensor,
    iterations: int = 40,
    estimate_effects: bool = False,
    prior: float = 100.0,
    measured: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Amounts a (n, K) of known loadings in counts (n, G), and the effects gamma used (S, G).

    With `estimate_effects` gamma is fitted too, as for the slices of a query; it is then relative
    to the reference, whose effects are centred at 0. Genes that a slice has not `measured` (S, G)
    say nothing of its spots.
    """
    n_factors = len(loadings)
    amounts = counts.sum(dim=1, keepdim=True).expand(-1, n_factors) / n_factors
    scale = _as_scale(effects, measured)
    observed = _sum_by_slice(counts, slices, len(scale)) if estimate_effects else None
    for iteration in range(iterations):
        amounts = _update_amounts(counts, slices, amounts, loadings, scale)
        # Effects wait for the amounts: from even amounts they would take up what the tissue is
        # made of, and give it back only after hundreds of updates.
        if observed is not None and iteration >= iterations // 2:
            scale = _update_effects(observed, slices, amounts, loadings, scale, prior)
    return amounts, _as_effects(scale)


def fit_loadings(
    counts: Tensor,
    slices: Tensor,
    amounts: Tensor,
    iterations: int = 30,
    prior: float = 100.0,
    measured: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Rates W (K, G) of further genes on frozen amounts a (n, K), and their effects (S, G).

    A Poisson regression with identity link per gene. Rows of W are not normalised: a_i . W_g is
    the expected count itself. Only slices that `measured` (S, G) a gene tell of it.
    """
    n_slices = int(slices.max()) + 1
    total = amounts.sum()
    if measured is not None:
        total = _sum_by_slice(amounts, slices, n_slices).sum(dim=1) @ measured.to(amounts)
    loadings = (counts.sum(dim=0) / total.clamp_min(FLOOR)).expand(amounts.shape[1], -1).clone()
    effects = torch.ones(n_slices, counts.shape[1], device=counts.device)
    if measured is not None:
        effects = effects * measured
    per_slice = _sum_by_slice(amounts, slices, n_slices)
    observed = _sum_by_slice(counts, slices, n_slices)
    for _ in range(iterations):
        ratio = _ratio(counts, amounts, loadings, effects[slices])
        loadings = loadings * (amounts.T @ ratio) / (per_slice.T @ effects + FLOOR)
        effects = _update_effects(observed, slices, amounts, loadings, effects, prior, centre=True)
    return loadings, _as_effects(effects)


def _as_scale(effects: Tensor, measured: Tensor | None) -> Tensor:
    """exp(gamma) (S, G), 0 where not measured."""
    scale = effects.exp()
    return scale if measured is None else scale * measured


def _as_effects(scale: Tensor) -> Tensor:
    """gamma (S, G), 0 where not measured."""
    return torch.where(scale > 0, scale, 1).log()


def _profile(counts: Tensor, slices: Tensor, measured: Tensor | None) -> Tensor:
    """Share (G,) of each gene in all counts, as if all had been measured everywhere."""
    if measured is None:
        return counts.sum(dim=0) / counts.sum()
    sums = _sum_by_slice(counts, slices, len(measured)).cpu().numpy()
    return torch.from_numpy(mean_profile(sums, measured.cpu().numpy())).to(counts)


def _random_loadings(level: Tensor, n_factors: int, generator: torch.Generator) -> Tensor:
    noise = torch.rand(n_factors, len(level), generator=generator).to(level.device)
    loadings = (0.75 + 0.5 * noise) * level
    return loadings / loadings.sum(dim=1, keepdim=True)


def _random_amounts(counts: Tensor, n_factors: int, generator: torch.Generator) -> Tensor:
    noise = torch.rand(len(counts), n_factors, generator=generator).to(counts.device)
    return (0.75 + 0.5 * noise) * counts.sum(dim=1, keepdim=True) / n_factors


def _with_background(
    profile: Tensor, amounts: Tensor, loadings: Tensor, effects: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The mean profile (G,) as one more factor, the first, with a mean share of each spot.

    It joins once the others have found their places: a background from the start takes the place
    of rare programmes.
    """
    amount = amounts.mean(dim=1, keepdim=True)
    return torch.cat([amount, amounts], 1), torch.cat([profile[None], loadings]), effects


def _iterate(
    counts: Tensor,
    slices: Tensor,
    state: tuple[Tensor, Tensor, Tensor],
    iterations: int,
    prior: float,
    shared: float,
    count: Callable[[], None],
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    amounts, loadings, effects = state
    observed = _sum_by_slice(counts, slices, len(effects))
    for _ in range(iterations):
        count()
        amounts, explained = _sweep(counts, slices, amounts, loadings, effects, weights)
        per_slice = _sum_by_slice(amounts, slices, len(effects))
        expected = per_slice.T @ effects
        if shared > 0 and (effects == 0).any():
            # What all factors explain alike is compared as if all had been measured everywhere.
            whole = per_slice.T @ torch.where(effects > 0, effects, 1)
            explained, expected = explained * (whole / (expected + FLOOR)), whole
        if shared > 0:
            own = explained[1:]
            size = own.sum(dim=1, keepdim=True).clamp_min(FLOOR)
            # Profiles are compared, not counts: a rare factor must not lose its own genes to it.
            common = (own / size).mean(dim=0)
            own = torch.maximum(own - shared * common * size, 1e-6 * own)
            explained = torch.cat([explained[:1], own])
        loadings = explained / (expected + FLOOR)
        size = loadings.sum(dim=1, keepdim=True).clamp_min(FLOOR)
        loadings, amounts = loadings / size, amounts * size.T
        effects = _update_effects(observed, slices, amounts, loadings, effects, prior, centre=True)
    return amounts, loadings, effects


def _sweep(
    counts: Tensor,
    slices: Tensor,
    amounts: Tensor,
    loadings: Tensor,
    effects: Tensor,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Amounts (n, K) updated once, genes counting by weights (G,) if given, and the counts (K, G)
    that each loading then explains."""
    explained = torch.zeros_like(loadings)
    updated = []
    for rows in _blocks(counts):
        scale = effects[slices[rows]]
        known, shown = counts[rows], effects
        if weights is not None:
            known, shown = known * weights, effects * weights
        part = _update_amounts(known, slices[rows], amounts[rows], loadings, shown)
        explained += part.T @ _ratio(counts[rows], part, loadings, scale)
        updated.append(part)
    return torch.cat(updated), loadings * explained


def _update_amounts(
    counts: Tensor, slices: Tensor, amounts: Tensor, loadings: Tensor, effects: Tensor
) -> Tensor:
    totals = effects @ loadings.T
    updated = []
    for rows in _blocks(counts):
        ratio = _ratio(counts[rows], amounts[rows], loadings, effects[slices[rows]])
        updated.append(amounts[rows] * (ratio @ loadings.T) / (totals[slices[rows]] + FLOOR))
    return torch.cat(updated)


def _ratio(counts: Tensor, amounts: Tensor, loadings: Tensor, scale: Tensor) -> Tensor:
    """Counts (n, G) over those expected, times scale (n, G); in place, as memory takes longest."""
    ratio = amounts @ loadings
    ratio.mul_(scale).add_(FLOOR)
    return torch.div(counts, ratio, out=ratio).mul_(scale)


def _blocks(counts: Tensor) -> list[slice]:
    """Rows in parts: on a CPU small enough for the cache, elsewhere all at once."""
    size = BLOCK if counts.device.type == "cpu" else max(len(counts), 1)
    return [slice(start, start + size) for start in range(0, max(len(counts), 1), size)]


def _update_effects(
    observed: Tensor,
    slices: Tensor,
    amounts: Tensor,
    loadings: Tensor,
    before: Tensor,
    prior: float,
    centre: bool = False,
) -> Tensor:
    """exp(gamma) (S, G) anew from counts (S, G); what was 0 `before` was not measured."""
    expected = _sum_by_slice(amounts, slices, len(before)) @ loadings
    effects = (observed + prior) / (expected + prior)
    seen = before > 0
    if seen.all():
        return (effects.log() - effects.log().mean(dim=0)).exp() if centre else effects
    logs = effects.log() * seen
    if centre:
        logs = logs - logs.sum(dim=0) / seen.sum(dim=0).clamp_min(1)
    return logs.exp() * seen


def _sum_by_slice(values: Tensor, slices: Tensor, n_slices: int) -> Tensor:
    sums = torch.zeros(n_slices, values.shape[1], dtype=values.dtype, device=values.device)
    return sums.index_add_(0, slices, values)


def _log_likelihood(
    counts: Tensor, slices: Tensor, amounts: Tensor, loadings: Tensor, effects: Tensor
) -> float:
    rate = (amounts @ loadings) * effects[slices] + FLOOR
    return float((counts * rate.log() - rate).sum() / counts.sum())
