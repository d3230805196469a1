"""Reference slices placed among stages by the others, and what that teaches of a query's."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from training.mapping.reference import ReferenceSpots
from training.mapping.staging.domainstages import DomainPlacing, learn_domain_placing
from training.mapping.staging.placement import Placing, learn_placing, lift_votes
from training.mapping.staging.trend import NoTrend, Trend, learn_trend
from training.mapping.votes import count_votes
from training.rehearsal.rehearsal import Rehearsal, weigh
from training.store import Atlas


def learn_places(
    atlas: Atlas, reference: ReferenceSpots, rehearsal: Rehearsal, domains: NDArray[np.integer]
) -> tuple[Placing, Trend | NoTrend, DomainPlacing]:
    """How sections are placed among stages, beyond them, and domain by domain.

    Args:
        domains: (m,) codes that the rehearsal's spots were mapped to.
    """
    times = [math.nan if stage.time is None else stage.time for stage in atlas.stages]
    stages, folds = reference.stages, rehearsal.folds
    lifted = _lift_rehearsed(reference, rehearsal)
    present = np.unique(folds)
    means = np.array([lifted[folds == fold].mean(axis=0) for fold in present])
    own = stages[rehearsal.rows]
    truth = np.array([own[folds == fold][0] for fold in present])
    trend: Trend | NoTrend = NoTrend("the atlas has one slice")
    if not rehearsal.by_parts:
        trend = learn_trend(means, truth, times)
    by_domain = DomainPlacing(None, None)
    if not rehearsal.by_parts and reference.n_stages > 1:
        by_domain = learn_domain_placing(lifted, domains, rehearsal.slices, own)
    return learn_placing(means, truth, times), trend, by_domain


def _lift_rehearsed(reference: ReferenceSpots, rehearsal: Rehearsal) -> NDArray[np.float64]:
    """Votes (m, stages) against the sizes of stages; all spots but those of the own slice vote."""
    sizes = np.bincount(reference.stages, minlength=reference.n_stages).astype(np.float64)
    votes = count_votes(
        reference.stages, reference.n_stages, rehearsal.neighbours, weigh(rehearsal.distances)
    )
    lifted = np.empty(votes.shape)
    for fold in np.unique(rehearsal.folds):
        inside = rehearsal.folds == fold
        voters = sizes.copy()
        own = reference.stages[rehearsal.rows[inside][0]]
        voters[own] -= (reference.slices == rehearsal.slices[inside][0]).sum()
        lifted[inside] = lift_votes(votes[inside], voters)
    return lifted
