"""One data set and one seed: fit without some sections, map them, compare with what is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from training.benchmark.environment import describe_environment
from training.benchmark.mapping.division import (
    Division,
    divide,
    hide_genes,
    log_expression,
    write_reference,
)
from training.benchmark.mapping.estimates import ROWS, Asked, ours
from training.benchmark.mapping.figures import (
    auroc,
    match_factors,
    score_foresight,
    score_genes,
    score_intervals,
    score_names,
)
from training.benchmark.sets import DataSet
from training.config import load_config
from training.fit import fit_atlas
from training.mapping.parameters import Parameters, unpack_model
from training.mapping.query import Query, make_query, match_genes
from training.projection import Projection, project_query, rehearse_query
from training.rehearsal.reference import ReferenceSpots, of_atlas
from training.rehearsal.trust import learn_trust
from training.store import Atlas, open_atlas

if TYPE_CHECKING:
    from anndata import AnnData

PANELS = (1000, 300, 100, 50)
"""Sizes of random panels of fitted genes, beside all genes."""


@dataclass(frozen=True)
class Fitted:
    """An open reference, taken apart."""

    atlas: Atlas
    parameters: Parameters
    reference: ReferenceSpots


def measure_mapping(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    settings: Sequence[str] = (),
    foreign: AnnData | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """All figures of a set with one seed, which chooses sections and genes and seeds the fits.

    Args:
        folder: the set's slices; scratch: an existing folder for references and stores.
        foreign: a section of another tissue.

    Returns:
        Plain values: `sections`, `mapping` by panel size, `imputation` by row, `environment`.
    """
    division = divide(sorted(folder.glob("*.h5ad")), seed)
    config = load_config(None, ["imputation.folds=0", *settings, f"train.seed={seed}"])
    report("fitting without " + ", ".join(division.queries))
    slices = write_reference(division, dataset, scratch / "reference")
    fit_atlas(slices, scratch / "reference.atlas.zarr", config)
    report("fitting all")
    fit_atlas(folder, scratch / "joint.atlas.zarr", config)
    fitted = _open(scratch / "reference.atlas.zarr")
    joint = open_atlas(scratch / "joint.atlas.zarr")
    report("mapping")
    generator = np.random.default_rng(seed)
    order = generator.permutation(np.sort(fitted.parameters.genes)).tolist()
    panels: dict[str, list[str] | None] = {"all": None}
    panels |= {str(size): order[:size] for size in PANELS if size < len(order)}
    mapping = {
        name: _map_sections(fitted, division, joint, dataset, panel, foreign)
        for name, panel in panels.items()
    }
    report("imputing")
    return {
        "sections": {name: query.n_obs for name, query in division.queries.items()},
        "mapping": mapping,
        "imputation": _impute_sections(fitted, division, seed),
        "environment": describe_environment(),
    }


def _open(store: Path) -> Fitted:
    atlas = open_atlas(store)
    return Fitted(atlas, unpack_model(atlas.model()), of_atlas(atlas))


def _ask(fitted: Fitted, section: AnnData, genes: Sequence[str] | None) -> Query:
    """A section as a query that measured `genes`, or all of its own."""
    own = section if genes is None else section[:, [g for g in genes if g in section.var_names]]
    return make_query(
        sparse.csr_matrix(own.X),
        own.obs[[]].copy(),
        own.var[[]].copy(),
        np.asarray(own.obsm["spatial"], dtype=np.float32)[:, :2],
        np.zeros(own.n_obs, dtype=np.int64),
        match_genes(own.var[[]], fitted.atlas),
        fitted.parameters.genes,
    )


def _project(fitted: Fitted, query: Query) -> Projection:
    """As `atlas project` does."""
    atlas, parameters = fitted.atlas, fitted.parameters
    rehearsal = rehearse_query(atlas, parameters, query)
    trust = learn_trust(atlas, fitted.reference, rehearsal)
    return project_query(atlas, parameters, query, trust=trust)


def _map_sections(
    fitted: Fitted,
    division: Division,
    joint: Atlas,
    dataset: DataSet,
    panel: Sequence[str] | None,
    foreign: AnnData | None,
) -> dict[str, Any]:
    """Means over left-out sections of what mapping with some genes gives."""
    each: list[dict[str, float]] = []
    own_scores = []
    for section in division.queries.values():
        began = time.perf_counter()
        found = _project(fitted, _ask(fitted, section, panel))
        figures = {"seconds": time.perf_counter() - began}
        if dataset.label in found.annotations:
            named = found.annotations[dataset.label]
            truth = section.obs[dataset.label].astype(object).tolist()
            figures |= score_names(named.names, named.probability, truth, dataset.drop)
        figures |= _compare(found, section, joint, str(section.obs["slice"].iloc[0]))
        figures |= _place(found, section, fitted.atlas)
        figures["false_alarms"] = float(found.out_of_reference.mean())
        own_scores.append(found.out_of_reference_score)
        each.append(figures)
    names = dict.fromkeys(key for figures in each for key in figures)
    means = {
        name: float(np.mean([figures[name] for figures in each if name in figures]))
        for name in names
    }
    if foreign is not None:
        try:
            stranger = _project(fitted, _ask(fitted, foreign, panel))
        except ValueError:
            return means
        own = np.concatenate(own_scores)
        means["foreign_auroc"] = auroc(stranger.out_of_reference_score, own)
        means["foreign_flagged"] = float(stranger.out_of_reference.mean())
    return means


def _compare(found: Projection, section: AnnData, joint: Atlas, name: str) -> dict[str, float]:
    """Agreement with the fit in which the section took part, over spots that both kept."""
    from sklearn.metrics import adjusted_rand_score

    piece = next((each for each in joint.slices if each.name == name), None)
    names = [str(each) for each in section.obs_names]
    if piece is None or len(set(names)) < len(names):
        return {}
    place = {
        str(spot): row + piece.start
        for row, spot in enumerate(joint.obs("spot")[piece.start : piece.stop])
    }
    both = [row for row, spot in enumerate(names) if spot in place]
    if len(both) < 0.5 * len(names):
        return {}
    rows = np.array([place[names[row]] for row in both])
    domains = joint.obs("domain")[rows]
    factors = match_factors(found.proportions[both], joint.factors[rows])
    return {
        "joint_domains_ari": float(adjusted_rand_score(domains, found.domain[both])),
        "joint_factor_correlation": factors,
    }


def _place(found: Projection, section: AnnData, atlas: Atlas) -> dict[str, float]:
    """Whether the stage is the section's own, and how far off its time is."""
    if len(atlas.stages) < 2:
        return {}
    posterior = found.report["stage_posterior"]
    stage = str(section.obs["stage"].iloc[0])
    figures = {"stage_right": float(max(posterior, key=posterior.get) == stage)}
    time_of = {each.name: each.time for each in atlas.stages}
    told, true = found.report.get("time"), time_of.get(stage)
    if told is not None and true is not None:
        figures["time_error"] = abs(told["estimate"] - true)
        figures["time_covered"] = float(told["low"] <= true <= told["high"])
    return figures


def _impute_sections(fitted: Fitted, division: Division, seed: int) -> dict[str, Any]:
    """Means over left-out sections, by row."""
    visible, hidden = hide_genes(division, seed)
    hidden = [gene for gene in hidden if fitted.atlas.resolve_gene(gene) == gene]
    found: dict[str, list[dict[str, float]]] = {}
    for section in division.queries.values():
        query = _ask(fitted, section, visible)
        projection = project_query(fitted.atlas, fitted.parameters, query)
        asked = Asked(fitted.atlas, fitted.parameters, fitted.reference, query, projection, hidden)
        truth = log_expression(section, hidden)
        for name, row in ROWS.items():
            found.setdefault(name, []).append(score_genes(row(asked), truth))
        values, low, high, accuracies = ours(asked)
        promised = np.concatenate([each.pearson for each in accuracies])
        found.setdefault("ours", []).append(
            {
                **score_genes(values, truth),
                **score_intervals(low, high, truth),
                "foresight": score_foresight(promised, values, truth),
            }
        )
    return {
        name: {key: float(np.mean([each[key] for each in rows])) for key in rows[0]}
        for name, rows in found.items()
    }
