"""How domains stand to one another: joined in the latent, alike across stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

MIN_SPOTS = 10
"""Spots a domain has in a stage at least, for its centroid there to mean something."""


@dataclass(frozen=True)
class Connectivity:
    """Edges between domains in the latent's neighbour graph, (K, K), symmetric, diagonal 0.

    Attributes:
        observed: edges from one domain to the other, both directions together.
        expected: edges there would be if each led to any spot alike.
        ratio: observed / expected, at most 1; 0 where there is none.
    """

    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    ratio: NDArray[np.float64]


@dataclass(frozen=True)
class Match:
    """A domain of one stage beside a domain of the next.

    `similarity` is the cosine of their centroids' deviations from the mean of the latent, -1..1.
    `mutual` says that each is the most similar of its stage to the other. This is likeness of
    expression and neighbourhood, not descent.
    """

    stage: int
    domain: int
    next_stage: int
    next_domain: int
    similarity: float
    mutual: bool


def connect_domains(
    neighbours: NDArray[np.integer], domains: NDArray[np.integer], n_domains: int
) -> Connectivity:
    """Connectivity of partitions as in PAGA (Wolf et al., Genome Biology 2019).

    With e_i the edges that start in domain i, n_i its spots and n all spots, a random graph has
    (e_i n_j + e_j n_i) / (n − 1) edges between i and j.

    Args:
        neighbours: (n, k) nearest spots of each spot in the latent, the spot itself first.
        domains: (n,) domain of each spot.
    """
    n, k = neighbours.shape
    source = np.repeat(np.arange(n), k - 1)
    target = neighbours[:, 1:].ravel()
    apart = source != target
    # Numbers of domains may come in a byte, which ends at 127.
    n_domains = int(n_domains)
    pairs = domains[source[apart]].astype(np.int64) * n_domains + domains[target[apart]]
    edges = np.bincount(pairs, minlength=n_domains**2).reshape(n_domains, n_domains)
    starting = edges.sum(axis=1)
    sizes = np.bincount(domains, minlength=n_domains)
    product = np.outer(starting, sizes)
    expected = (product + product.T) / max(n - 1, 1)
    observed = (edges + edges.T).astype(np.float64)
    for table in (observed, expected):
        np.fill_diagonal(table, 0)
    ratio = np.divide(observed, expected, out=np.zeros_like(observed), where=expected > 0)
    return Connectivity(observed, expected, np.minimum(ratio, 1))


def match_stages(
    latent: NDArray[np.floating],
    domains: NDArray[np.integer],
    stages: NDArray[np.integer],
    n_domains: int,
) -> list[Match]:
    """Similarity of every domain of a stage to every domain of the next stage.

    A domain's centroid is the mean latent of its spots in a stage. The latent's mean over all
    spots is taken off first: what all spots share would make all pairs alike.

    Args:
        latent: (n, d).
        domains, stages: (n,) domain of each spot, and its stage in order of development.
    """
    centred = np.asarray(latent, dtype=np.float64) - latent.mean(axis=0, dtype=np.float64)
    present = np.unique(stages)
    directions = {}
    for stage in present.tolist():
        rows = stages == stage
        sizes = np.bincount(domains[rows], minlength=n_domains)
        known = np.flatnonzero(sizes >= MIN_SPOTS)
        sums = np.zeros((n_domains, latent.shape[1]))
        np.add.at(sums, domains[rows], centred[rows])
        lengths = np.linalg.norm(sums[known], axis=1, keepdims=True)
        directions[stage] = known, sums[known] / np.maximum(lengths, 1e-300)
    found = []
    for stage, following in zip(present[:-1].tolist(), present[1:].tolist(), strict=True):
        (own, first), (other, second) = directions[stage], directions[following]
        if not len(own) or not len(other):
            continue
        similarity = np.clip(first @ second.T, -1, 1)
        forth, back = similarity.argmax(axis=1), similarity.argmax(axis=0)
        found += [
            Match(
                stage,
                int(own[a]),
                following,
                int(other[b]),
                float(similarity[a, b]),
                bool(forth[a] == b and back[b] == a),
            )
            for a in range(len(own))
            for b in range(len(other))
        ]
    return found


def tabulate_relations(
    connectivity: Connectivity,
    matches: Sequence[Match],
    domains: Sequence[str],
    stages: Sequence[str],
) -> pd.DataFrame:
    """Both relations in one table, one row per pair.

    Columns: relation ('connectivity' or 'similarity'), domain, stage, other_domain, other_stage,
    value, observed, expected, mutual. Connectivities are over all stages: `stage` is empty, each
    pair stands once. Similarities have no `observed` and `expected`: NaN.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = [
        (
            "connectivity",
            domains[i],
            "",
            domains[j],
            "",
            float(connectivity.ratio[i, j]),
            float(connectivity.observed[i, j]),
            float(connectivity.expected[i, j]),
            False,
        )
        for i in range(len(domains))
        for j in range(i + 1, len(domains))
    ]
    rows += [
        (
            "similarity",
            domains[match.domain],
            stages[match.stage],
            domains[match.next_domain],
            stages[match.next_stage],
            match.similarity,
            np.nan,
            np.nan,
            match.mutual,
        )
        for match in matches
    ]
    columns = "relation domain stage other_domain other_stage value observed expected mutual"
    return pd.DataFrame(rows, columns=columns.split())
