"""Several estimates of a gene in one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.3
"""Pull towards the weights of a gene without signal, against the estimates' own sums of squares."""


def weigh_estimates(
    held_out: Sequence[NDArray[np.floating]],
    values: NDArray[np.floating],
    usual: Sequence[float],
) -> NDArray[np.float32]:
    """Weights w (E, g), none negative, of E estimates (m, g) of centred values (m, g).

    For each gene the minimum of |y - sum w_e x_e|^2 + l |w - u|^2, l = SHRINKAGE times the mean of
    |x_e|^2: the estimates were made without the spots they are judged by, and a gene with little
    signal takes the usual weights.

    Args:
        usual: u (E,), none negative.
    """
    from scipy.optimize import nnls

    stacked = np.stack(held_out).astype(np.float64)
    n_estimates, _, n_genes = stacked.shape
    grams = np.einsum("emg,fmg->gef", stacked, stacked)
    products = np.einsum("emg,mg->ge", stacked, values)
    towards = np.asarray(usual, dtype=np.float64)
    weights = np.repeat(towards[:, None], n_genes, axis=1).astype(np.float32)
    eye = np.eye(n_estimates)
    for gene, (gram, product) in enumerate(zip(grams, products, strict=True)):
        pull = SHRINKAGE * np.trace(gram) / n_estimates
        if pull <= 1e-12:
            continue
        lower = np.linalg.cholesky(gram + pull * eye)
        weights[:, gene] = nnls(lower.T, np.linalg.solve(lower, product + pull * towards))[0]
    return weights


def combine(
    weights: NDArray[np.floating],
    estimates: Sequence[NDArray[np.floating]],
    level: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Weighted sum of centred estimates (n, g) about a level (n, g), none below zero.

    Below half its level t a value v becomes t exp((v - t) / t): log expression has no negative
    values, and the order of spots stays.
    """
    total = level + sum(w * x for w, x in zip(weights, estimates, strict=True))
    half = np.maximum(level / 2, 1e-9)
    low = half * np.exp(np.minimum((total - half) / half, 0.0))
    return np.where(total < half, low, total).astype(np.float32)
