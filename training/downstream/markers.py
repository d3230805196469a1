"""Marker genes of domains, with slices and not spots as the replicates.

Spots of one slice are no independent samples of a tissue: thousands of them make any difference
significant. Each slice gives one number per domain and gene, and the test is over slices. Domains
come from the same expression, so that p-values rank genes and prove no domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.normalised import Normalised
from training.store.genes.significance import adjust_p

if TYPE_CHECKING:
    import pandas as pd

MIN_SPOTS = 10
"""A slice counts for a domain with at least so many spots inside it and outside it: the mean of
fewer is mostly noise, and every slice has the same weight."""
TOP = 50
"""Genes listed for each domain."""


@dataclass(frozen=True)
class Contrast:
    """Every domain against the rest of its slices.

    Attributes:
        effect: (K, G) mean over slices of the log2 fold change; NaN for a domain without a slice.
        spread: (K, G) standard deviation of it over slices; NaN for fewer than two slices.
        n_slices: (K, G) slices that count: those that hold the domain and measured the gene.
        inside, outside: (K, G) shares of the spots of these slices that express the gene, 0..1.
        p: (K, G) two-sided p-value of the paired t-test over slices. NaN, that is not tested, for
            fewer than two slices and for genes without counts there.
        q: (K, G) the same after Benjamini–Hochberg over the genes of a domain.
    """

    effect: NDArray[np.float64]
    spread: NDArray[np.float64]
    n_slices: NDArray[np.int64]
    inside: NDArray[np.float64]
    outside: NDArray[np.float64]
    p: NDArray[np.float64]
    q: NDArray[np.float64]


def contrast_domains(
    expression: sparse.csr_matrix | Normalised,
    domains: NDArray[np.integer],
    slices: NDArray[np.integer],
    n_domains: int,
    measured: NDArray[np.bool_] | None = None,
) -> Contrast:
    """Compare each domain with all other spots of the same slices.

    With x = log1p of counts per 10,000 and means over the spots of slice s inside and outside of
    domain k, the log2 fold change is d_s = (mean x inside − mean x outside) / ln 2. It is a
    difference of mean logarithms, smaller than the logarithm of a ratio of means where counts are
    low. The test is the t-test of d_s against 0, which is the paired t-test of the two means.

    Memory is that of one slice and a few (K, G) tables.

    Args:
        expression: (n, G) log1p counts per 10,000.
        domains, slices: (n,) domain and slice of each spot.
        measured: (S, G) where some slices did not measure all genes.
    """
    from scipy.stats import t as student

    shape = (n_domains, expression.shape[1])
    mean, squares = np.zeros(shape), np.zeros(shape)
    expressed, total = np.zeros(shape), np.zeros(shape)
    n_slices = np.zeros(shape, dtype=np.int64)
    n_inside, n_outside = np.zeros(shape), np.zeros(shape)
    every = np.ones(shape[1], dtype=bool)
    for index in np.unique(slices):
        rows = np.flatnonzero(slices == index)
        part = expression[rows]
        sizes = np.bincount(domains[rows], minlength=n_domains)
        rest = len(rows) - sizes
        counted = np.flatnonzero((sizes >= MIN_SPOTS) & (rest >= MIN_SPOTS))
        if not len(counted):
            continue
        members = sparse.csr_matrix(
            (np.ones(len(rows)), (domains[rows], np.arange(len(rows)))),
            shape=(n_domains, len(rows)),
        )
        sums = (members @ part).toarray()
        part.data = (part.data > 0).astype(np.float64)
        present = (members @ part).toarray()
        inner = sums[counted] / sizes[counted, None]
        outer = (sums.sum(axis=0) - sums[counted]) / rest[counted, None]
        change = (inner - outer) / np.log(2)
        # Welford's running mean and sum of squared deviations: no table per slice is kept.
        seen = every if measured is None else measured[index]
        n_slices[counted] += seen
        step = np.where(seen, change - mean[counted], 0.0)
        mean[counted] += step / np.maximum(n_slices[counted], 1)
        squares[counted] += step * (change - mean[counted])
        expressed[counted] += present[counted]
        total[counted] += present.sum(axis=0)
        n_inside[counted] += sizes[counted, None] * seen
        n_outside[counted] += rest[counted, None] * seen
    number = n_slices
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where(number >= 2, np.sqrt(squares / (number - 1)), np.nan)
        statistic = mean / (spread / np.sqrt(number))
        p = 2 * student.sf(np.abs(statistic), number - 1)
        inside = expressed / n_inside
        outside = (total - expressed) / n_outside
    return Contrast(
        effect=np.where(number > 0, mean, np.nan),
        spread=spread,
        n_slices=n_slices,
        inside=inside,
        outside=outside,
        p=p,
        q=np.stack([adjust_p(row) for row in p]) if n_domains else p,
    )


def rank_markers(contrast: Contrast, domain: int, top: int = TOP) -> NDArray[np.intp]:
    """At most `top` genes that are higher in a domain, the best first.

    Genes are ordered by effect − spread / √n, the effect less its standard error: a gene that is
    high in a single one of n slices has standard error equal to its effect, and drops out. With
    one slice there is no standard error, and the effect alone decides; where other genes have more
    slices, the spread of a gene of one is taken to be the median of theirs.
    """
    number = contrast.n_slices[domain]
    if not number.any():
        return np.zeros(0, dtype=np.intp)
    score = contrast.effect[domain]
    if (number > 1).any():
        spread = contrast.spread[domain]
        spread = np.where(number > 1, spread, np.nanmedian(spread))
        score = score - spread / np.sqrt(np.maximum(number, 1))
    order = np.argsort(-score, kind="stable")[:top]
    return order[score[order] > 0]


def tabulate_markers(
    contrast: Contrast, domains: Sequence[str], genes: Sequence[str], top: int = TOP
) -> pd.DataFrame:
    """The markers of all domains, one row each, domain by domain and best first.

    Columns: domain, rank (from 1), gene, log2_fold_change, spread, n_slices, share_inside,
    share_outside, p, q; see `Contrast`. A domain of which no slice counts has no rows.
    """
    import pandas as pd

    chosen = [(k, g) for k in range(len(domains)) for g in rank_markers(contrast, k, top).tolist()]
    ranks = [at + 1 for k in range(len(domains)) for at in range(sum(k == d for d, _ in chosen))]
    at = tuple(np.array(chosen, dtype=np.intp).reshape(-1, 2).T)
    return pd.DataFrame(
        {
            "domain": [domains[k] for k, _ in chosen],
            "rank": np.array(ranks, dtype=np.int64),
            "gene": [genes[g] for _, g in chosen],
            "log2_fold_change": contrast.effect[at],
            "spread": contrast.spread[at],
            "n_slices": contrast.n_slices[at],
            "share_inside": contrast.inside[at],
            "share_outside": contrast.outside[at],
            "p": contrast.p[at],
            "q": contrast.q[at],
        }
    )
