"""Mapping a query section onto a fitted reference: encoder and loadings stay frozen.

The query goes through the code and the stored parameters that prepared the reference. Its own
slice-gene effect gamma is estimated by Poisson regression on the reference's loadings, over
spatially pooled counts; genes it did not measure are filled in from the same regression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.correction import correct
from training.errors import AtlasError
from training.familiarity import NEIGHBOURS, agreement, out_of_reference_score
from training.graph import choose_radius, normalise_adjacency, radius_graph
from training.imputation import impute
from training.neighbours import nearest
from training.parameters import Parameters, unpack_model
from training.preprocess import normalise
from training.progress import Progress, silent
from training.query import Query, read_query
from training.reference import compose
from training.results import write_result
from training.store import Atlas, open_atlas

BLOCK = 4096


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


@dataclass(frozen=True)
class Encoded:
    """A query through the frozen encoder and loadings.

    Attributes:
        latent: (n, d); proportions: (n, K).
        agreement: (n,) correlation of measured with decoded expression.
        empty: (n,) spots without a count of a fitted gene.
        effects: (sections, G) slice-gene effects, NaN for fitted genes not measured.
    """

    latent: NDArray[np.float32]
    proportions: NDArray[np.float32]
    agreement: NDArray[np.float32]
    empty: NDArray[np.bool_]
    effects: NDArray[np.float32]


def encode_query(
    genes: Sequence[str], parameters: Parameters, query: Query, progress: Progress = silent
) -> Encoded:
    """Latent and factors of every spot of a query. `genes` are all those of the reference."""
    import torch

    from training.factorise import decode
    from training.features import arrange_features
    from training.networks import encode
    from training.tensors import to_tensor

    settings = parameters.config
    fitted = {gene: index for index, gene in enumerate(parameters.genes)}
    pairs = [
        (fitted[gene], column)
        for gene, column in zip(query.genes, query.columns, strict=True)
        if gene in fitted
    ]
    visible = np.array([index for index, _ in pairs])
    counts = query.counts[:, [column for _, column in pairs]]
    empty = np.diff(counts.indptr) == 0
    slices = query.slices
    generator = np.random.default_rng(0)
    radii = (
        np.full(int(slices.max()) + 1, float(settings["radius"]))
        if settings["radius"] > 0
        else choose_radius(query.positions, slices, settings["neighbours"], generator)
    )
    adjacency = radius_graph(query.positions, slices, radii)
    loadings = to_tensor(parameters.start[:, visible].copy())
    index = to_tensor(slices)
    n_sections = int(slices.max()) + 1
    flat = torch.zeros(n_sections, len(visible))
    pooled = to_tensor((adjacency @ counts).toarray().astype(np.float32))
    amounts, effects = decode(
        pooled,
        index,
        loadings,
        flat,
        estimate_effects=len(query.obs) >= 20,
        prior=float(settings["prior"]),
    )
    progress("Encoding", 0.4)
    known = parameters.start[:, visible].copy()
    composition = compose(counts, slices, normalise_adjacency(adjacency), known, effects.numpy())
    if parameters.correction is not None:
        composition = correct(parameters.correction, composition, slices)
    expression = counts
    if not parameters.encoding.composed:
        totals = _totals(genes, parameters, query, amounts.numpy())
        # The paper's encoder is fed plain expression, of the reference and so of a query.
        taken_off = torch.zeros_like(effects) if parameters.encoding.paper else effects
        expression = normalise(counts, totals, settings["target_sum"], taken_off.numpy(), slices)
        expression = _fill(expression, visible, amounts.numpy(), parameters, settings["target_sum"])
    features = arrange_features(
        parameters.encoding,
        expression,
        expression,
        adjacency,
        composition,
        slices,
        parameters.scaling,
    )
    encoder = parameters.build_encoder()
    latents, proportions = [], []
    with torch.no_grad():
        for start in range(0, len(slices), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(slices)))
            latent = encode(encoder, features.gather(rows, torch.device("cpu"), hops=1))
            latents.append(latent.numpy())
            proportions.append(parameters.proportions(latent).numpy())
            progress("Encoding", 0.4 + 0.6 * (start + len(rows)) / len(slices))
    found = np.concatenate(proportions)
    agreements = agreement(pooled.numpy(), adjacency @ found, parameters.loadings[:, visible])
    own_effects = np.full((n_sections, len(parameters.genes)), np.nan, dtype=np.float32)
    own_effects[:, visible] = effects.numpy()
    return Encoded(np.concatenate(latents), found, agreements, empty, own_effects)


def _totals(
    genes: Sequence[str], parameters: Parameters, query: Query, amounts: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Counts each spot would have over all reference genes, so that depth means the same.

    A panel sees a share of them; the factors of the neighbourhood say which share.
    """
    measured = np.asarray(query.counts[:, query.columns].sum(axis=1)).ravel()
    position = {gene: index for index, gene in enumerate(genes)}
    columns = [position[gene] for gene in query.genes]
    share = (amounts @ parameters.rates[:, columns].sum(axis=1) + 1e-9) / (
        amounts @ parameters.rates.sum(axis=1) + 1e-9
    )
    return (measured / np.clip(share, 1e-6, 1.0)).astype(np.float32)


def _fill(
    expression: sparse.csr_matrix,
    visible: NDArray[np.intp],
    amounts: NDArray[np.floating],
    parameters: Parameters,
    target_sum: float,
) -> sparse.csr_matrix:
    """Expression over all fitted genes (n, G); missing genes get what the factors expect."""
    n, n_genes = expression.shape[0], len(parameters.genes)
    if len(visible) == n_genes:
        order = np.argsort(visible)
        return sparse.csr_matrix(expression[:, order])
    missing = np.setdiff1d(np.arange(n_genes), visible)
    total = np.maximum(amounts @ parameters.rates.sum(axis=1), 1e-9)
    expected = np.log1p(target_sum * (amounts @ parameters.loadings[:, missing]) / total[:, None])
    columns = np.concatenate([visible, missing])
    joined = sparse.hstack([expression, sparse.csr_matrix(expected.astype(np.float32))]).tocsc()
    return sparse.csr_matrix(joined[:, np.argsort(columns)], shape=(n, n_genes))


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
