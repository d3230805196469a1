"""Mapping a query section onto a fitted reference: encoder and loadings stay frozen.

The query goes through the code and the stored parameters that prepared the reference. Its own
slice-gene effect gamma is estimated by Poisson regression on the reference's loadings, over
spatially pooled counts; that regression needs no gene but those the query has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.comparison.sums import leave_out_foreign, of_projection
from training.comparison.tables import compare_mapped, describe, foreign_note
from training.errors import AtlasError
from training.imputation.accuracy import Accuracy
from training.imputation.impute import Imputer, average, choose_panel, impute
from training.imputation.regression import QueryPanel
from training.mapping.classes import DOMAIN, name_spots, read_classes
from training.mapping.encoding.panelfactors import lean
from training.mapping.encoding.parameters import Parameters, unpack_model
from training.mapping.encoding.queryencoding import Encoded, encode_query
from training.mapping.familiarity import NEIGHBOURS, out_of_reference_score
from training.mapping.projected import Projection
from training.mapping.reading.genematching import missing_genes
from training.mapping.reading.measured import MeasuredGenes
from training.mapping.reading.query import LEAST_GENES, Query, drop_genes, read_query
from training.mapping.reference import of_atlas
from training.mapping.registering import register_query
from training.mapping.sectionrows import describe_sections
from training.mapping.staging.domainstages import DomainPlacing, place_domains
from training.mapping.staging.placement import place_stages, vote_on_stages
from training.mapping.verdict import judge_sections, tissue_sections
from training.neighbours.nearest import nearest
from training.processes.cores import do_both
from training.progress import InTurn, Progress, silent
from training.rehearsal.panelclasses import score
from training.rehearsal.rehearsal import Rehearsal, rehearse, weigh
from training.rehearsal.trust import Trust, learn_trust
from training.results import write_result
from training.store import Atlas, open_atlas

MISSING_TOLD = 20
"""Fitted genes that a query lacks and the report names, those first that factors load on most."""
NONE_LACKING = "no gene was imputed: the section measured every gene of the atlas"


def project(
    store: str | Path,
    query: Path,
    out: Path,
    *,
    genes: Sequence[str] = (),
    section_column: str = "",
    command: str = "",
    progress: Progress = silent,
) -> dict[str, Any]:
    """Map a query file onto an atlas and write the result; returns the report.

    Args:
        genes: reference genes to impute; ("all",) is every reference gene the query lacks. One
            that the query measured is imputed as if it had not, from its other genes.
        section_column: column of the query that tells its sections apart; "" looks for one, and
            "none" takes all spots as one section.
        command: that maps the same again, kept in the result.

    Raises:
        DataError: for a query that cannot be used; AtlasError for unknown genes.
    """
    progress("Checking the query", 0.0)
    atlas = open_atlas(store)
    parameters = unpack_model(atlas.model())
    section = read_query(query, atlas, parameters.genes, section_column)
    wanted = choose_imputed(atlas, section, genes)
    progress("Checking the query", 1.0, f"{len(section.obs):,} spots, {len(section.genes):,} genes")
    told = InTurn(progress)

    def rehearse_and_learn() -> tuple[Rehearsal, Trust]:
        rehearsal = rehearse_query(atlas, parameters, section, progress=told)
        return rehearsal, learn_trust(atlas, of_atlas(atlas), rehearsal)

    encoded, (rehearsal, trust) = do_both(
        lambda: encode_query(atlas.genes, parameters, section, told, regress=True),
        rehearse_and_learn,
    )
    projection = project_query(atlas, parameters, section, progress, trust, encoded)
    held = sorted(set(wanted) & set(rehearsal.panel), key=wanted.index)
    free = [gene for gene in wanted if gene not in set(held)]
    blocks = impute_query(atlas, parameters, section, projection, free, rehearsal)
    if held:
        others = impute_held_out(atlas, parameters, section, held, progress)
        blocks = chain(blocks, _moved(others, len(free)))
    mapped, foreign = leave_out_foreign(of_projection(section, projection, atlas))
    progress("Comparing and registering with the reference", 0.0)
    tables, registered = do_both(
        lambda: compare_mapped(mapped, atlas),
        lambda: register_query(
            atlas, section, projection.latent, projection.neighbours, projection.weights
        ),
    )
    projection.report["comparison"] = describe(mapped, tables)
    if foreign:
        projection.report["warnings"].append(foreign_note(foreign))
    if genes and not wanted:
        projection.report["warnings"].append(NONE_LACKING)
    projection.report["registration"] = {
        str(number): record for number, record in enumerate(registered.records)
    }
    progress("Comparing and registering with the reference", 1.0)
    if command:
        projection.report["command"] = command
    measured = MeasuredGenes(section, atlas.genes, parameters.rates, projection.proportions)
    write_result(
        out,
        section,
        projection,
        atlas,
        free + held,
        blocks,
        progress,
        tables,
        registered.positions,
        measured,
    )
    return projection.report


def rehearse_query(
    atlas: Atlas,
    parameters: Parameters,
    query: Query,
    *,
    without: Sequence[str] = (),
    progress: Progress = silent,
) -> Rehearsal:
    """The reference in the role of a query, with the query's genes but those in `without`.

    Raises:
        AtlasError: if too few fitted genes are left.
    """
    expected = dict(zip(atlas.genes, parameters.rates.sum(axis=0).tolist(), strict=True))
    asked = set(without)
    measured = [gene for gene in query.genes if gene not in asked]
    if len(set(measured) & set(parameters.genes)) < LEAST_GENES:
        raise AtlasError(
            f"cannot impute {len(asked):,} genes: the section measured them itself, and of the "
            f"fitted ones fewer than {LEAST_GENES} others; name fewer genes"
        )
    panel = choose_panel(measured, parameters.genes, expected)
    return rehearse(of_atlas(atlas), parameters, panel, regress=not asked, progress=progress)


def impute_query(
    atlas: Atlas,
    parameters: Parameters,
    query: Query,
    projection: Projection,
    genes: Sequence[str],
    rehearsal: Rehearsal,
) -> Iterator[tuple[slice, NDArray[np.float32], Accuracy]]:
    """Impute reference genes for a projected query, as `training.imputation.impute.impute` does.

    Args:
        rehearsal: of `rehearse_query` without `genes`.
    """
    if not genes:
        return
    yield from impute(
        Imputer(of_atlas(atlas), rehearsal, parameters.genes),
        genes,
        QueryPanel(query.counts_of(rehearsal.panel), query.slices),
        average(projection.neighbours, projection.weights, atlas.n_spots),
        query.slices,
    )


def impute_held_out(
    atlas: Atlas,
    parameters: Parameters,
    query: Query,
    genes: Sequence[str],
    progress: Progress = silent,
) -> Iterator[tuple[slice, NDArray[np.float32], Accuracy]]:
    """Impute genes that a query measured from its others alone.

    What a gene's own counts say of it is not what imputation could know: without them the query is
    encoded, its neighbours are found and the reference is rehearsed anew.

    Raises:
        AtlasError: if too few fitted genes are left.
    """
    rehearsal = rehearse_query(atlas, parameters, query, without=genes, progress=progress)
    rest = drop_genes(query, genes)
    projection = project_query(atlas, parameters, rest, progress)
    return impute_query(atlas, parameters, rest, projection, genes, rehearsal)


def _moved(
    blocks: Iterator[tuple[slice, NDArray[np.float32], Accuracy]], by: int
) -> Iterator[tuple[slice, NDArray[np.float32], Accuracy]]:
    """The blocks, placed so many genes further on."""
    for place, values, accuracy in blocks:
        yield slice(place.start + by, place.stop + by), values, accuracy


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
    atlas: Atlas,
    parameters: Parameters,
    query: Query,
    progress: Progress = silent,
    trust: Trust | None = None,
    encoded: Encoded | None = None,
) -> Projection:
    """Latent, factors, domain, stage and distance of every spot of a checked query.

    `encoded` is what `encode_query` makes of the query, where that is known already.
    Without `trust`, what a rehearsal with the query's genes taught, shares of votes stand for
    probabilities, and spots are out of reference beyond the distances of the fit.
    """
    encoded = encoded or encode_query(
        atlas.genes, parameters, query, progress, regress=trust is not None
    )
    latent = encoded.latent
    progress("Finding neighbours", 0.0)
    neighbours, distances = nearest(atlas.latent, NEIGHBOURS, 0, latent)
    weights = weigh(distances)
    calibrations = trust.classes if trust else {}
    scores = _score_classes(encoded.adjacency, query, trust) if trust else {}
    named = {
        name: name_spots(
            codes, categories, neighbours, weights, calibrations.get(name), scores.get(name)
        )
        for name, (codes, categories) in read_classes(atlas).items()
    }
    for each in named.values():
        each.probability[encoded.empty] = 0
    domain = named.pop(DOMAIN)
    placing = trust.placing if trust else None
    votes = vote_on_stages(atlas, neighbours, weights)
    trend = trust.trend if trust else None
    placed = place_stages(atlas, votes, query.slices, placing, trend, query.section_names)
    placed.probability[encoded.empty] = 0
    unlike = out_of_reference_score(
        distances.mean(axis=1),
        encoded.agreement,
        trust.distance if trust else parameters.distance,
        trust.agreement if trust else parameters.agreement,
    )
    unlike[encoded.empty] = 1e3
    progress("Finding neighbours", 1.0)
    foreign, partly = judge_sections(unlike > 1, query.slices, query.section_names)
    kept = tissue_sections(unlike > 1, query.slices)
    pooled, by_section, held_out = _place_domains(
        atlas, votes, domain.names, query, encoded.empty, kept, trust
    )
    missing = missing_genes(query.genes, atlas.genes, atlas.loadings)[:MISSING_TOLD]
    report: dict[str, Any] = {
        "n_spots": len(latent),
        "n_sections": query.n_sections,
        "section_column": query.section_column,
        **({"several_files": True} if query.several_files else {}),
        "n_genes": int(query.counts.shape[1]),
        "n_genes_matched": len(query.genes),
        "n_genes_fitted": len(parameters.genes),
        "n_fitted_genes_matched": len(set(query.genes) & set(parameters.genes)),
        "loading_share": _loading_share(parameters, query.genes),
        "names_found_in": query.convention,
        "missing_genes": [gene for gene, _ in missing],
        "missing_shares": [round(share, 5) for _, share in missing],
        "out_of_reference": float((unlike > 1).mean()),
        "verdict": foreign,
        "warnings": [
            *query.warnings,
            *(trust.notes() if trust else []),
            *partly,
            *placed.notes(kept),
        ],
        **placed.report(kept),
        "sections": describe_sections(query, unlike > 1, placed.sections, by_section),
    }
    if len(atlas.stages) > 1:
        report |= {"stage_by_domain": pooled, "stage_by_domain_held_out": held_out}
    if trust is not None:
        report["rehearsal"] = trust.report()
    return Projection(
        latent=latent,
        proportions=lean(encoded.proportions, encoded.regressed, trust.lean if trust else 0.0),
        effects=encoded.effects,
        neighbours=neighbours,
        weights=weights,
        domain=domain.names,
        domain_confidence=domain.probability,
        domain_probabilities=domain.probabilities,
        annotations=named,
        stage=placed.names,
        stage_confidence=placed.probability,
        out_of_reference=unlike > 1,
        out_of_reference_score=unlike,
        report=report,
    )


def _place_domains(
    atlas: Atlas,
    votes: NDArray[np.floating],
    domains: NDArray[np.str_],
    query: Query,
    empty: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    trust: Trust | None,
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Stages by domain: of the sections that are `kept` together, of each section by itself, and
    what they are worth; all {} for an atlas of one stage."""
    stages, slices = [stage.name for stage in atlas.stages], query.slices
    if len(stages) < 2:
        return {}, [{}] * query.n_sections, {}
    learnt = trust.by_domain if trust else DomainPlacing(None, None)

    def place(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        seen = chosen & ~empty
        return place_domains(votes[seen], domains[seen], slices[seen], stages, learnt)

    by_section = [place(slices == number) for number in range(query.n_sections)]
    return place(kept[slices]), by_section, learnt.report()


def _score_classes(
    adjacency: sparse.csr_matrix, query: Query, trust: Trust
) -> dict[str, NDArray[np.float32]]:
    """Scores (n, C) of domains and annotations by the query's genes."""
    counts = query.counts_of(trust.genes)
    found = score(counts, adjacency, query.slices, list(trust.coefficients.values()))
    return dict(zip(trust.coefficients, found, strict=True))


def _loading_share(parameters: Parameters, genes: Sequence[str]) -> float:
    """Share of all loading mass that the query's genes carry, 0..1."""
    measured = set(genes)
    seen = np.array([gene in measured for gene in parameters.genes])
    return round(float(parameters.loadings[:, seen].sum() / parameters.loadings.sum()), 4)
