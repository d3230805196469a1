"""How good a fit is, in figures: what the model card and the report of a fit say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training import metrics
from training.report.modelcard import label_columns

if TYPE_CHECKING:
    from anndata import AnnData

    from training.fitted import Fitted

TRANSFERRED = 10_000
"""Labelled spots at most that labels are copied between: the cost grows with their square."""

SAYS = {
    "iLISI": "How many slices are found around a spot in the latent: 1 where every slice keeps to "
    "itself, at most the number of slices. Slices of different tissue or stage need not reach it.",
    "diversity": "Part of a factor's 10 top genes that is among no other factor's, from 0 to 1: "
    "high where factors tell different things.",
    "coherence": "Whether a factor's 10 top genes are found in the same spots, from -1 (never) "
    "over 0 (as by chance) to 1 (always).",
    "registration": "How alike the expression is at the same place of two registered slices: the "
    "best correlation of a spot with its 6 nearest in the slice that matches best, on average.",
    "factor stability": "How alike factors come back from random halves of the spots, from 0 to 1, "
    "on average.",
    "transfer accuracy": "Part of the spots whose label is that of most of their 15 nearest spots "
    "in other slices: whether the same tissue lies together across slices. High is easy where one "
    "label is nearly everywhere.",
    "ARI of domains": "Agreement of the domains with the labels within a slice: 0 is chance, 1 "
    "complete. Domains finer or coarser than the labels have less though nothing is wrong.",
    "NMI of domains": "What domains and labels tell of each other within a slice, from 0 to 1; it "
    "minds less than the ARI how fine the domains are.",
}


def score_fit(spots: AnnData, fitted: Fitted) -> list[dict[str, Any]]:
    """Scores of an annotated collection, as plain values.

    Everything is taken over the spots of the sketch alone, registration apart. Of label columns
    every one that the slices brought is scored.

    Returns:
        For each score its name, the `label` column it is measured against or "", its `value`,
        the `most` it can be, and what it `says`; a value of None has a `reason` beside it.
    """
    rows = fitted.sketch
    slices = spots.obs["slice"].iloc[rows]
    latent = fitted.latent[rows]
    n_slices = len(spots.obs["slice"].cat.categories)
    mixed = metrics.ilisi(latent, slices) if n_slices > 1 else None
    scores = [
        _score("iLISI", mixed, n_slices, reason="nothing to mix in so few slices or spots"),
        *_of_factors(fitted, rows),
        _score("registration", _registration(fitted), 1, reason="no slice matches another"),
        _score("factor stability", _stability(fitted), 1, reason="the start was not repeated"),
    ]
    for column in label_columns(spots):
        labels, domains = spots.obs[column].iloc[rows], spots.obs["domain"].iloc[rows]
        agreement = metrics.domain_scores(domains.astype(str), labels, slices)
        transfer = metrics.transfer_accuracy(latent, labels, slices, sample=TRANSFERRED)
        # Where every slice has one label of its own, none of another slice's can be right.
        accuracy = None if agreement.reason else transfer.mean
        scores += [
            _score("transfer accuracy", accuracy, 1, column, agreement.reason or transfer.reason),
            _score("ARI of domains", agreement.ari, 1, column, agreement.reason),
            _score("NMI of domains", agreement.nmi, 1, column, agreement.reason),
        ]
    return scores


def _of_factors(fitted: Fitted, rows: NDArray[np.integer]) -> list[dict[str, Any]]:
    prepared = fitted.prepared
    genes = metrics.top_genes(fitted.loadings.T)
    needed = np.unique(genes)
    counts = prepared.counts[rows][:, needed].tocsc()
    place = {int(gene): index for index, gene in enumerate(needed)}
    slices = prepared.slices[rows]

    def detected(gene: int) -> NDArray[np.bool_]:
        return np.asarray(counts[:, [place[gene]]].toarray()[:, 0] > 0)

    def measured(gene: int) -> NDArray[np.bool_]:
        assert prepared.measured is not None
        return prepared.measured[slices, gene]

    coherence = metrics.coherence_of(
        genes, detected, None if prepared.measured is None else measured
    )
    return [
        _score("diversity", metrics.factor_diversity(fitted.loadings.T), 1),
        _score("coherence", coherence, 1, reason="no two genes were measured together"),
    ]


def _registration(fitted: Fitted) -> float | None:
    """The mean over slices that match another."""
    known = [record["score"] for record in fitted.alignment if record["score"] is not None]
    return float(np.mean(known)) if known else None


def _stability(fitted: Fitted) -> float | None:
    known = fitted.factor_stability[np.isfinite(fitted.factor_stability)]
    return float(known.mean()) if len(known) else None


def _score(
    name: str, value: float | None, most: int, label: str = "", reason: str = ""
) -> dict[str, Any]:
    shown = None if value is None else round(float(value), 4)
    told = {"score": name, "label": label, "value": shown, "most": most, "says": SAYS[name]}
    return told | ({"reason": reason} if value is None else {})
