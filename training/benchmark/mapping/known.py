"""A mapped section beside what is known to be in it, where a simulation tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from training.benchmark.mapping.figures import match_factors
from training.benchmark.mapping.joint import JointFit, find_rows
from training.benchmark.sets import DataSet
from training.benchmark.truth import Truth, read_truth
from training.mapping.projected import Projection

if TYPE_CHECKING:
    from anndata import AnnData


def read_truths(
    dataset: DataSet, folder: Path, sections: Mapping[str, AnnData]
) -> dict[str, Truth]:
    """True proportions of the spots of each section; {} for a set of which nobody knows them."""
    found = {}
    for name, section in sections.items():
        spots = section[:, :].copy()
        spots.obs["spot"] = spots.obs_names.to_numpy()
        truth = read_truth(dataset, folder, spots)
        if truth is not None:
            found[name] = truth
    return found


def score_truth(
    found: Projection, section: AnnData, joint: JointFit, truth: Truth
) -> dict[str, float]:
    """Matched correlation of true proportions with those mapped, `true_factors`, and with those of
    the fit in which the section took part, `joint_true_factors`."""
    figures = {"true_factors": match_factors(found.proportions, truth.proportions)}
    both, rows = find_rows(joint, section)
    if len(both):
        figures["joint_true_factors"] = match_factors(
            joint.atlas.factors[rows], truth.proportions[both]
        )
    return figures
