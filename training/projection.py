"""Mapping a query section onto a fitted reference: encoder and loadings stay frozen.

The query goes through the code and the stored parameters that prepared the reference. Its own
slice-gene effect gamma is estimated by Poisson regression on the reference's loadings, over
spatially pooled counts; that regression needs no gene but those the query has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.downstream.neighbours import nearest
from training.errors import AtlasError
from training.imputation import impute
from training.mapping.familiarity import NEIGHBOURS, out_of_reference_score
from training.mapping.parameters import Parameters, unpack_model
from training.mapping.query import Query, read_query
from training.mapping.queryencoding import encode_query
from training.mapping.results import write_result
from training.progress import Progress, silent
from training.store import Atlas, open_atlas


@dataclass(frozen=True)
class Projection:
    """A query in the reference's terms; n query spots.

    Attributes:
        latent: (n, d); proportions: (n, K).
        effects: (sections, G) slice-gene effects, NaN for fitted genes not measured.
        neighbours, weights: (n, k) nearest reference spots and weights that sum to 1.
        domain, stage: names with their shares of votes (0..1) as confidence.
        out_of_reference_score: how far from the reference, or how unlike its own factors, a spot
            is; above 1 it is out of reference.
        report: counts of genes and spots, posterior over stages, warnings.
    """

    latent: NDArray[np.float32]
    proportions: NDArray[np.float32]
    effects: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    weights: NDArray[np.float32]
    domain: NDArray[np.str_]
    domain_confidence: NDArray[np.float32]
    stage: NDArray[np.str_]
    stage_confidence: NDArray[np.float32]
    out_of_reference: NDArray[np.bool_]
    out_of_reference_score: NDArray[np.float32]
    report: dict[str, Any]


def project(
    store: Path,
    query: Path,
    out: Path,
    *,
    genes: Sequence[str] = (),
    progress: Progress = silent,
) -> dict[str, Any]:
    """Map a query file onto an atlas and write the result; returns the report.

    Args:
        genes: reference genes to impute; ("all",) is every reference gene the query lacks.

    Raises:
        DataError: for a query that cannot be used; AtlasError for unknown genes.
    """
    progress("Checking the query", 0.0)
    atlas = open_atlas(store)
    parameters = unpack_model(atlas.model())
    section = read_query(query, atlas, parameters.genes)
    wanted = choose_imputed(atlas, section, genes)
    progress("Checking the query", 1.0, f"{len(section.obs):,} spots, {len(section.genes):,} genes")
    projection = project_query(atlas, parameters, section, progress)
    blocks: Iterator[tuple[slice, NDArray[np.float32]]] = impute(
        atlas,
        wanted,
        projection.neighbours,
        projection.weights,
        projection.proportions,
        parameters.rates,
    )
    write_result(out, section, projection, atlas, wanted, blocks, progress)
    return projection.report


def choose_imputed(atlas: Atlas, query: Query, genes: Sequence[str]) -> list[str]:
    """Atlas names of the genes to impute, in order, once each.

    Raises:
        AtlasError: naming the genes that the atlas does not have.
    """
    if list(genes) == ["all"]:
        measured = set(query.genes)
        return [gene for gene in atlas.genes if gene not in measured]
    found = {name: atlas.resolve_gene(name) for name in genes}
    unknown = [name for name, gene in found.items() if gene is None]
    if unknown:
        near = [hit.name for hit in atlas.find_genes(unknown[0][:2], limit=5)]
        hint = f"; the atlas has, for instance, {', '.join(near)}" if near else ""
        raise AtlasError(f"cannot impute {', '.join(unknown[:5])}: not in the atlas{hint}")
    return list(dict.fromkeys(gene for gene in found.values() if gene is not None))


def project_query(
    atlas: Atlas, parameters: Parameters, query: Query, progress: Progress = silent
) -> Projection:
    """Latent, factors, domain, stage and distance of every spot of a checked query."""
    progress("Encoding", 0.0)
    encoded = encode_query(atlas.genes, parameters, query, progress)
    latent, agreements = encoded.latent, encoded.agreement
    progress("Finding neighbours", 0.0)
    neighbours, distances = nearest(atlas.latent, NEIGHBOURS, 0, latent)
    bandwidth = np.maximum(distances[:, -1:], 1e-6)
    weights = np.exp(-((distances / bandwidth) ** 2))
    weights /= weights.sum(axis=1, keepdims=True)
    domain, domain_confidence, _ = _vote(atlas.obs("domain"), neighbours, weights)
    stage, stage_confidence, posterior = _place_stage(atlas, neighbours, weights, query.slices)
    score = out_of_reference_score(
        distances.mean(axis=1), agreements, parameters.distance, parameters.agreement
    )
    score[encoded.empty] = 1e3
    domain_confidence[encoded.empty] = 0
    stage_confidence[encoded.empty] = 0
    progress("Finding neighbours", 1.0)
    report = {
        "n_spots": len(latent),
        "n_sections": int(query.slices.max()) + 1,
        "n_genes": int(query.counts.shape[1]),
        "n_genes_matched": len(query.genes),
        "n_genes_fitted": len(parameters.genes),
        "n_fitted_genes_matched": len(set(query.genes) & set(parameters.genes)),
        "loading_share": _loading_share(parameters, query.genes),
        "names_found_in": query.convention,
        "out_of_reference": float((score > 1).mean()),
        "stage_posterior": posterior,
        "warnings": query.warnings,
    }
    return Projection(
        latent=latent,
        proportions=encoded.proportions,
        effects=encoded.effects,
        neighbours=neighbours,
        weights=weights.astype(np.float32),
        domain=domain,
        domain_confidence=domain_confidence,
        stage=stage,
        stage_confidence=stage_confidence,
        out_of_reference=score > 1,
        out_of_reference_score=score,
        report=report,
    )


def _vote(
    names: NDArray[Any], neighbours: NDArray[np.int64], weights: NDArray[np.floating]
) -> tuple[NDArray[np.str_], NDArray[np.float32], NDArray[np.float32]]:
    """The name with the largest share of neighbours' votes, that share, and all shares (n, C)."""
    categories, codes = np.unique(names.astype(str), return_inverse=True)
    shares = np.zeros((len(neighbours), len(categories)), dtype=np.float32)
    rows = np.arange(len(neighbours))
    for column in range(neighbours.shape[1]):
        np.add.at(shares, (rows, codes[neighbours[:, column]]), weights[:, column])
    winner = shares.argmax(axis=1)
    return categories[winner], shares[rows, winner], shares


def _place_stage(
    atlas: Atlas,
    neighbours: NDArray[np.int64],
    weights: NDArray[np.floating],
    slices: NDArray[np.int64],
) -> tuple[NDArray[np.str_], NDArray[np.float32], dict[str, float]]:
    """Stage of each spot: its own votes times those of its whole section.

    The latent mixes stages on purpose, so that a single spot says little about its age; a section
    has one age, and all its spots vote on it. Votes are weighed against the stages' sizes.
    """
    stage_names = [stage.name for stage in atlas.stages]
    names = atlas.obs("stage").astype(str)
    _, _, votes = _vote(names, neighbours, weights)
    categories = np.unique(names)
    sizes = np.array([(names == name).mean() for name in categories])
    lift = votes / sizes
    lift /= np.maximum(lift.sum(axis=1, keepdims=True), 1e-9)
    shares = np.empty_like(lift)
    overall = np.zeros(len(categories))
    for index in np.unique(slices):
        inside = slices == index
        section = lift[inside].mean(axis=0)
        overall += section * inside.mean()
        joint = (lift[inside] + 0.05) * section**2
        shares[inside] = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-9)
    winner = shares.argmax(axis=1)
    confidence = shares[np.arange(len(shares)), winner].astype(np.float32)
    by_name = dict(zip(categories.tolist(), overall.tolist(), strict=True))
    posterior = {name: round(by_name.get(name, 0.0), 4) for name in stage_names}
    return categories[winner], confidence, posterior


def _loading_share(parameters: Parameters, genes: Sequence[str]) -> float:
    """Share of all loading mass that the query's genes carry, 0..1."""
    measured = set(genes)
    seen = np.array([gene in measured for gene in parameters.genes])
    return round(float(parameters.loadings[:, seen].sum() / parameters.loadings.sum()), 4)
