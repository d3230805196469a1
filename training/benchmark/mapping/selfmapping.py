"""A slice of the reference as a query: does it come back as itself?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.benchmark.mapping.fitted import Fitted, ask, map_as_asked
from training.benchmark.mapping.joint import place_spots
from training.benchmark.mapping.registered import register, score_return
from training.imputation.accuracy import correlate

if TYPE_CHECKING:
    from anndata import AnnData


def return_slice(
    fitted: Fitted,
    section: AnnData,
    panels: Mapping[str, Sequence[str] | None],
    generator: np.random.Generator,
) -> dict[str, dict[str, float]]:
    """Map a slice that the reference was fitted with, turned and mirrored, once for each panel.

    Returns:
        by panel: `domains`, share of spots whose domain is the atlas's; `factor_correlation`, mean
        over factors that are present; `nearest_itself`, share of spots that are their own nearest;
        `out_of_reference`, share of spots; and what `score_return` says of the registration. {}
        where names do not tell spots apart.
    """
    name = str(section.obs["slice"].iloc[0])
    place = place_spots(fitted.atlas, name)
    section = section[[str(spot) in place for spot in section.obs_names]]
    if not len(place) or len(set(section.obs_names)) < section.n_obs:
        return {}
    rows = np.array([place[str(spot)] for spot in section.obs_names])
    turned = turn(section, generator)
    return {panel: _score(fitted, turned, name, rows, genes) for panel, genes in panels.items()}


def turn(section: AnnData, generator: np.random.Generator) -> AnnData:
    """The section, mirrored and turned by any angle about its centre."""
    turned = section.copy()
    positions = np.asarray(section.obsm["spatial"], dtype=np.float64)[:, :2]
    angle = generator.uniform(0, 2 * np.pi)
    motion = np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned.obsm["spatial"] = (positions - positions.mean(axis=0)) @ motion
    return turned


def _score(
    fitted: Fitted,
    turned: AnnData,
    name: str,
    rows: NDArray[np.intp],
    genes: Sequence[str] | None,
) -> dict[str, float]:
    atlas = fitted.atlas
    mapped = map_as_asked(fitted, ask(fitted, turned, genes))
    found = mapped.projection
    own, domains = atlas.factors[rows], atlas.obs("domain")[rows]
    used = own.mean(axis=0) > 0.2 / own.shape[1]
    correlation = correlate(found.proportions, own)
    figures = {
        "domains": float((found.domain == domains).mean()),
        "factor_correlation": float(correlation[used].mean()),
        "nearest_itself": float((found.neighbours[:, 0] == rows).mean()),
        "out_of_reference": float(found.out_of_reference.mean()),
    }
    return figures | score_return(register(fitted, mapped), name, atlas.coordinates()[rows])
