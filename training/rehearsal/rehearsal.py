"""Reference spots in the role of a query, slice by slice, with what the query has measured.

What a projection says of a section cannot be checked on the section. It can be on the reference,
when each of its slices is mapped onto the others with the query's genes alone: there the hidden
genes, the domain and the stage are known. Encoder and loadings have seen the slice before, which
flatters what rests on them; regressions and neighbours have not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.mapping.encoding.parameters import Parameters
from training.mapping.encoding.queryencoding import connect, encode_query
from training.mapping.familiarity import NEIGHBOURS
from training.mapping.reading.query import Query
from training.mapping.reference import ReferenceSpots
from training.neighbours.nearest import nearest
from training.progress import Progress, silent
from training.rehearsal.drawing import draw_spots, make_folds

if TYPE_CHECKING:
    from training.mapping.encoding.queryencoding import Encoded

OTHERS = 100_000
"""Reference spots at most that neighbours are looked for among."""


@dataclass(frozen=True)
class Rehearsal:
    """m reference spots that were mapped onto the slices other than their own.

    Attributes:
        rows: (m,) their rows in the reference, rising.
        slices: (m,) their slices; folds: (m,) what was left out with them, from 0 without gaps.
        by_parts: whether folds are parts of a lone slice.
        panel: names of the P genes that stood for the query's.
        counts: (m, P) their raw counts; pooled: (m, P) the same summed over spatial neighbours.
        seen: (slices, P) which slice measured them.
        latent: (m, d); agreement: (m,) of measured with decoded expression.
        proportions: (m, K); regressed: (m, K) by regression, NaN where there is none.
        neighbours, distances: (m, k) reference rows outside the own fold.
    """

    rows: NDArray[np.int64]
    slices: NDArray[np.int64]
    folds: NDArray[np.int64]
    by_parts: bool
    panel: list[str]
    counts: sparse.csr_matrix
    pooled: sparse.csr_matrix
    seen: NDArray[np.bool_]
    latent: NDArray[np.float32]
    agreement: NDArray[np.float32]
    proportions: NDArray[np.float32]
    regressed: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    distances: NDArray[np.float32]


def rehearse(
    reference: ReferenceSpots,
    parameters: Parameters,
    panel: Sequence[str],
    *,
    regress: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Rehearsal:
    """Map a part of the reference as if its spots had measured the genes of `panel` only.

    Args:
        panel: names of reference genes, ten or more of them among the fitted ones.
        regress: whether factors are regressed too, to learn how far a query's may lean on that.
    """
    progress("Rehearsing on the reference", 0.0)
    rows = draw_spots(reference.slices, reference.positions, seed)
    slices, positions = reference.slices[rows], reference.positions[rows]
    counts = reference.read_rows(panel, rows)
    seen = reference.seen_by(panel)
    folds, by_parts = make_folds(slices, positions)
    latent = np.empty((len(rows), reference.latent.shape[1]), dtype=np.float32)
    agreement = np.empty(len(rows), dtype=np.float32)
    proportions = np.empty((len(rows), len(parameters.loadings)), dtype=np.float32)
    regressed = np.full_like(proportions, np.nan)
    present = np.unique(slices)
    for done, index in enumerate(present):
        inside = np.flatnonzero(slices == index)
        own = np.flatnonzero(seen[index])
        encoded = _encode(
            reference,
            parameters,
            [panel[gene] for gene in own.tolist()],
            counts[inside][:, own],
            positions[inside],
            regress,
        )
        latent[inside], agreement[inside] = encoded.latent, encoded.agreement
        proportions[inside] = encoded.proportions
        if encoded.regressed is not None:
            regressed[inside] = encoded.regressed
        progress("Rehearsing on the reference", 0.8 * (done + 1) / len(present))
    sections = np.unique(slices, return_inverse=True)[1]
    pooled = sparse.csr_matrix(connect(parameters, positions, sections) @ counts)
    neighbours, distances = _find_others(reference, rows, folds, by_parts, latent, seed)
    progress("Rehearsing on the reference", 1.0, f"{len(rows):,} spots of {len(present)} slices")
    return Rehearsal(
        rows=rows,
        slices=slices,
        folds=folds,
        by_parts=by_parts,
        panel=list(panel),
        counts=counts,
        pooled=pooled,
        seen=seen,
        latent=latent,
        agreement=agreement,
        proportions=proportions,
        regressed=regressed,
        neighbours=neighbours,
        distances=distances,
    )


def weigh(distances: NDArray[np.floating]) -> NDArray[np.float32]:
    """Weights (n, k) of neighbours by distance, which sum to 1: exp(-(d / d_k)^2)."""
    weights = np.exp(-((distances / np.maximum(distances[:, -1:], 1e-6)) ** 2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _encode(
    reference: ReferenceSpots,
    parameters: Parameters,
    genes: list[str],
    counts: sparse.csr_matrix,
    positions: NDArray[np.float32],
    regress: bool,
) -> Encoded:
    """One slice through the frozen encoder, as a query of the genes it measured."""
    import pandas as pd

    query = Query(
        counts=counts.astype(np.float32),
        obs=pd.DataFrame(index=pd.RangeIndex(counts.shape[0]).astype(str)),
        var=pd.DataFrame(index=genes),
        positions=positions,
        slices=np.zeros(counts.shape[0], dtype=np.int64),
        columns=np.arange(len(genes)),
        genes=genes,
        convention="gene names",
    )
    return encode_query(reference.genes, parameters, query, regress=regress)


def _find_others(
    reference: ReferenceSpots,
    rows: NDArray[np.int64],
    folds: NDArray[np.int64],
    by_parts: bool,
    latent: NDArray[np.floating],
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Nearest reference spots outside the own slice, or outside the own part of a lone one."""
    generator = np.random.default_rng(seed)
    places, neighbours, distances = [], [], []
    for fold in range(int(folds.max()) + 1):
        own = np.flatnonzero(folds == fold)
        outside = reference.slices != reference.slices[rows[own[0]]]
        if by_parts:
            outside = np.ones(len(outside), dtype=bool)
            outside[rows[own]] = False
        others = np.flatnonzero(outside)
        if len(others) > OTHERS:
            others = np.sort(generator.choice(others, OTHERS, replace=False))
        found, away = nearest(reference.latent[others], NEIGHBOURS, seed, latent[own])
        places.append(own)
        neighbours.append(others[found])
        distances.append(away)
    # Few spots may lie outside a large fold.
    k = min(part.shape[1] for part in neighbours)
    back = np.argsort(np.concatenate(places))
    return (
        np.concatenate([part[:, :k] for part in neighbours])[back],
        np.concatenate([part[:, :k] for part in distances])[back],
    )
