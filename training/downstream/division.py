"""The division of an atlas into domains, as its settings ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.downstream.domains import (
    Stability,
    choose_stable,
    find_domains,
    match_resolution,
    measure_stability,
    name_by_size,
)
from training.downstream.mixture import (
    Trial,
    divide_by_mixture,
    divide_like,
    measure_mixture,
    try_numbers,
)

if TYPE_CHECKING:
    from training.config import DomainConfig

LEAST_AGREEMENT = 0.8
"""Of mixtures of halves, for a mixture to be taken unasked: what halves do not agree on is no
domain."""
TOLERANCE = 0.02
"""A finer mixture is preferred to one that is more stable by no more than this."""
LEAST_GAIN = 1.1
"""Of a mixture over communities in what halves tell of each other, where it is not the more stable
too: communities of a graph need no shape, and are left only for what is clearly more."""


@dataclass(frozen=True)
class Division:
    """Domain of each spot, and how they were found.

    Attributes:
        names: (n,) D1, D2, … by falling size.
        resolution: of Leiden's communities; 0 of a mixture.
        stability: what was tried, and how well it came back on halves of the spots; empty where
            the resolution was given.
        taken: what of this was taken, if anything was tried.
        given: whether their number was given.
    """

    names: list[str]
    resolution: float
    stability: list[Stability]
    taken: Stability | None = None
    given: bool = False

    @property
    def number(self) -> int:
        """Domains found; a mixture may leave some of those asked for empty."""
        return len(set(self.names))

    def told(self) -> str:
        """What a reader of the report is told."""
        if self.resolution or self.taken is None:
            return f"{self.number} at resolution {self.resolution:g}"
        why = "of the number that was given" if self.given else "that says more than communities"
        return (
            f"{self.number}, a Gaussian mixture {why} "
            f"(agreement on halves of the spots {self.taken.agreement:.2f})"
        )


def divide_spots(
    latent: NDArray[np.floating],
    neighbours: NDArray[np.integer],
    settings: DomainConfig,
    seed: int,
) -> Division:
    """Divide spots into as many domains as asked for, or as come back on halves of them.

    Where nothing is asked, communities of the neighbour graph and a mixture are each as fine as
    they are stable; that one is taken of which halves tell each other more.

    Args:
        latent: (n, d).
        neighbours: (n, domains.neighbours + 1) nearest spots in it, the spot itself first.

    Raises:
        AtlasError: where more domains were asked for than spots can tell apart.
    """
    if settings.number:
        names = name_by_size(divide_by_mixture(latent, settings.number, seed))
        told = measure_mixture(latent, settings.number, seed)
        return Division(names, 0.0, [told], told, given=True)
    if settings.resolution:
        names = find_domains(neighbours, settings.resolution, seed)
        return Division(names, settings.resolution, [])
    communities = measure_stability(latent, neighbours.shape[1], seed)
    chosen, trials = choose_stable(communities), try_numbers(latent, seed)
    tried = [*communities, *(each.stability for each in trials)]
    mixture = choose_mixture(trials, chosen)
    if mixture is not None:
        names = name_by_size(divide_like(latent, mixture))
        return Division(names, 0.0, tried, mixture.stability)
    resolution = match_resolution(latent, neighbours, chosen.resolution, seed)
    return Division(find_domains(neighbours, resolution, seed), resolution, tried, chosen)


def choose_mixture(trials: list[Trial], communities: Stability) -> Trial | None:
    """Of the mixtures that halves agree on, and that say more than communities, the finest of those
    that are the most stable, or nearly so; None if there is none.

    Mixtures of one number and the next need not be parts of one another, so that a finer one may be
    stable beyond others that are not.
    """
    agreed = [
        each
        for each in trials
        if each.stability.agreement >= LEAST_AGREEMENT and says_more(each.stability, communities)
    ]
    most = max((each.stability.agreement for each in agreed), default=0.0)
    finest = [each for each in agreed if each.stability.agreement >= most - TOLERANCE]
    return finest[-1] if finest else None


def says_more(mixture: Stability, communities: Stability) -> bool:
    """Whether halves tell each other clearly more by a mixture than by communities, or more at all
    while they agree on it better."""
    better = mixture.agreement > communities.agreement + TOLERANCE
    return mixture.information > communities.information * (1.0 if better else LEAST_GAIN)
