"""Expression of reference genes that a section did not measure, with what to expect of it.

Three estimates with different faults are stacked, gene by gene: two regressions on the measured
genes, and the mean of the nearest reference spots in the latent. The level of a gene over the
section is that of the neighbours, since they follow what the section is made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.imputation.accuracy import Accuracy, judge
from training.imputation.regression import (
    PanelRegression,
    QueryPanel,
    find_components,
)
from training.imputation.stacking import combine, weigh_estimates
from training.mapping.reference import ReferenceSpots
from training.rehearsal.rehearsal import Rehearsal, weigh
from training.rehearsal.ridge import centre

USUAL = (0.5, 0.5, 0.0)
"""Weights that direct and summed regression and neighbours are pulled towards. Neighbours look
better in a rehearsal than they are: the encoder has seen the slices that rehearse."""
GENE_BLOCK = 128
"""Genes learnt together."""
VALUES = 2**21
"""Values imputed together, spots times genes: of many spots few genes at a time, for a dozen arrays
of them are held meanwhile."""
MOST_GENES = 2000
"""Genes of a panel that regressions use at most, unless more were fitted."""

Floats = NDArray[np.float32]


def choose_panel(
    measured: Sequence[str], fitted: Sequence[str], expected: dict[str, float]
) -> list[str]:
    """Genes that stand for a query: the fitted ones it measured, then those with most counts.

    Args:
        measured: reference genes of the query; expected: counts to expect of any gene.
    """
    known = set(fitted)
    panel = [gene for gene in measured if gene in known]
    rest = sorted((gene for gene in measured if gene not in known), key=lambda g: -expected[g])
    return panel + rest[: max(MOST_GENES - len(panel), 0)]


@dataclass(frozen=True)
class Learned:
    """What a rehearsal taught of a block of g genes.

    Attributes:
        coefficients: (P, g) of the panel, of each regression.
        weights: (3, g) of the estimates.
        expression: (reference spots, g) log1p counts per 10,000.
        known: (reference spots, g) where they were measured; None where everywhere.
        accuracy: of the stacked estimate.
    """

    coefficients: tuple[Floats, Floats]
    weights: Floats
    expression: sparse.csc_matrix
    known: sparse.csc_matrix | None
    accuracy: Accuracy


class Imputer:
    """Learns any gene of a reference from a panel, as often as it is asked."""

    def __init__(
        self, reference: ReferenceSpots, rehearsal: Rehearsal, fitted: Sequence[str]
    ) -> None:
        self._reference, self._rehearsal = reference, rehearsal
        sample = rehearsal
        roots = centre(np.sqrt(_blank(sample.counts, sample.seen[sample.slices])), sample.folds)
        of_fitted = reference.read_rows(fitted, sample.rows)
        seen = reference.seen_by(fitted)[sample.slices]
        components = find_components(centre(np.sqrt(_blank(of_fitted, seen)), sample.folds))
        self._described, self._components = roots, components
        self._regressions: dict[bytes, PanelRegression] = {}
        self._near = average(sample.neighbours, weigh(sample.distances), len(reference.slices))

    def learn(self, genes: Sequence[str]) -> Learned:
        """Coefficients, weights and accuracy of a block of genes."""
        sample, reference = self._rehearsal, self._reference
        expression = reference.expression(reference.read(genes))
        seen = reference.seen_by(genes)
        known = reference.known(genes)
        truth = _blank(sparse.csr_matrix(expression)[sample.rows], seen[sample.slices])
        shape = (self._described.shape[1], len(genes))
        coefficients = np.zeros((2, *shape), dtype=np.float32)
        weights = np.repeat(np.array(USUAL, dtype=np.float32)[:, None], len(genes), axis=1)
        imputed = np.zeros(truth.shape, dtype=np.float32)
        near = average_of(self._near, expression, known)
        for pattern in np.unique(seen, axis=1).T:
            inside = np.flatnonzero(pattern[sample.slices])
            columns = np.flatnonzero((seen == pattern[:, None]).all(axis=0))
            folds = sample.folds[inside]
            if len(np.unique(folds)) < 2:
                weights[:, columns] = np.array([[0], [0], [1]])
                imputed[:, columns] = near[:, columns]
                continue
            own = centre(truth[np.ix_(inside, columns)], folds)
            regression = self._regress(pattern, inside)
            close = near[np.ix_(inside, columns)]
            estimates = [*regression.held_out(own), centre(close, folds)]
            found = weigh_estimates(estimates, own, USUAL)
            weights[:, columns] = found
            coefficients[:, :, columns] = regression.coefficients(own)
            imputed[np.ix_(inside, columns)] = combine(found, estimates, _levels(close, folds))
        accuracy = judge(
            imputed, truth, sample.folds, reference.stages[sample.rows], reference.n_stages
        )
        return Learned((coefficients[0], coefficients[1]), weights, expression, known, accuracy)

    def _regress(self, pattern: NDArray[np.bool_], inside: NDArray[np.intp]) -> PanelRegression:
        """The regression over the slices of a pattern; most genes of an atlas share one."""
        key = pattern.tobytes()
        if key not in self._regressions:
            self._regressions[key] = PanelRegression(
                self._described[inside], self._components[inside], self._rehearsal.folds[inside]
            )
        return self._regressions[key]


def impute(
    imputer: Imputer,
    genes: Sequence[str],
    panel: QueryPanel,
    near: sparse.csr_matrix,
    sections: NDArray[np.integer],
) -> Iterator[tuple[slice, Floats, Accuracy]]:
    """Impute genes in blocks, so that all genes of an atlas need no more memory than a few.

    Args:
        panel: the query's n spots; near: (n, reference spots) weights of `average`.
        sections: (n,) of the query.

    Yields:
        the place of a block in `genes`, its values (n, block), log1p counts per 10,000, and how
        well its genes came out on the reference; as many genes as `genes_at_once` says, or fewer.
    """
    for start in range(0, len(genes), GENE_BLOCK):
        names = genes[start : start + GENE_BLOCK]
        learned = imputer.learn(names)
        size = genes_at_once(near.shape[0])
        for at in range(0, len(names), size):
            block = slice(at, min(at + size, len(names)))
            known = None if learned.known is None else learned.known[:, block]
            close = average_of(near, learned.expression[:, block], known)
            estimates = [panel.predict(part[:, block]) for part in learned.coefficients]
            estimates.append(centre(close, sections))
            values = combine(learned.weights[:, block], estimates, _levels(close, sections))
            place = slice(start + block.start, start + block.stop)
            yield place, values, learned.accuracy.of(block)


def genes_at_once(n_spots: int) -> int:
    """How many genes are imputed together: a power of 2, GENE_BLOCK at most."""
    return 1 << int(np.log2(np.clip(VALUES // max(n_spots, 1), 1, GENE_BLOCK)))


def average(
    neighbours: NDArray[np.integer], weights: NDArray[np.floating], n_reference: int
) -> sparse.csr_matrix:
    """Weights of neighbours (n, k) as a matrix (n, n_reference)."""
    n, k = neighbours.shape
    places = (np.repeat(np.arange(n), k), neighbours.ravel())
    return sparse.csr_matrix((weights.ravel().astype(np.float32), places), shape=(n, n_reference))


def average_of(
    near: sparse.csr_matrix, expression: sparse.csc_matrix, known: sparse.csc_matrix | None
) -> Floats:
    """Weighted means (n, g) over neighbours that measured a gene; of all spots that did where none
    of a spot's neighbours did."""
    found = np.asarray((near @ expression).todense(), dtype=np.float32)
    if known is None:
        return found
    weight = np.asarray((near @ known).todense(), dtype=np.float32)
    overall = np.asarray(expression.sum(axis=0)) / np.maximum(np.asarray(known.sum(axis=0)), 1)
    return np.where(weight > 1e-6, found / np.maximum(weight, 1e-6), overall).astype(np.float32)


def _blank(counts: sparse.csr_matrix, seen: NDArray[np.bool_]) -> Floats:
    """Dense values, NaN where not measured."""
    return np.where(seen, counts.toarray(), np.nan).astype(np.float32)


def _levels(values: NDArray[np.floating], sections: NDArray[np.integer]) -> Floats:
    """Mean of each section, at each of its spots."""
    levels = np.empty(values.shape, dtype=np.float32)
    for index in np.unique(sections):
        inside = sections == index
        levels[inside] = values[inside].mean(axis=0)
    return levels
