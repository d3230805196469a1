"""Domains as components of a Gaussian mixture of the latent, in a number that is given or found.

Where tissue changes by degrees, as layers do, communities of a neighbour graph come back only as
a few coarse pieces. Components that share one covariance divide along the latent's directions of
change, whatever its density; in a number that suits the tissue they come back on halves of it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.downstream.domains import Stability, compare_parts, draw_parts
from training.errors import AtlasError

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

STARTS = 5
"""Starts from k-means, of which the likeliest is kept."""
LEAST_SPOTS = 5
"""Spots that a component needs on average, lest it describe single ones."""
NUMBERS = tuple(range(2, 13))
"""Numbers of components that are tried where none is given."""
TRIED_STARTS = 2
TRIED_DRAWS = 5
TRIED_SPOTS = 3_000
"""Starts of each, parts of the spots, and spots at most of which these are halves: all numbers
together take a few seconds, and a number that suits the tissue shows in so many."""


@dataclass(frozen=True)
class Trial:
    """Mixtures of one number of components, of random parts of the spots, and how they agree."""

    stability: Stability
    mixtures: list[GaussianMixture]


def divide_by_mixture(latent: NDArray[np.floating], number: int, seed: int) -> NDArray[np.int64]:
    """Likeliest component (n,) of each spot, of `number` components with one common covariance.

    Args:
        latent: (n, d).

    Raises:
        AtlasError: where there are too few spots for so many.
    """
    check_number(number, len(latent))
    return _fit(latent, number, seed).predict(latent.astype(np.float64)).astype(np.int64)


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
    parts = draw_parts(len(latent), seed, TRIED_SPOTS, TRIED_DRAWS)
    return [
        _try(latent, number, parts, seed, TRIED_STARTS)
        for number in NUMBERS
        if LEAST_SPOTS * number <= len(parts[0])
    ]


def divide_like(latent: NDArray[np.floating], trial: Trial) -> NDArray[np.int64]:
    """Likeliest component (n,) of each spot by a mixture of all that begins at one of the parts'
    mixtures, the likeliest of those found so."""
    points = latent.astype(np.float64)
    found = [
        _mixture(
            each.n_components,
            weights_init=each.weights_,
            means_init=each.means_,
            precisions_init=each.precisions_,
        )
        for each in trial.mixtures
    ]
    best = max((_quietly(each, points) for each in found), key=lambda each: each.lower_bound_)
    return best.predict(points).astype(np.int64)


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
        part = latent[rows].astype(np.float64)
        mixtures.append(_fit(part, number, seed + index, starts))
        partitions[index, rows] = mixtures[-1].predict(part)
    return Trial(Stability(0.0, number, *compare_parts(partitions)), mixtures)


def _fit(
    latent: NDArray[np.floating], number: int, seed: int, starts: int = STARTS
) -> GaussianMixture:
    mixture = _mixture(number, n_init=starts, random_state=seed)
    return _quietly(mixture, latent.astype(np.float64))


def _mixture(number: int, **options: object) -> GaussianMixture:
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(number, covariance_type="tied", max_iter=200, **options)


def _quietly(mixture: GaussianMixture, points: NDArray[np.float64]) -> GaussianMixture:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Fewer distinct spots than components: some of them stay empty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(points)
