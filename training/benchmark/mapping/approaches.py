"""Ways to place a section of few genes: the encoder, regression on fixed loadings, and both.

Proportions come from the encoder; from the section's counts of the panel and the reference's
loadings, by Poisson regression of each spot's own counts, or of those summed over its neighbours as
a prior that neighbours are alike, both without slice-gene effects; and as a projection gives them,
which leans on a regression of pooled counts with the section's effects as far as a rehearsal says.
Domains are those of the projection, or of the nearest spots of the reference, described by the same
regression of the same genes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.benchmark.mapping.figures import match_factors
from training.benchmark.mapping.fitted import Fitted, Mapped
from training.benchmark.mapping.joint import JointFit, find_rows
from training.mapping.encoding.queryencoding import connect, encode_query

if TYPE_CHECKING:
    from anndata import AnnData

NEIGHBOURS = 20
"""Reference spots that vote for a domain, as many as in a projection."""
MAPPED, ENCODER, OWN, POOLED = "as mapped", "encoder", "own counts", "pooled counts"


def compare_approaches(
    fitted: Fitted, mapped: Mapped, section: AnnData, joint: JointFit
) -> dict[str, dict[str, float]]:
    """Agreement of each approach with the fit in which the section took part: `factors`, matched
    correlation; `domains_ari`. {} where spots cannot be matched."""
    from sklearn.metrics import adjusted_rand_score

    both, rows = find_rows(joint, section)
    if not len(both):
        return {}
    known = set(fitted.parameters.genes)
    genes = [gene for gene in mapped.query.genes if gene in known]
    reference = _describe_reference(fitted, genes)
    query = _describe(
        fitted,
        genes,
        mapped.query.counts_of(genes).whole(),
        mapped.query.positions,
        mapped.query.slices,
    )
    found = mapped.projection
    encoded = encode_query(fitted.reference.genes, fitted.parameters, mapped.query)
    proportions: dict[str, NDArray[np.floating]] = {
        MAPPED: found.proportions,
        ENCODER: encoded.proportions,
        OWN: query[OWN],
        POOLED: query[POOLED],
    }
    domains: dict[str, NDArray[np.generic]] = {MAPPED: np.asarray(found.domain)}
    names = fitted.atlas.obs("domain")
    for name in (OWN, POOLED):
        domains[name] = _vote(np.sqrt(reference[name]), names, np.sqrt(query[name]))
    truth = joint.atlas.obs("domain")[rows]
    figures = {
        name: {"factors": match_factors(shares[both], joint.atlas.factors[rows])}
        for name, shares in proportions.items()
    }
    for name, told in domains.items():
        figures[name]["domains_ari"] = float(adjusted_rand_score(truth, told[both]))
    return figures


def _describe_reference(fitted: Fitted, genes: list[str]) -> dict[str, NDArray[np.float32]]:
    spots = fitted.reference
    counts = spots.read_rows(genes, np.arange(len(spots.slices)))
    return _describe(fitted, genes, counts, spots.positions, spots.slices)


def _describe(
    fitted: Fitted,
    genes: list[str],
    counts: sparse.csr_matrix,
    positions: NDArray[np.floating],
    slices: NDArray[np.integer],
) -> dict[str, NDArray[np.float32]]:
    """Proportions (n, K) by fixed loadings, of own and of pooled counts."""
    from training.factors.composition import decode_many

    place = {gene: index for index, gene in enumerate(fitted.parameters.genes)}
    loadings = np.ascontiguousarray(
        fitted.parameters.loadings[:, [place[gene] for gene in genes]], dtype=np.float32
    )
    none = np.zeros((int(slices.max()) + 1, len(genes)), dtype=np.float32)
    around = connect(fitted.parameters, positions, slices)
    own = sparse.csr_matrix(counts, dtype=np.float32)
    parts = {OWN: own, POOLED: sparse.csr_matrix(around @ own, dtype=np.float32)}
    amounts = {name: decode_many(part, slices, loadings, none) for name, part in parts.items()}
    return {
        name: (found + 1e-6) / (found + 1e-6).sum(axis=1, keepdims=True)
        for name, found in amounts.items()
    }


def _vote(
    reference: NDArray[np.floating], names: NDArray[np.object_], query: NDArray[np.floating]
) -> NDArray[np.object_]:
    """The commonest name (m,) among the nearest rows of a reference."""
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(NEIGHBOURS, len(reference)))
    return np.asarray(classifier.fit(reference, names.astype(str)).predict(query))
