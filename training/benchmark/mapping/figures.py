"""Figures of mapped sections against what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from training.imputation.accuracy import correlate
from training.mapping.votes import BINS, calibration_error, error_by_chance
from training.metrics.truth import matched_correlation
from training.neighbours.nearest import nearest

OVERLAP = 50
"""Nearest reference spots that are compared with those of a joint fit."""
SEEN_IN = 0.05
"""Share of a section's spots that must have a gene for it to be scored."""


def any_seen(truth: NDArray[np.floating]) -> bool:
    """Whether a gene is seen in enough spots to be scored."""
    return bool(((truth > 0).mean(axis=0) >= SEEN_IN).any())


def score_genes(imputed: NDArray[np.floating], truth: NDArray[np.floating]) -> dict[str, float]:
    """Medians over genes that are seen in enough spots: Pearson, Spearman, RMSE."""
    seen = np.flatnonzero((truth > 0).mean(axis=0) >= SEEN_IN)
    found, known = imputed[:, seen], truth[:, seen]
    ranks = rankdata(found, axis=0), rankdata(known, axis=0)
    return {
        "pearson": float(np.median(correlate(found, known))),
        "spearman": float(np.median(correlate(*ranks))),
        "rmse": float(np.median(np.sqrt(((found - known) ** 2).mean(axis=0)))),
    }


def score_intervals(
    low: NDArray[np.floating], high: NDArray[np.floating], truth: NDArray[np.floating]
) -> dict[str, float]:
    """Coverage over spots of a gene: mean over genes, 5th and 95th percentile."""
    bounded = np.isfinite(low).all(axis=0) & np.isfinite(high).all(axis=0)
    inside = (truth >= low) & (truth <= high)
    coverage = inside.mean(axis=0)[bounded]
    return {
        "coverage": float(coverage.mean()),
        "coverage_p5": float(np.quantile(coverage, 0.05)),
        "coverage_p95": float(np.quantile(coverage, 0.95)),
    }


def score_foresight(
    promised: NDArray[np.floating],
    imputed: NDArray[np.floating],
    truth: NDArray[np.floating],
) -> float:
    """Correlation over genes of the accuracy told beforehand with the one that came true."""
    seen = (truth > 0).mean(axis=0) >= SEEN_IN
    came = correlate(imputed, truth)
    both = seen & np.isfinite(promised)
    return float(np.corrcoef(promised[both], came[both])[0, 1])


def judge_names(
    names: NDArray[np.str_],
    probability: NDArray[np.floating],
    truth: Sequence[str | None],
    drop: Sequence[str],
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Of the labelled spots: what was promised, and whether the name is right."""
    known = np.array([name is not None and name == name and name not in drop for name in truth])
    right = names[known] == np.asarray(truth, dtype=object)[known].astype(str)
    return probability[known], np.asarray(right, dtype=bool)


def score_names(promised: NDArray[np.floating], right: NDArray[np.bool_]) -> dict[str, float]:
    """Share of spots (n,) whose name is right, and how far from it the promises are.

    `calibration_error` beside `calibration_by_chance`, what it would be of promises that are
    exactly right; `overconfidence`, what was promised less what came true, over all spots.
    """
    if not len(right):
        return {}
    return {
        "accuracy": float(right.mean()),
        "calibration_error": calibration_error(promised, right),
        "calibration_by_chance": error_by_chance(promised),
        "overconfidence": float(promised.mean() - right.mean()),
        "n_labelled": len(right),
    }


def tell_reliability(
    promised: NDArray[np.floating], right: NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    """By bins of promises: mean promise, share that came true, spots."""
    place = np.minimum((promised * BINS).astype(np.int64), BINS - 1)
    return {
        f"{index / BINS:.1f} to {(index + 1) / BINS:.1f}": {
            "promised": float(promised[place == index].mean()),
            "came_true": float(right[place == index].mean()),
            "spots": int((place == index).sum()),
        }
        for index in np.unique(place).tolist()
    }


def pool_reliability(
    tables: Sequence[dict[str, dict[str, float]]],
) -> dict[str, dict[str, float]]:
    """Tables of `tell_reliability` as one, in which each spot counts alike.

    A last row, "all", holds the means over all spots, `calibration_error` of all spots together
    and `calibration_by_chance`, in which promises within a bin count as their mean.
    """
    pooled: dict[str, dict[str, float]] = {}
    for name in sorted({name for table in tables for name in table}):
        rows = [table[name] for table in tables if name in table]
        weights = [row["spots"] for row in rows]
        pooled[name] = {
            key: float(np.average([row[key] for row in rows], weights=weights))
            for key in ("promised", "came_true")
        } | {"spots": int(sum(weights))}
    if not pooled:
        return {}
    promised, true, number = (
        np.array([row[key] for row in pooled.values()])
        for key in ("promised", "came_true", "spots")
    )
    by_chance = np.sqrt(2 / np.pi * number * promised * (1 - promised))
    pooled["all"] = {
        "promised": float(np.average(promised, weights=number)),
        "came_true": float(np.average(true, weights=number)),
        "spots": int(number.sum()),
        "calibration_error": float(np.average(np.abs(promised - true), weights=number)),
        "calibration_by_chance": float(by_chance.sum() / number.sum()),
    }
    return pooled


def match_factors(found: NDArray[np.floating], joint: NDArray[np.floating]) -> float:
    """Mean correlation over factors (n, K) with those of a joint fit, matched one to one; factors
    that hardly occur in the section are left out."""
    used = joint.mean(axis=0) > 0.2 / joint.shape[1]
    return float(matched_correlation(found, joint).correlation[used].mean())


def overlap_neighbours(
    mapped: NDArray[np.floating],
    reference: NDArray[np.floating],
    joint: NDArray[np.floating],
    joint_reference: NDArray[np.floating],
) -> tuple[float, float]:
    """Share of a spot's nearest reference spots that are so in a joint fit too, and by chance.

    Args:
        mapped, joint: (n, d) latents of a section's spots in either fit.
        reference, joint_reference: (m, d) of the reference's spots, in one order.
    """
    k = min(OVERLAP, len(reference))
    ours = nearest(reference, k, 0, mapped)[0]
    theirs = nearest(joint_reference, k, 0, joint)[0]
    shared = [len(np.intersect1d(a, b)) for a, b in zip(ours, theirs, strict=True)]
    return float(np.mean(shared)) / k, k / len(reference)


def auroc(foreign: NDArray[np.floating], own: NDArray[np.floating]) -> float:
    """Probability that a foreign spot scores above one of the tissue itself."""
    ranks = rankdata(np.concatenate([foreign, own]))
    n, m = len(foreign), len(own)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
