"""The division of an atlas into domains, as its settings ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.downstream.domains import (
    Stability,
    choose_resolution,
    find_domains,
    match_resolution,
    measure_stability,
    name_by_size,
)
from training.downstream.mixture import divide_by_mixture, measure_mixture

if TYPE_CHECKING:
    from training.config import DomainConfig


@dataclass(frozen=True)
class Division:
    """Domain of each spot, and how they were found.

    Attributes:
        names: (n,) D1, D2, … by falling size.
        resolution: of Leiden's communities; 0 where a mixture of a given number was asked for.
        stability: what was tried, and how well it came back on halves of the spots; empty where
            the resolution was given.
    """

    names: list[str]
    resolution: float
    stability: list[Stability]

    @property
    def number(self) -> int:
        """Domains found; a mixture may leave some of those asked for empty."""
        return len(set(self.names))

    def told(self) -> str:
        """What a reader of the report is told."""
        if self.resolution:
            return f"{self.number} at resolution {self.resolution:g}"
        return (
            f"{self.number}, a Gaussian mixture of the number that was given "
            f"(agreement on halves of the spots {self.stability[0].agreement:.2f})"
        )


def divide_spots(
    latent: NDArray[np.floating],
    neighbours: NDArray[np.integer],
    settings: DomainConfig,
    seed: int,
) -> Division:
    """Divide spots into as many domains as asked for, or as come back on halves of them.

    Args:
        latent: (n, d).
        neighbours: (n, domains.neighbours + 1) nearest spots in it, the spot itself first.

    Raises:
        AtlasError: where more domains were asked for than spots can tell apart.
    """
    if settings.number:
        names = name_by_size(divide_by_mixture(latent, settings.number, seed))
        return Division(names, 0.0, [measure_mixture(latent, settings.number, seed)])
    resolution, stability = settings.resolution, []
    if not resolution:
        stability = measure_stability(latent, neighbours.shape[1], seed)
        resolution = match_resolution(latent, neighbours, choose_resolution(stability), seed)
    return Division(find_domains(neighbours, resolution, seed), resolution, stability)
