"""How well factors alone tell a gene: held out, as far as a finished fit allows.

A reader sees a gene as factor proportions times rates. Loadings of a fitted gene have seen its
counts in every slice, so they cannot say how good that is. Here the proportions come from spots
encoded without the gene, and its rates from regression on these in other slices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.imputation.accuracy import correlate_slices, mean_known
from training.mapping.encoding.parameters import Parameters
from training.mapping.reference import ReferenceSpots
from training.rehearsal.rehearsal import Rehearsal

GROUPS = 4
"""Slices are left out in so many groups at most: each needs a regression."""


def judge_decoding(
    reference: ReferenceSpots,
    parameters: Parameters,
    rehearsal: Rehearsal,
    hidden: list[str],
) -> NDArray[np.float32]:
    """Mean over slices of Pearson's correlation within a slice, (g,), of decoded with measured
    log1p counts per 10,000; NaN for a gene that no slice could be judged by.

    The decoding is that of `training.store.derived.estimates`, with rates of the hidden genes from
    the other groups of slices. Slices are dealt to groups in turn, so that a stage of several
    slices is in all of them.

    Args:
        rehearsal: with a panel that lacks the `hidden` g genes.
    """
    from training.factors.factorise import fit_loadings
    from training.processes.tensors import to_tensor

    rows, folds = rehearsal.rows, rehearsal.folds
    counts = reference.read_rows(hidden, rows).toarray().astype(np.float32)
    seen = reference.seen_by(hidden)[rehearsal.slices]
    proportions = rehearsal.proportions
    amounts = proportions * _depth(parameters, rehearsal, proportions)[:, None]
    place = {gene: index for index, gene in enumerate(reference.genes)}
    others = np.ones(len(reference.genes), dtype=bool)
    others[[place[gene] for gene in hidden]] = False
    rest = parameters.rates[:, others].sum(axis=1)
    decoded = np.full(counts.shape, np.nan, dtype=np.float32)
    group = folds % GROUPS
    for left_out in np.unique(group):
        own, used = group == left_out, group != left_out
        if not used.any():
            continue
        slices = np.unique(rehearsal.slices[used], return_inverse=True)
        measured = reference.seen_by(hidden)[slices[0]]
        fitted, _ = fit_loadings(
            to_tensor(counts[used]),
            to_tensor(slices[1].astype(np.int64)),
            to_tensor(amounts[used].astype(np.float32)),
            prior=float(parameters.config["prior"]),
            measured=to_tensor(measured),
        )
        rates = fitted.numpy()
        expected = proportions[own] @ rates
        depth = np.maximum(proportions[own] @ (rest + rates.sum(axis=1)), 1e-12)
        decoded[own] = np.where(
            measured.any(axis=0), np.log1p(1e4 * expected / depth[:, None]), np.nan
        )
    expression = reference.expression(sparse.csc_matrix(reference.read(hidden)))
    truth = sparse.csr_matrix(expression)[rows].toarray()
    truth = np.where(seen & np.isfinite(decoded), truth, np.nan)
    return mean_known(correlate_slices(decoded, truth, folds))


def _depth(
    parameters: Parameters, rehearsal: Rehearsal, proportions: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Counts (m,) that a spot would have over all fitted genes, by those of the panel alone."""
    place = {gene: index for index, gene in enumerate(parameters.genes)}
    fitted = [index for index, gene in enumerate(rehearsal.panel) if gene in place]
    loadings = parameters.loadings[:, [place[rehearsal.panel[index]] for index in fitted]]
    found = np.asarray(rehearsal.counts[:, fitted].sum(axis=1), dtype=np.float64).ravel()
    # Factors by slices: the share of a factor's counts that a slice's panel holds.
    held = loadings @ rehearsal.seen[:, fitted].T.astype(np.float32)
    share = (proportions * held.T[rehearsal.slices]).sum(axis=1)
    return np.asarray(found / np.maximum(share, 1e-6))
