"""A mapped section beside the fit in which it took part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.benchmark.mapping.figures import match_factors, overlap_neighbours
from training.mapping.projected import Projection
from training.store import Atlas

if TYPE_CHECKING:
    from anndata import AnnData

LEAST_SHARED = 0.5
"""Share of a section's spots that both must have kept."""


@dataclass(frozen=True)
class JointFit:
    """The fit of all slices beside the reference.

    Attributes:
        there: (reference spots,) their rows in the joint fit, -1 for those it did not keep.
        names: domain of the reference for each of the joint fit, that most of its spots are of.
        agreement: share of the reference's spots whose domains are one by `names`.
    """

    atlas: Atlas
    there: NDArray[np.int64]
    names: dict[str, str]
    agreement: float


def hold_beside(joint: Atlas, reference: Atlas) -> JointFit:
    """Match the spots of both fits, and their domains by these."""
    there = np.full(reference.n_spots, -1)
    for piece in reference.slices:
        known = place_spots(joint, piece.name)
        own = reference.obs("spot")[piece.start : piece.stop]
        there[piece.start : piece.stop] = [known.get(str(spot), -1) for spot in own]
    shared = np.flatnonzero(there >= 0)
    theirs, own = joint.obs("domain")[there[shared]], reference.obs("domain")[shared]
    names = {}
    for domain in np.unique(theirs):
        found, number = np.unique(own[theirs == domain], return_counts=True)
        names[str(domain)] = str(found[number.argmax()])
    same = [names[str(a)] == b for a, b in zip(theirs, own, strict=True)]
    return JointFit(joint, there, names, float(np.mean(same)))


def find_rows(joint: JointFit, section: AnnData) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spots of a section that the joint fit kept, and their rows there; nothing where it has too
    few of them, or where names do not tell spots apart."""
    place = place_spots(joint.atlas, str(section.obs["slice"].iloc[0]))
    names = [str(each) for each in section.obs_names]
    both = np.array([row for row, spot in enumerate(names) if spot in place], dtype=np.int64)
    if len(set(names)) < len(names) or len(both) < LEAST_SHARED * len(names):
        both = both[:0]
    return both, np.array([place[names[row]] for row in both], dtype=np.int64)


def compare(
    found: Projection, section: AnnData, reference: Atlas, joint: JointFit
) -> dict[str, float]:
    """Agreement of domains, factors and neighbours over spots that both kept."""
    from sklearn.metrics import adjusted_rand_score

    both, rows = find_rows(joint, section)
    if not len(both):
        return {}
    domains = joint.atlas.obs("domain")[rows]
    figures = {
        "joint_domains_ari": float(adjusted_rand_score(domains, found.domain[both])),
        "joint_factor_correlation": match_factors(
            found.proportions[both], joint.atlas.factors[rows]
        ),
    }
    shared = np.flatnonzero(joint.there >= 0)
    figures["joint_neighbour_overlap"], figures["overlap_by_chance"] = overlap_neighbours(
        found.latent[both],
        reference.latent[shared],
        joint.atlas.latent[rows],
        joint.atlas.latent[joint.there[shared]],
    )
    return figures


def judge_domains(
    found: Projection, section: AnnData, joint: JointFit
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Of spots that both kept: what was promised of the domain, and whether it is the joint fit's.

    Domains of two fits are not the same ones: a spot's true domain is the reference's that most
    spots of its joint one are of, so that no more than about `agreement` of them can come true.
    """
    both, rows = find_rows(joint, section)
    truth = [joint.names.get(str(name)) for name in joint.atlas.obs("domain")[rows]]
    right = [a == b for a, b in zip(found.domain[both].tolist(), truth, strict=True)]
    return found.domain_confidence[both], np.array(right, dtype=bool)


def place_spots(atlas: Atlas, name: str) -> dict[str, int]:
    """Rows of a slice's spots by their names in its file; nothing where the atlas lacks it."""
    for piece in atlas.slices:
        if piece.name == name:
            spots = atlas.obs("spot")[piece.start : piece.stop]
            return {str(spot): row + piece.start for row, spot in enumerate(spots)}
    return {}
