"""One data set and one seed: fit without some sections, map them, compare with what is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
    judge_names,
    match_factors,
    overlap_neighbours,
    score_foresight,
    score_genes,
    score_intervals,
    score_names,
    tell_reliability,
)
from training.benchmark.mapping.fitted import Fitted, ask, fit_reference, project_as_asked
from training.benchmark.mapping.rivals import write_task
from training.benchmark.sets import DataSet
from training.projection import Projection, project_query
from training.store import Atlas

if TYPE_CHECKING:
    from anndata import AnnData

PANELS = (1000, 300, 100, 50)
"""Sizes of random panels of fitted genes, beside all genes."""


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
        Plain values: `sections`, `mapping` by panel size, `reliability` of
        annotations with all genes, `imputation` by row, `environment`.
    """
    division = divide(sorted(folder.glob("*.h5ad")), seed)
    report("fitting without " + ", ".join(division.queries))
    slices = write_reference(division, dataset, scratch / "reference")
    fitted = fit_reference(slices, scratch / "reference.atlas.zarr", seed, settings)
    report("fitting all")
    joint = fit_reference(folder, scratch / "joint.atlas.zarr", seed, settings).atlas
    report("mapping")
    generator = np.random.default_rng(seed)
    order = generator.permutation(np.sort(fitted.parameters.genes)).tolist()
    panels: dict[str, list[str] | None] = {"all": None}
    panels |= {str(size): order[:size] for size in PANELS if size < len(order)}
    mapped = {
        name: _map_sections(fitted, division, joint, dataset, panel, foreign)
        for name, panel in panels.items()
    }
    report("imputing")
    return {
        "sections": {name: query.n_obs for name, query in division.queries.items()},
        "mapping": {name: figures for name, (figures, _) in mapped.items()},
        "reliability": mapped["all"][1],
        "imputation": _impute_sections(fitted, division, seed),
        "environment": describe_environment(),
    }


def measure_imputation(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    settings: Sequence[str] = (),
    tasks: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """The imputation of `measure_mapping` alone, which needs no joint fit.

    Args:
        tasks: an existing folder for what rivals are asked, a file for each section.
    """
    division = divide(sorted(folder.glob("*.h5ad")), seed)
    report("fitting without " + ", ".join(division.queries))
    slices = write_reference(division, dataset, scratch / "reference")
    fitted = fit_reference(slices, scratch / "reference.atlas.zarr", seed, settings)
    report("imputing")
    return {
        "sections": {name: query.n_obs for name, query in division.queries.items()},
        "imputation": _impute_sections(fitted, division, seed, tasks),
        "environment": describe_environment(),
    }


def _map_sections(
    fitted: Fitted,
    division: Division,
    joint: Atlas,
    dataset: DataSet,
    panel: Sequence[str] | None,
    foreign: AnnData | None,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Means over left-out sections of what mapping with some genes gives, and its reliability."""
    each: list[dict[str, float]] = []
    own_scores, judged = [], []
    for section in division.queries.values():
        began = time.perf_counter()
        found = project_as_asked(fitted, ask(fitted, section, panel))
        figures = {"seconds": time.perf_counter() - began}
        if dataset.label in found.annotations:
            named = found.annotations[dataset.label]
            truth = section.obs[dataset.label].astype(object).tolist()
            judged.append(judge_names(named.names, named.probability, truth, dataset.drop))
        figures |= _compare(found, section, fitted.atlas, joint, str(section.obs["slice"].iloc[0]))
        figures |= _place(found, section, fitted.atlas)
        figures["false_alarms"] = float(found.out_of_reference.mean())
        own_scores.append(found.out_of_reference_score)
        each.append(figures)
    names = dict.fromkeys(key for figures in each for key in figures)
    means = {
        name: float(np.mean([figures[name] for figures in each if name in figures]))
        for name in names
    }
    reliability: dict[str, Any] = {}
    if judged:
        # Sections together: the error of few spots is mostly chance.
        promised, right = (np.concatenate(part) for part in zip(*judged, strict=True))
        means |= score_names(promised, right)
        reliability = tell_reliability(promised, right)
    if foreign is not None:
        try:
            stranger = project_as_asked(fitted, ask(fitted, foreign, panel))
        except ValueError:
            return means, reliability
        own = np.concatenate(own_scores)
        means["foreign_auroc"] = auroc(stranger.out_of_reference_score, own)
        means["foreign_flagged"] = float(stranger.out_of_reference.mean())
    return means, reliability


def _compare(
    found: Projection, section: AnnData, reference: Atlas, joint: Atlas, name: str
) -> dict[str, float]:
    """Agreement with the fit in which the section took part, over spots that both kept."""
    from sklearn.metrics import adjusted_rand_score

    place = place_spots(joint, name)
    names = [str(each) for each in section.obs_names]
    if len(set(names)) < len(names):
        return {}
    both = [row for row, spot in enumerate(names) if spot in place]
    if len(both) < 0.5 * len(names):
        return {}
    rows = np.array([place[names[row]] for row in both])
    domains = joint.obs("domain")[rows]
    factors = match_factors(found.proportions[both], joint.factors[rows])
    figures = {
        "joint_domains_ari": float(adjusted_rand_score(domains, found.domain[both])),
        "joint_factor_correlation": factors,
    }
    there = np.full(reference.n_spots, -1)
    for piece in reference.slices:
        known = place_spots(joint, piece.name)
        own = reference.obs("spot")[piece.start : piece.stop]
        there[piece.start : piece.stop] = [known.get(str(spot), -1) for spot in own]
    shared = np.flatnonzero(there >= 0)
    figures["joint_neighbour_overlap"], figures["overlap_by_chance"] = overlap_neighbours(
        found.latent[both],
        reference.latent[shared],
        joint.latent[rows],
        joint.latent[there[shared]],
    )
    return figures


def place_spots(atlas: Atlas, name: str) -> dict[str, int]:
    """Rows of a slice's spots by their names in its file; nothing where the atlas lacks it."""
    for piece in atlas.slices:
        if piece.name == name:
            spots = atlas.obs("spot")[piece.start : piece.stop]
            return {str(spot): row + piece.start for row, spot in enumerate(spots)}
    return {}


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


def _impute_sections(
    fitted: Fitted, division: Division, seed: int, tasks: Path | None = None
) -> dict[str, Any]:
    """Means over left-out sections, by row; what rivals are asked is written into `tasks`."""
    visible, hidden = hide_genes(division, seed)
    hidden = [gene for gene in hidden if fitted.atlas.resolve_gene(gene) == gene]
    found: dict[str, list[dict[str, float]]] = {}
    for title, section in division.queries.items():
        query = ask(fitted, section, visible)
        began = time.process_time()
        projection = project_query(fitted.atlas, fitted.parameters, query)
        mapped = time.process_time() - began
        asked = Asked(fitted.atlas, fitted.parameters, fitted.reference, query, projection, hidden)
        truth = log_expression(section, hidden)
        for name, row in ROWS.items():
            found.setdefault(name, []).append(score_genes(row(asked), truth))
        began = time.process_time()
        values, low, high, accuracies = ours(asked)
        seconds = mapped + time.process_time() - began
        promised = np.concatenate([each.pearson for each in accuracies])
        found.setdefault("ours", []).append(
            {
                **score_genes(values, truth),
                **score_intervals(low, high, truth),
                "foresight": score_foresight(promised, values, truth),
                "cpu_seconds": seconds,
            }
        )
        if tasks is not None:
            write_task(tasks, title, asked, truth)
    return {
        name: {key: float(np.mean([each[key] for each in rows])) for key in rows[0]}
        for name, rows in found.items()
    }
