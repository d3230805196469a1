"""At which stage each domain of a section is, by the votes of its own spots.

The votes of a domain are those of some dozens of spots, of one kind, in a latent that mixes stages
on purpose: what they are worth is learnt apart from what those of whole sections are, on domains of
reference slices that were placed by the other slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mapping.staging.placement import SHARPNESS, Placing
from training.mapping.votes import calibration_error

FEW = 20
"""Spots of a domain below which its stage is marked as resting on few."""
POWERS = np.concatenate([[0.0, 0.25], SHARPNESS])


@dataclass(frozen=True)
class Worth:
    """What domains of left-out slices taught of placing a domain of their size.

    Attributes:
        sharpness: power of the votes of a domain.
        accuracy: share of domains, each slice counting alike, whose likeliest stage was right.
        error: expected calibration error, 0..1, on slices that the sharpness was not learnt on.
        n_parts, n_slices: domains of slices, and slices, that this rests on.
    """

    sharpness: float
    accuracy: float
    error: float
    n_parts: int
    n_slices: int

    def report(self) -> dict[str, Any]:
        """For the reader of a result."""
        return {
            "accuracy": round(self.accuracy, 4),
            "calibration_error": round(self.error, 4),
            "n_domains": self.n_parts,
            "n_slices": self.n_slices,
        }


@dataclass(frozen=True)
class DomainPlacing:
    """What votes are worth in domains of many spots, FEW or more, and of few; None where the
    reference cannot teach it."""

    many: Worth | None
    few: Worth | None

    def of(self, n_spots: int) -> Worth | None:
        """What holds for a domain of so many spots. Many may be judged as few are, which promises
        too little, but not few as many."""
        return self.few if n_spots < FEW else self.many or self.few

    def report(self) -> dict[str, Any]:
        """For the reader of a result; {} where nothing was learnt."""
        told = {"many": self.many, "few": self.few}
        return {name: worth.report() for name, worth in told.items() if worth}


def learn_domain_placing(
    votes: NDArray[np.floating],
    domains: NDArray[np.integer],
    slices: NDArray[np.integer],
    stages: NDArray[np.integer],
) -> DomainPlacing:
    """From lifted votes (m, stages) of reference spots, each placed by other slices than its own.

    Args:
        domains: (m,) as they were mapped; slices, stages: (m,). A slice counts if others share its
            stage; two are needed at least.
    """
    owners = {int(stage): np.unique(slices[stages == stage]) for stage in np.unique(stages)}
    means, truth, folds, sizes = [], [], [], []
    for index in np.unique(slices):
        inside = slices == index
        stage = int(stages[inside][0])
        if len(owners[stage]) < 2:
            continue
        for domain in np.unique(domains[inside]):
            chosen = inside & (domains == domain)
            means.append(votes[chosen].mean(axis=0))
            truth.append(stage)
            folds.append(int(index))
            sizes.append(int(chosen.sum()))
    many = np.array(sizes) >= FEW
    shares, known, fold = np.array(means), np.array(truth), np.array(folds)
    return DomainPlacing(
        *(
            _learn(shares[part], known[part], fold[part]) if part.any() else None
            for part in (many, ~many)
        )
    )


def _learn(
    shares: NDArray[np.floating], right_stage: NDArray[np.integer], fold: NDArray[np.integer]
) -> Worth | None:
    """The likeliest sharpness for mean votes (parts, stages) of parts of slices (parts,)."""
    present = np.unique(fold)
    if len(present) < 2:
        return None
    rows = np.arange(len(right_stage))
    losses = np.empty((len(POWERS), len(present)))
    for place, power in enumerate(POWERS):
        found = -np.log(np.maximum(_posterior(shares, power)[rows, right_stage], 1e-12))
        losses[place] = [found[fold == each].mean() for each in present]
    promised, right = np.empty(len(rows)), np.empty(len(rows), dtype=bool)
    for place, each in enumerate(present):
        best = POWERS[np.delete(losses, place, axis=1).mean(axis=1).argmin()]
        own = fold == each
        found = _posterior(shares[own], best)
        promised[own] = found.max(axis=1)
        right[own] = found.argmax(axis=1) == right_stage[own]
    return Worth(
        sharpness=float(POWERS[losses.mean(axis=1).argmin()]),
        accuracy=float(np.mean([right[fold == each].mean() for each in present])),
        error=calibration_error(promised, right),
        n_parts=len(rows),
        n_slices=len(present),
    )


def place_domains(
    votes: NDArray[np.floating],
    domains: NDArray[np.str_],
    sections: NDArray[np.integer],
    stages: list[str],
    learnt: DomainPlacing,
) -> dict[str, Any]:
    """A posterior over stages for each domain: 'n_spots', 'few', 'calibrated', 'stage' (the
    likeliest) and 'stage_posterior' by the name of the domain; of several sections the mean, by
    their spots. What is not calibrated are shares of votes.

    Args:
        votes: (n, stages) lifted; domains, sections: (n,).
    """
    found: dict[str, Any] = {}
    for domain in np.unique(domains):
        inside = domains == domain
        posterior = np.zeros(len(stages))
        calibrated = True
        for section in np.unique(sections[inside]):
            own = inside & (sections == section)
            worth = learnt.of(int(own.sum()))
            calibrated &= worth is not None
            power = worth.sharpness if worth else 1.0
            posterior += own.sum() / inside.sum() * _posterior(votes[own].mean(axis=0), power)
        found[str(domain)] = {
            "n_spots": int(inside.sum()),
            "few": bool(inside.sum() < FEW),
            "calibrated": calibrated,
            "stage": stages[int(posterior.argmax())],
            "stage_posterior": {
                name: round(float(p), 4) for name, p in zip(stages, posterior, strict=True)
            },
        }
    return found


def _posterior(votes: NDArray[np.floating], power: float) -> NDArray[np.float64]:
    return Placing(float(power), np.empty(0), np.empty(0)).posterior(votes)
