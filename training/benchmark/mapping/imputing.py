"""Hidden genes of left-out sections: how every row imputes them, and how few visible genes do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.benchmark.mapping.division import Division, hide_genes, log_expression
from training.benchmark.mapping.estimates import ROWS, Asked, ours
from training.benchmark.mapping.figures import (
    any_seen,
    score_foresight,
    score_genes,
    score_intervals,
)
from training.benchmark.mapping.fitted import Fitted, Mapped, ask
from training.benchmark.mapping.rivals import write_task
from training.projection import project_query

if TYPE_CHECKING:
    from anndata import AnnData

Figures = dict[str, float]

HIDDEN = 500
"""Genes at most that are hidden from every panel."""
LEAST_HIDDEN = 30
"""Fewer say little: a panel that leaves less is not scored."""


def impute_sections(
    fitted: Fitted, division: Division, seed: int, tasks: Path | None = None
) -> dict[str, Any]:
    """Hide half of the variable genes of each left-out section and impute them.

    Args:
        tasks: an existing folder for what rivals are asked, a file for each section.

    Returns:
        `imputation`, by row means over sections; `imputed sections`, by section the figures of
        ours.
    """
    visible, hidden = hide_genes(division, seed)
    each = {
        name: impute_section(fitted, name, section, visible, hidden, tasks)
        for name, section in division.queries.items()
    }
    return {
        "imputation": mean_rows(list(each.values())),
        "imputed sections": {name: rows["ours"] for name, rows in each.items()},
    }


def impute_section(
    fitted: Fitted,
    name: str,
    section: AnnData,
    visible: Sequence[str],
    hidden: Sequence[str],
    tasks: Path | None = None,
) -> dict[str, Figures]:
    """Figures of every row for hidden genes of a section of which `visible` ones are known."""
    hidden = [gene for gene in hidden if fitted.atlas.resolve_gene(gene) == gene]
    query = ask(fitted, section, visible)
    began = time.process_time()
    projection = project_query(fitted.atlas, fitted.parameters, query)
    seconds = time.process_time() - began
    asked = Asked(fitted.atlas, fitted.parameters, fitted.reference, query, projection, hidden)
    truth = log_expression(section, hidden)
    found = {row: score_genes(impute(asked), truth) for row, impute in ROWS.items()}
    began = time.process_time()
    values, low, high, accuracies = ours(asked)
    seconds += time.process_time() - began
    promised = np.concatenate([accuracy.pearson for accuracy in accuracies])
    found["ours"] = {
        **score_genes(values, truth),
        **score_intervals(low, high, truth),
        "foresight": score_foresight(promised, values, truth),
        "cpu_seconds": seconds,
    }
    if tasks is not None:
        write_task(tasks, name, asked, truth)
    return found


def mean_rows(each: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    """Means over sections of each row's figures."""
    return {row: mean_of([found[row] for found in each]) for row in each[0]} if each else {}


def mean_of(each: Sequence[Mapping[str, float]]) -> Figures:
    """Means of figures, each over those who have it."""
    names = dict.fromkeys(name for figures in each for name in figures)
    return {
        name: float(np.mean([figures[name] for figures in each if name in figures]))
        for name in names
    }


def hide_from_panels(order: Sequence[str], sizes: Sequence[int]) -> tuple[list[str], list[int]]:
    """Genes that no panel has, the same for all, and the sizes of panels that leave enough.

    Args:
        order: fitted genes, mixed; a panel is the first of them.
    """
    able = [size for size in sizes if len(order) - size >= LEAST_HIDDEN]
    return (list(order[max(able) :][:HIDDEN]), able) if able else ([], [])


def score_panel(fitted: Fitted, mapped: Mapped, section: AnnData, hidden: Sequence[str]) -> Figures:
    """How ours imputes genes that a mapped panel lacks; {} where hardly a spot has one of them."""
    hidden = [gene for gene in hidden if gene in section.var_names]
    truth: NDArray[np.floating] = log_expression(section, hidden)
    if not any_seen(truth):
        return {}
    asked = Asked(
        fitted.atlas,
        fitted.parameters,
        fitted.reference,
        mapped.query,
        mapped.projection,
        hidden,
    )
    values, low, high, _ = ours(replace(asked, rehearsal=mapped.rehearsal))
    return {
        **score_genes(values, truth),
        **score_intervals(low, high, truth),
        "hidden_genes": len(hidden),
    }
