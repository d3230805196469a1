"""Ways to impute hidden genes: those of others, the parts of ours, and ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.imputation.accuracy import Accuracy, bound
from training.imputation.impute import average, average_of
from training.mapping.encoding.parameters import Parameters
from training.mapping.projected import Projection
from training.mapping.reading.query import Query
from training.mapping.reference import ReferenceSpots
from training.projection import impute_query, rehearse_query
from training.rehearsal.rehearsal import Rehearsal
from training.store import Atlas

Floats = NDArray[np.float32]
NEAREST = 50
COMPONENTS = 30
POISSON_FACTORS = 10
ROUNDS = 150
"""Multiplicative updates of a Poisson factorisation."""
COSINE = 0.3
"""Principal vectors that agree less are left out, as SpaGE has it."""


@dataclass(frozen=True)
class Asked:
    """One query whose hidden genes are to be imputed.

    Attributes:
        rehearsal: without the hidden genes, where it is known already.
    """

    atlas: Atlas
    parameters: Parameters
    reference: ReferenceSpots
    query: Query
    projection: Projection
    hidden: Sequence[str]
    rehearsal: Rehearsal | None = None


def copy_nearest(asked: Asked) -> Floats:
    """Values of the nearest reference spot in the latent: the published way."""
    nearest = asked.projection.neighbours[:, :1]
    return _mean_of(asked, nearest, np.ones(nearest.shape, dtype=np.float32))


def average_nearest(asked: Asked) -> Floats:
    """Weighted mean of the nearest spots in the latent."""
    return _mean_of(asked, asked.projection.neighbours, asked.projection.weights)


def decode_factors(asked: Asked) -> Floats:
    """Expected expression by factor proportions and loadings, at the neighbours' level."""
    rates, proportions = asked.parameters.rates, asked.projection.proportions
    place = {name: index for index, name in enumerate(asked.atlas.genes)}
    columns = [place[gene] for gene in asked.hidden]
    total = np.maximum(proportions @ rates.sum(axis=1), 1e-12)
    decoded = np.log1p(1e4 * (proportions @ rates[:, columns]) / total[:, None])
    return set_level(decoded, average_nearest(asked).mean(axis=0))


def set_level(values: NDArray[np.floating], level: NDArray[np.floating]) -> Floats:
    """Values (n, g) times what gives each gene this mean (g,)."""
    return np.asarray(values * (level / np.maximum(values.mean(axis=0), 1e-12)), dtype=np.float32)


def blend(asked: Asked) -> Floats:
    """Mean of neighbours and factors."""
    return np.asarray((average_nearest(asked) + decode_factors(asked)) / 2, dtype=np.float32)


def like_spage(asked: Asked) -> Floats:
    """Nearest spots by principal vectors that query and reference share (after SpaGE, 2020)."""
    from sklearn.neighbors import NearestNeighbors

    own, theirs = (_standardise(part) for part in _visible(asked))
    r = min(50, own.shape[0] - 1, own.shape[1])
    axes = [np.linalg.svd(part, full_matrices=False)[2][:r] for part in (theirs, own)]
    left, cosines, _ = np.linalg.svd(axes[0] @ axes[1].T)
    # The reference's vectors, of those pairs that agree.
    vectors = (left.T @ axes[0])[: max(int((cosines > COSINE).sum()), 1)]
    search = NearestNeighbors(n_neighbors=NEAREST, metric="cosine").fit(theirs @ vectors.T)
    distances, found = search.kneighbors(own @ vectors.T)
    weights = 1 - distances / distances.sum(axis=1, keepdims=True)
    weights *= distances < 1
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    return _mean_of(asked, found, weights)


def average_by_components(asked: Asked) -> Floats:
    """Mean of the nearest spots by principal components of the visible genes, without any fit."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import NearestNeighbors

    own, theirs = (_log_shares(part) for part in _visible(asked))
    model = PCA(min(COMPONENTS, *theirs.shape), random_state=0).fit(theirs)
    search = NearestNeighbors(n_neighbors=min(NEAREST, len(theirs))).fit(model.transform(theirs))
    found = search.kneighbors(model.transform(own), return_distance=False)
    return _mean_of(asked, found, np.full(found.shape, 1 / found.shape[1], dtype=np.float32))


def decode_counts(asked: Asked) -> Floats:
    """A Poisson factorisation of the reference's counts, its loadings kept for the query's.

    What a factor has of all genes is the least-squares share of the reference's totals, so that
    decoded values are per 10,000 of the whole library; the level is that of the neighbours.
    """
    from scipy.optimize import nnls
    from sklearn.decomposition import NMF

    own, seen = (part.toarray().astype(np.float64) for part in _visible(asked))
    asked_for = sparse.csr_matrix(asked.reference.read(asked.hidden)).toarray()
    model = NMF(
        POISSON_FACTORS,
        beta_loss="kullback-leibler",
        solver="mu",
        init="random",
        random_state=0,
        max_iter=ROUNDS,
        tol=0,
    )
    amounts = model.fit_transform(np.hstack([seen, asked_for]))
    shown, hidden = np.split(model.components_, [seen.shape[1]], axis=1)
    whole = np.maximum(nnls(amounts, asked.reference.totals)[0], model.components_.sum(axis=1))
    found = np.ones((len(own), len(shown)))
    for _ in range(ROUNDS):
        found *= (
            (own / np.maximum(found @ shown, 1e-12))
            @ shown.T
            / np.maximum(shown.sum(axis=1), 1e-12)
        )
    decoded = np.log1p(1e4 * (found @ hidden) / np.maximum(found @ whole, 1e-12)[:, None])
    return set_level(decoded, average_nearest(asked).mean(axis=0))


def average_both(asked: Asked) -> Floats:
    """Mean of `average_by_components` and `decode_counts`."""
    return np.asarray((average_by_components(asked) + decode_counts(asked)) / 2, dtype=np.float32)


ROWS: dict[str, Callable[[Asked], Floats]] = {
    "nearest": copy_nearest,
    "neighbours": average_nearest,
    "factors": decode_factors,
    "blend": blend,
    "spage-like": like_spage,
    "panel-pca": average_by_components,
    "poisson-nmf": decode_counts,
    "pca-and-nmf": average_both,
}


def ours(asked: Asked) -> tuple[Floats, Floats, Floats, list[Accuracy]]:
    """What `atlas project --impute` gives, with the ends of its intervals and the accuracies."""
    shape = (len(asked.query.obs), len(asked.hidden))
    values, low, high = (np.empty(shape, dtype=np.float32) for _ in range(3))
    accuracies = []
    rehearsal = asked.rehearsal or rehearse_query(
        asked.atlas, asked.parameters, asked.query, without=asked.hidden
    )
    for place, block, accuracy in impute_query(
        asked.atlas, asked.parameters, asked.query, asked.projection, asked.hidden, rehearsal
    ):
        values[:, place] = block
        low[:, place], high[:, place] = bound(block, accuracy)
        accuracies.append(accuracy)
    return values, low, high, accuracies


def _mean_of(
    asked: Asked, neighbours: NDArray[np.integer], weights: NDArray[np.floating]
) -> Floats:
    reference = asked.reference
    expression = reference.expression(reference.read(asked.hidden))
    near = average(neighbours, weights, len(reference.slices))
    return average_of(near, expression, reference.known(asked.hidden))


def _visible(asked: Asked) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Counts of the visible genes: of the query and of the reference."""
    own = asked.query.counts[:, asked.query.columns]
    return own, sparse.csr_matrix(asked.reference.read(asked.query.genes))


def _log_shares(counts: sparse.csr_matrix) -> NDArray[np.float64]:
    """log1p counts per 10,000 of these genes."""
    dense = counts.toarray().astype(np.float64)
    return np.log1p(1e4 * dense / np.maximum(dense.sum(axis=1, keepdims=True), 1))


def _standardise(counts: sparse.csr_matrix) -> NDArray[np.float64]:
    logs = _log_shares(counts)
    return (logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-6)
