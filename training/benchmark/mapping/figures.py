"""Figures of mapped sections against what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from training.imputation.accuracy import correlate
from training.mapping.votes import calibration_error

SEEN_IN = 0.05
"""Share of a section's spots that must have a gene for it to be scored."""


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


def score_names(
    names: NDArray[np.str_],
    probability: NDArray[np.floating],
    truth: Sequence[str | None],
    drop: Sequence[str],
) -> dict[str, float]:
    """Share of labelled spots whose name is right, and the calibration error of probabilities."""
    known = np.array([name is not None and name == name and name not in drop for name in truth])
    if not known.any():
        return {}
    right = names[known] == np.asarray(truth, dtype=object)[known].astype(str)
    return {
        "accuracy": float(right.mean()),
        "calibration_error": calibration_error(probability[known], right),
        "n_labelled": int(known.sum()),
    }


def match_factors(found: NDArray[np.floating], joint: NDArray[np.floating]) -> float:
    """Mean correlation over factors (n, K) with those of a joint fit, matched one to one; factors
    that hardly occur in the section are left out."""
    used = np.flatnonzero(joint.mean(axis=0) > 0.2 / joint.shape[1])
    n = found.shape[1]
    correlation = np.nan_to_num(np.corrcoef(found.T, joint.T)[:n, n:])
    rows, columns = linear_sum_assignment(-correlation)
    return float(
        np.mean([correlation[r, c] for r, c in zip(rows, columns, strict=True) if c in used])
    )


def auroc(foreign: NDArray[np.floating], own: NDArray[np.floating]) -> float:
    """Probability that a foreign spot scores above one of the tissue itself."""
    ranks = rankdata(np.concatenate([foreign, own]))
    n, m = len(foreign), len(own)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
