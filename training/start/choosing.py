"""How many factors the data support: likelihood of counts that a factorisation has not seen.

Counts are split first (binomial thinning: a Poisson count falls into two independent Poisson
counts), then summed over neighbourhoods; the other way round a molecule would be seen on one side
through one spot and on the other side through its neighbour. Loadings come from one half of the
spots. For the spots of the other half, amounts come from the seen counts, and the unseen ones are
scored, so that loadings that describe chance gain nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from training.config import Config

SEEN = 0.8
"""Part of the counts that loadings and amounts are found from."""
SKETCH = 2000
"""Spots that are looked at: the curve is wanted quickly, its shape settles early."""
RUNS = 3
ITERATIONS = 40
DECODING = 25


@dataclass(frozen=True)
class Candidate:
    """What was measured for one number of factors.

    Attributes:
        factors: K.
        likelihood: mean over runs of the log likelihood of unseen counts, in nats per count, of
            which the constant is left out: only differences between candidates mean anything.
        error: standard error of the difference to the best candidate, over runs; 0 for the best.
        stability: mean similarity of factors matched between runs, 0..1.
    """

    factors: int
    likelihood: float
    error: float
    stability: float


@dataclass(frozen=True)
class Choice:
    """The number of factors that is suggested, why, and the curve it was read from."""

    factors: int
    reason: str
    curve: list[Candidate]

    def applied_to(self, config: Config) -> Config:
        """The settings with the number that was chosen."""
        model = config.model.model_copy(update={"n_factors": self.factors})
        return config.model_copy(update={"model": model})


def candidate_numbers(least: int, most: int, step: int = 5) -> list[int]:
    """Numbers of factors to try from `least` to `most`: steps of a third, of `step` at most.

    Steps grow because one factor more matters less the more there are.
    """
    numbers = [least]
    while numbers[-1] < most:
        numbers.append(min(numbers[-1] + max(1, min(step, numbers[-1] // 3)), most))
    return numbers


def measure_candidates(
    seen: Tensor,
    unseen: Tensor,
    slices: Tensor,
    numbers: Sequence[int],
    generator: torch.Generator,
    prior: float = 100.0,
    part: float = SEEN,
    progress: Callable[[float], None] = lambda fraction: None,
    measured: Tensor | None = None,
) -> list[Candidate]:
    """Held-out likelihood and stability of each number of factors, all on the same halves.

    Args:
        seen, unseen: (n, G) pooled counts of `thinning.split_counts`; slices: (n,).
        part: chance of a molecule to be seen.
        prior: pseudo-counts that hold slice-gene effects at 0.
        measured: (S, G) where some slices did not measure all genes.
    """
    import torch

    from training.factors.consensus import match_factors
    from training.factors.factorise import choose_half, decode, run_factorisation

    halves = [choose_half(slices, generator) for _ in range(RUNS)]
    scores = np.zeros((len(numbers), RUNS))
    stability = np.zeros(len(numbers))
    weight = np.cumsum(numbers) / np.sum(numbers)
    for index, number in enumerate(numbers):
        found = []
        for run, rows in enumerate(halves):
            _, loadings, scale = run_factorisation(
                seen[rows], slices[rows], number, generator, ITERATIONS, prior, measured=measured
            )
            found.append(loadings.cpu().numpy())
            rest = torch.ones(len(slices), dtype=torch.bool, device=slices.device)
            rest[rows] = False
            effects = torch.where(scale > 0, scale, 1).log()
            amounts, _ = decode(
                seen[rest], slices[rest], loadings, effects, DECODING, measured=measured
            )
            rate = (amounts @ loadings) * scale[slices[rest]] * ((1 - part) / part) + 1e-10
            held = unseen[rest]
            total = held.sum().clamp_min(1)
            scores[index, run] = float((torch.xlogy(held, rate) - rate).sum() / total)
        pairs = combinations(found, 2)
        stability[index] = np.mean([match_factors(one, other)[1].mean() for one, other in pairs])
        progress(float(weight[index]))
    best = int(scores.mean(axis=1).argmax())
    spread = (scores - scores[best]).std(axis=1, ddof=1) / np.sqrt(RUNS)
    return [
        Candidate(number, float(score.mean()), float(error), float(max(stable, 0.0)))
        for number, score, error, stable in zip(numbers, scores, spread, stability, strict=True)
    ]


def choose_number(curve: Sequence[Candidate]) -> Choice:
    """The number of factors at which the curve of held-out likelihood bends most.

    On tissue the likelihood goes on rising for as many factors as one tries, ever more slowly, so
    its maximum says little. Taken is the number furthest above the straight line from the first
    point to the highest (Satopaa et al., ICDCS Workshops 2011); where the first is the highest,
    the first.
    """
    likelihood = np.array([each.likelihood for each in curve])
    number = np.array([each.factors for each in curve], dtype=float)
    best = int(likelihood.argmax())
    gain = likelihood[: best + 1] - likelihood[0]
    if best == 0 or gain[best] <= 0:
        chosen = curve[0]
        reason = (
            f"counts that were held out are likeliest with {chosen.factors} factors, the fewest "
            "that were tried"
        )
        return Choice(chosen.factors, reason, list(curve))
    share = gain / gain[best]
    along = (number[: best + 1] - number[0]) / (number[best] - number[0])
    place = int((share - along).argmax())
    chosen = curve[place]
    reason = (
        f"{chosen.factors} factors bring {share[place]:.0%} of what {curve[best].factors} bring in "
        f"likelihood of counts that were held out, over {curve[0].factors}; there the curve bends "
        "most"
    )
    return Choice(chosen.factors, reason, list(curve))
