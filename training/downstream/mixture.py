"""Domains in a number that is given: a Gaussian mixture of the latent.

Where tissue changes by degrees, as layers do, communities of a neighbour graph come back only as
a few coarse pieces. Who knows how many there are can ask for as many: components that share one
covariance divide along the latent's directions of change, whatever its density.
"""

from __future__ import annotations

import warnings
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
    parts = draw_parts(len(latent), seed)
    partitions = np.full((len(parts), len(latent)), -1)
    for index, rows in enumerate(parts):
        part = latent[rows].astype(np.float64)
        partitions[index, rows] = _fit(part, number, seed + index).predict(part)
    return Stability(0.0, number, compare_parts(partitions))


def _fit(latent: NDArray[np.floating], number: int, seed: int) -> GaussianMixture:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        number, covariance_type="tied", n_init=STARTS, random_state=seed, max_iter=200
    )
    with warnings.catch_warnings():
        # Fewer distinct spots than components: some of them stay empty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(latent.astype(np.float64))
