"""A query laid onto the reference slice that it resembles most.

What registers the slices of an atlas registers a query too: spots that are mutually near in the
latent are matched, and a rigid motion, mirrored where that fits better, is fitted to most of them.
Nothing is bent, and nothing scaled unless grids of spots show that units differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from training.alignment.placing import Placement, place_slice
from training.mapping.reading.query import Query
from training.mapping.reference import of_atlas
from training.metrics.registration import best_correlations, registration_score
from training.store import Atlas, SliceInfo

CANDIDATES = 3
"""Reference slices that a section is matched with: those that most of its neighbours are from."""
SCORED = 1_000
"""Spots of a section at most that the registration score is taken over."""


@dataclass(frozen=True)
class RegisteredQuery:
    """A query's n spots in the coordinates of reference slices, section by section.

    Attributes:
        positions: (n, 2) float32; NaN in sections that were not registered.
        records: for each section what `describe` says.
    """

    positions: NDArray[np.float32]
    records: list[dict[str, Any]]


def register_query(
    atlas: Atlas,
    query: Query,
    latent: NDArray[np.floating],
    neighbours: NDArray[np.integer],
    weights: NDArray[np.floating],
) -> RegisteredQuery:
    """Register each section of a query with one slice of the atlas.

    Args:
        latent: (n, d) of the query; neighbours, weights: (n, k) reference spots near it.
    """
    positions = np.full((len(query.obs), 2), np.nan, dtype=np.float32)
    records = []
    owner = np.repeat(np.arange(len(atlas.slices)), [info.n_spots for info in atlas.slices])
    for section, name in enumerate(query.section_names):
        own = np.flatnonzero(query.slices == section)
        likest = rank_slices(atlas.slices, owner, neighbours[own], weights[own])[:CANDIDATES]
        spatial = atlas.coordinates()
        hosts = [(number, *_host(atlas, spatial, atlas.slices[number])) for number in likest]
        placed = place_slice(query.positions[own], latent[own], hosts)
        score = None
        if placed is not None:
            positions[own] = placed.motion.apply(query.positions[own])
            score = score_section(atlas, query, own, positions[own], atlas.slices[placed.host])
        record = describe(name, placed, atlas.slices, likest, score) | {"n_spots": len(own)}
        if placed is not None:
            frame = hosts[likest.index(placed.host)][1]
            record["spacing"] = round(measure_spacing(frame), 4)
            usual = usual_score(atlas, record["reference"])
            record |= {} if usual is None else {"usual_score": usual}
        records.append(record)
    return RegisteredQuery(positions, records)


def rank_slices(
    slices: list[SliceInfo],
    owner: NDArray[np.integer],
    neighbours: NDArray[np.integer],
    weights: NDArray[np.floating],
) -> list[int]:
    """Numbers of slices, those first that have most of the neighbours (m, k) for their size.

    Args:
        owner: (reference spots,) number of the slice of each.
    """
    votes = np.bincount(owner[neighbours].ravel(), weights.ravel(), minlength=len(slices))
    share = votes / np.maximum([info.n_spots for info in slices], 1)
    return [int(number) for number in np.argsort(-share, kind="stable")]


def measure_spacing(positions: NDArray[np.floating]) -> float:
    """Median distance of a slice's spots (n, 2) to the nearest other one."""
    return float(np.median(cKDTree(positions).query(positions, k=2)[0][:, 1]))


def usual_score(atlas: Atlas, name: str) -> float | None:
    """The registration score of a slice within the atlas; None where the card has none."""
    for record in atlas.card.get("alignment") or []:
        if record.get("slice") == name and record.get("score") is not None:
            return float(record["score"])
    return None


def score_section(
    atlas: Atlas,
    query: Query,
    own: NDArray[np.integer],
    registered: NDArray[np.floating],
    info: SliceInfo,
) -> float | None:
    """Mean best Pearson correlation of a spot with the 6 nearest of the reference slice, over the
    fitted genes that both measured; None where it is not defined."""
    fitted = ~np.isnan(atlas.loadings).all(axis=1)
    if atlas.measured is not None:
        fitted = fitted & atlas.measured[:, atlas.slices.index(info)]
    wanted = {gene for gene, known in zip(atlas.genes, fitted, strict=True) if known}
    shared = [
        (gene, c) for gene, c in zip(query.genes, query.columns, strict=True) if gene in wanted
    ]
    if len(shared) < 2:
        return None
    some = np.arange(len(own))[:: -(-len(own) // SCORED)]
    rows = np.arange(info.start, info.stop)
    reference = of_atlas(atlas).read_rows([gene for gene, _ in shared], rows)
    asked = query.counts[own[some]][:, [column for _, column in shared]]
    best = best_correlations(
        _logs(asked),
        registered[some],
        _logs(reference),
        atlas.coordinates()[info.start : info.stop],
    )
    return registration_score(best)


def describe(
    name: str,
    placed: Placement | None,
    slices: list[SliceInfo],
    likest: list[int],
    score: float | None,
) -> dict[str, Any]:
    """What the report says of a section: 'section', 'registered' and 'reference', the slice; where
    it was registered also the motion (registered = scale * R(rotation) M x + shift, M turning the
    sign of x where 'reflected'), 'matches', 'inliers', 'residual' (median distance of the inliers
    in units of the reference) and 'score'. `register_query` adds 'n_spots', 'spacing', the distance
    of neighbouring spots of the slice, and 'usual_score', the slice's own within the atlas."""
    if placed is None:
        return {"section": name, "registered": False, "reference": slices[likest[0]].name}
    motion = placed.motion
    told: dict[str, Any] = {
        "section": name,
        "registered": True,
        "reference": slices[placed.host].name,
        # Adding 0 turns minus nil into nil.
        "rotation": round(motion.motion.degrees, 2) + 0.0,
        "reflected": motion.motion.reflected,
        "scale": round(motion.scale, 5),
        "shift": [round(float(value), 3) for value in motion.motion.shift],
        "matches": motion.matches,
        "inliers": motion.inliers,
        "residual": round(motion.residual, 4),
    }
    return told | ({} if score is None else {"score": round(score, 4)})


def _host(
    atlas: Atlas, spatial: NDArray[np.floating], info: SliceInfo
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    rows = slice(info.start, info.stop)
    return spatial[rows], atlas.latent[rows]


def _logs(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """log1p counts per 10,000 of these genes."""
    totals = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    scaled = sparse.diags(1e4 / np.maximum(totals, 1.0)) @ counts
    return sparse.csr_matrix(scaled).log1p()
