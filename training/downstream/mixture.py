"""Domains as components of a Gaussian mixture of the latent, in a number that is given or found.

Where tissue changes by degrees, as layers do, communities of a neighbour graph come back only as
a few coarse pieces. Components that share one covariance divide along the latent's directions of
change, whatever its density; in a number that suits the tissue they come back on halves of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.downstream.domains import Stability, compare_parts, draw_parts
from training.downstream.tiedmixture import TiedMixture, fit_mixture, refit_mixture
from training.errors import AtlasError

STARTS = 10
"""Starts from k-means, of which the likeliest is kept."""
LEAST_SPOTS = 5
"""Spots that a component needs on average, lest it describe single ones."""
NUMBERS = tuple(range(2, 13))
"""Numbers of components that are tried where none is given."""
TRIED_LEAST = 20
"""The same where none is given: a number is only as stable as its smallest component."""
TRIED_STARTS = 6
TRIED_DRAWS = 3
TRIED_SPOTS = 2_400
"""Starts of each, parts of the spots, and spots at most of which these are halves: all numbers
together take a few seconds, and a number that suits the tissue shows in so many."""


@dataclass(frozen=True)
class Trial:
    """Mixtures of one number of components, of random parts of the spots, and how they agree."""

    stability: Stability
    mixtures: list[TiedMixture]


def divide_by_mixture(latent: NDArray[np.floating], number: int, seed: int) -> NDArray[np.int64]:
    """Likeliest component (n,) of each spot, of `number` components with one common covariance.

    Args:
        latent: (n, d).

    Raises:
        AtlasError: where there are too few spots for so many.
    """
    check_number(number, len(latent))
    return fit_mixture(latent, number, np.random.default_rng(seed), STARTS).predict(latent)


def check_number(number: int, n_spots: int) -> None:
    """Raises AtlasError where there are too few spots for so many domains."""
    if n_spots < LEAST_SPOTS * number:
        raise AtlasError(
            f"domains.number={number} asks for more domains than {n_spots:,} spots can tell "
            f"apart; give at most {n_spots // LEAST_SPOTS}, or 0 to have them found"
        )


def measure_mixture(latent: NDArray[np.floating], number: int, seed: int) -> Stability:
    """How well mixtures of random halves of the spots agree, as for a resolution of Leiden's; that
    is given as 0."""
    return _try(latent, number, draw_parts(len(latent), seed), seed, STARTS).stability


def try_numbers(latent: NDArray[np.floating], seed: int) -> list[Trial]:
    """Mixtures of NUMBERS components, of as many as there are spots for, and how each comes back on
    halves of at most TRIED_SPOTS spots (n, d)."""
    from threadpoolctl import threadpool_limits

    parts = draw_parts(len(latent), seed, TRIED_SPOTS, TRIED_DRAWS)
    numbers = [number for number in NUMBERS if TRIED_LEAST * number <= len(parts[0])]
    # Products so small take longer on two cores than on one.
    with threadpool_limits(1, user_api="blas"):
        return [_try(latent, number, parts, seed, TRIED_STARTS) for number in numbers]


def divide_like(latent: NDArray[np.floating], trial: Trial) -> NDArray[np.int64]:
    """Likeliest component (n,) of each spot by a mixture of all that begins at one of the parts'
    mixtures, the likeliest of those found so."""
    found = [refit_mixture(latent, each) for each in trial.mixtures]
    return max(found, key=lambda each: each.likelihood).predict(latent)


def _try(
    latent: NDArray[np.floating],
    number: int,
    parts: list[NDArray[np.int64]],
    seed: int,
    starts: int,
) -> Trial:
    partitions = np.full((len(parts), len(latent)), -1)
    mixtures = []
    for index, rows in enumerate(parts):
        part = latent[rows]
        mixtures.append(fit_mixture(part, number, np.random.default_rng(seed + index), starts))
        partitions[index, rows] = mixtures[-1].predict(part)
    return Trial(Stability(0.0, number, *compare_parts(partitions)), mixtures)
