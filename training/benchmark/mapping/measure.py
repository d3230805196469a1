"""One data set and one seed: fit without some sections, map them, compare with what is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.benchmark.environment import describe_environment
from training.benchmark.mapping.approaches import compare_approaches
from training.benchmark.mapping.division import Division, divide, write_reference
from training.benchmark.mapping.figures import (
    auroc,
    judge_names,
    score_names,
    tell_reliability,
)
from training.benchmark.mapping.fitted import (
    Fitted,
    ask,
    fit_reference,
    map_as_asked,
    project_as_asked,
)
from training.benchmark.mapping.imputing import (
    hide_from_panels,
    impute_sections,
    mean_of,
    score_panel,
)
from training.benchmark.mapping.joint import JointFit, compare, hold_beside, judge_domains
from training.benchmark.mapping.known import read_truths, score_truth
from training.benchmark.mapping.registered import score_registration
from training.benchmark.mapping.selfmapping import return_slice
from training.benchmark.sets import DataSet
from training.benchmark.truth import Truth
from training.mapping.projected import Projection
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
        Plain values: `sections`; by panel size `mapping`, `domains`, `registration`, `imputation by
        panel`, and `itself`, a slice of the reference mapped back; by approach and panel size
        `approaches`; with all genes `reliability` of
        annotations and `domain reliability`; what `impute_sections` returns; `environment`.
    """
    import anndata as ad

    division = divide(sorted(folder.glob("*.h5ad")), seed)
    report("fitting without " + ", ".join(division.queries))
    slices = write_reference(division, dataset, scratch / "reference")
    fitted = fit_reference(slices, scratch / "reference.atlas.zarr", seed, settings)
    report("fitting all")
    whole = fit_reference(folder, scratch / "joint.atlas.zarr", seed, settings).atlas
    joint = hold_beside(whole, fitted.atlas)
    report("mapping")
    generator = np.random.default_rng(seed)
    order = generator.permutation(np.sort(fitted.parameters.genes)).tolist()
    panels: dict[str, list[str] | None] = {"all": None}
    panels |= {str(size): order[:size] for size in PANELS if size < len(order)}
    hidden, sizes = hide_from_panels(order, [size for size in PANELS if size < len(order)])
    truths = read_truths(dataset, folder, division.queries)
    parts: dict[str, dict[str, Any]] = {}
    for name, panel in panels.items():
        found = _map_sections(
            fitted,
            division,
            joint,
            dataset,
            panel,
            hidden if name in map(str, sizes) else [],
            foreign,
            truths,
        )
        for part in ("reliability", "domain reliability"):
            bins = found.pop(part)
            if name == "all":
                parts[part] = bins
        approaches = found.pop("approaches")
        parts.setdefault("approaches", {}).update(
            {f"{each}, {name}": figures for each, figures in approaches.items()}
        )
        for part, figures in found.items():
            parts.setdefault(part, {}).update({name: figures} if figures else {})
    report("mapping a slice of the reference")
    again = division.reference[int(generator.integers(len(division.reference)))]
    parts["itself"] = return_slice(fitted, ad.read_h5ad(again), panels, generator)
    report("imputing")
    return {
        "sections": {name: query.n_obs for name, query in division.queries.items()},
        **parts,
        **impute_sections(fitted, division, seed),
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
    """What `impute_sections` returns, which needs no joint fit.

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
        **impute_sections(fitted, division, seed, tasks),
        "environment": describe_environment(),
    }


def _map_sections(
    fitted: Fitted,
    division: Division,
    joint: JointFit,
    dataset: DataSet,
    panel: Sequence[str] | None,
    hidden: Sequence[str],
    foreign: AnnData | None,
    truths: Mapping[str, Truth],
) -> dict[str, Any]:
    """What mapping left-out sections with some genes gives, by part; means over sections, and of
    probabilities all their spots together: the error of few spots is mostly chance."""
    each: list[dict[str, float]] = []
    registered, imputed = [], []
    approaches: dict[str, list[dict[str, float]]] = {}
    own_scores, names, domains = [], [], []
    for section_name, section in division.queries.items():
        began = time.perf_counter()
        mapped = map_as_asked(fitted, ask(fitted, section, panel))
        figures = {"seconds": time.perf_counter() - began}
        found = mapped.projection
        if dataset.label in found.annotations:
            named = found.annotations[dataset.label]
            truth = section.obs[dataset.label].astype(object).tolist()
            names.append(judge_names(named.names, named.probability, truth, dataset.drop))
        domains.append(judge_domains(found, section, joint))
        figures |= compare(found, section, fitted.atlas, joint)
        if section_name in truths:
            figures |= score_truth(found, section, joint, truths[section_name])
        figures |= _place(found, section, fitted.atlas)
        figures["false_alarms"] = float(found.out_of_reference.mean())
        own_scores.append(found.out_of_reference_score)
        each.append(figures)
        for name, told in compare_approaches(fitted, mapped, section, joint).items():
            approaches.setdefault(name, []).append(told)
        registered.append(score_registration(fitted, mapped, section, joint))
        imputed.append(score_panel(fitted, mapped, section, hidden) if hidden else {})
    means = mean_of(each)
    parts = {"registration": mean_of(registered), "imputation by panel": mean_of(imputed)}
    parts["domains"], domain_bins = _judge(domains)
    if parts["domains"]:
        parts["domains"]["fits_agree"] = joint.agreement
    labels, bins = _judge(names)
    means |= labels
    if foreign is not None:
        means |= _score_foreign(fitted, foreign, panel, np.concatenate(own_scores))
    return {
        "mapping": means,
        **parts,
        "approaches": {name: mean_of(told) for name, told in approaches.items()},
        "reliability": bins,
        "domain reliability": domain_bins,
    }


def _judge(judged: Sequence[tuple[Any, Any]]) -> tuple[dict[str, float], dict[str, Any]]:
    """Figures and reliability of promises and what came true, of sections together."""
    if not judged:
        return {}, {}
    promised, right = (np.concatenate(part) for part in zip(*judged, strict=True))
    return score_names(promised, right), tell_reliability(promised, right)


def _score_foreign(
    fitted: Fitted, foreign: AnnData, panel: Sequence[str] | None, own: np.ndarray
) -> dict[str, float]:
    """How a section of another tissue is told from spots scored `own`; {} with too few genes."""
    try:
        stranger = project_as_asked(fitted, ask(fitted, foreign, panel))
    except ValueError:
        return {}
    return {
        "foreign_auroc": auroc(stranger.out_of_reference_score, own),
        "foreign_flagged": float(stranger.out_of_reference.mean()),
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
