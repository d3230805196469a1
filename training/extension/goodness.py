"""How well sections fit an atlas: what its factors say of counts that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mapping.encoding.parameters import Parameters
from training.mapping.encoding.queryencoding import encode_query
from training.mapping.reading.query import Query
from training.rehearsal.trust import ONE_SLICE
from training.report.findings import Finding

SPOTS = 3_000
"""Neighbouring spots of a section at most that held counts are taken from."""
HELD = 0.2
"""Part of the counts that is held back."""
POOR = 0.1
"""Part of the gain of the atlas's own slices below which a section is said to fit poorly: one of a
single tissue has a fifth."""


@dataclass(frozen=True)
class SectionFit:
    """How one added slice fits.

    Attributes:
        slice, stage: their names; spots: how many were added.
        genes: genes of the atlas that it measured; fitted_genes: of the fitted ones.
        loading_share: share of all loadings on the genes it measured, 0..1.
        out_of_reference: share of its spots that resemble nothing in the atlas, 0..1.
        held_gain: of `measure_gain`, nats per count; usual_gain: its median over slices of the
            atlas, those nearest in time.
        nearest_stage: the fitted stage that it resembles most.
        warnings: what a reader should know, each a sentence.
    """

    slice: str
    stage: str
    spots: int
    genes: int
    fitted_genes: int
    loading_share: float
    out_of_reference: float
    held_gain: float
    usual_gain: float
    nearest_stage: str
    warnings: list[str]


def measure_gain(
    genes: Sequence[str],
    parameters: Parameters,
    section: Query,
    seed: int = 0,
) -> float:
    """Gain in log likelihood per held count that a spot's own factors bring, in nats.

    A fifth of the counts is held back at random (thinning keeps Poisson counts Poisson). The rest
    goes through the encoder; then the held counts y_ig are compared under the factors of their
    spots and under the mean of the section: sum y log(P_ig / Q_g) / sum y, where Q_g is the share
    of gene g in the counts not held back and P = beta_i B, brought to the same share of each gene,
    so that another technology costs nothing. Both sum to 1 over the genes that were measured.
    Tissue made of the atlas's factors gains as the atlas's own slices do; a section of one tissue
    gains less, foreign tissue nothing.

    Args:
        genes: all genes of the atlas.
        section: one slice; at most SPOTS of its spots, next to one another, are used.
    """
    rng = np.random.default_rng(seed)
    section = _cut(section, rng)
    whole = section.counts.tocsr()
    seen = whole.copy()
    seen.data = rng.binomial(whole.data.astype(np.int64), 1 - HELD).astype(np.float32)
    held = (whole - seen).tocsc()
    seen.eliminate_zeros()
    encoded = encode_query(genes, parameters, replace(section, counts=seen))
    place = {gene: index for index, gene in enumerate(parameters.genes)}
    pairs = [
        (place[g], c) for g, c in zip(section.genes, section.columns, strict=True) if g in place
    ]
    visible = np.array([index for index, _ in pairs])
    found = held[:, [column for _, column in pairs]].tocoo()
    kept = seen[:, [column for _, column in pairs]]
    observed = np.asarray(kept.sum(axis=0)).ravel() + 1
    depth = np.asarray(kept.sum(axis=1)).ravel()
    own = _normalise(encoded.proportions @ parameters.loadings[:, visible])
    own = _normalise(own * (observed / (depth @ own + 1)))
    shared = observed / observed.sum()
    ratio = np.log(own[found.row, found.col] + 1e-12) - np.log(shared[found.col] + 1e-12)
    return float((found.data * ratio).sum() / max(float(found.data.sum()), 1.0))


def judge_section(
    name: str, stage: str, report: dict[str, Any], gain: float, usual_gain: float
) -> SectionFit:
    """The figures of one section and what stands against it. `report` is that of its projection."""
    posterior = report["stage_posterior"]
    # That the atlas has one slice is no fault of the section that is added to it.
    warnings = [warning for warning in report["warnings"] if warning != ONE_SLICE]
    notes = [*report["verdict"], *warnings]
    if usual_gain > 0 and gain < POOR * usual_gain:
        notes.append(
            f"the factors tell its spots apart {max(gain, 0) / usual_gain:.0%} as well as those of "
            "the atlas's own slices"
        )
    return SectionFit(
        slice=name,
        stage=stage,
        spots=report["n_spots"],
        genes=report["n_genes_matched"],
        fitted_genes=report["n_fitted_genes_matched"],
        loading_share=report["loading_share"],
        out_of_reference=round(report["out_of_reference"], 4),
        held_gain=round(gain, 4),
        usual_gain=round(usual_gain, 4),
        nearest_stage=max(posterior, key=posterior.__getitem__),
        warnings=notes,
    )


def as_findings(fits: Sequence[SectionFit]) -> list[Finding]:
    """What needs a second look, for the atlas's pages."""
    return [
        Finding(
            "added slice",
            fit.slice,
            note,
            "Factors and domains were fitted without this slice. Where it holds tissue that the "
            "atlas lacks, fit all slices together.",
        )
        for fit in fits
        for note in fit.warnings
    ]


def _normalise(rates: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows that sum to 1."""
    return np.asarray(rates / np.maximum(rates.sum(axis=1, keepdims=True), 1e-12), dtype=np.float64)


def _cut(section: Query, rng: np.random.Generator) -> Query:
    """A patch of at most SPOTS spots: neighbours stay neighbours."""
    n = len(section.positions)
    if n <= SPOTS:
        return section
    centre = section.positions[rng.integers(n)]
    far = ((section.positions - centre) ** 2).sum(axis=1)
    rows = np.sort(np.argsort(far, kind="stable")[:SPOTS])
    return replace(
        section,
        counts=section.counts[rows],
        obs=section.obs.iloc[rows],
        positions=section.positions[rows],
        slices=section.slices[rows],
    )
