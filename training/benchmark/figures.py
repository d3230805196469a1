"""All figures of one result on one data set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training import metrics
from training.benchmark.rows import Result
from training.benchmark.sets import DataSet
from training.benchmark.truth import Truth
from training.config import Config

if TYPE_CHECKING:
    from anndata import AnnData

LABELLED = ("ari_tied", "ari_full", "nmi", "ari_domain", "transfer", "asw")
OF_FACTORS = ("diversity", "coherence")
OF_TRUTH = ("factor_correlation", "loading_correlation", "leakage", "programme_correlation")
QUALITY = (*LABELLED, "ilisi", *OF_FACTORS, *OF_TRUTH, "registration")
MOST_REGISTERED = 100_000
"""Spots up to which slices are registered for their score: the search for matches between all pairs
of slices would take longer than the cheap rows themselves, and no set of the table has more."""


@dataclass
class Figures:
    """Values by name, None where not applicable, then with the reason."""

    values: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)

    def give(self, name: str, value: float | None, reason: str = "") -> None:
        """Keep a value; one that is None or NaN is not applicable, for `reason`."""
        applies = value is not None and not np.isnan(value)
        self.values[name] = float(value) if applies and value is not None else None
        if not applies:
            self.reasons[name] = reason or "nothing to measure"


def take_figures(
    result: Result, spots: AnnData, dataset: DataSet, truth: Truth | None, config: Config
) -> Figures:
    """Every figure of QUALITY: agreement with labels, mixing, factors, agreement with the truth.

    The seed of `config` seeds the domains; all other measures have the seeds of their own protocol.
    """
    figures = Figures()
    _against_labels(figures, result, spots, dataset, config)
    figures.give("ilisi", metrics.ilisi(result.latent, spots.obs["slice"]), "fewer than 3 spots")
    _of_factors(figures, result, spots)
    _against_truth(figures, result, spots, truth)
    _of_registration(figures, result, spots, config)
    return figures


def _against_labels(
    figures: Figures, result: Result, spots: AnnData, dataset: DataSet, config: Config
) -> None:
    if dataset.label is None:
        for name in LABELLED:
            figures.give(name, None, "the slices have no labels")
        return
    labels, slices, drop = spots.obs[dataset.label], spots.obs["slice"], dataset.drop
    n = dataset.components
    tied = metrics.mixture_scores(result.latent, labels, slices, drop, n=n)
    full = metrics.mixture_scores(result.latent, labels, slices, drop, covariance="full", n=n)
    domain = metrics.domain_scores(_domains(figures, result, config), labels, slices, drop)
    transfer = metrics.transfer_accuracy(result.latent, labels, slices, drop)
    asw = metrics.silhouette(result.latent, labels, slices, drop)
    figures.give("ari_tied", tied.ari, tied.reason)
    figures.give("ari_full", full.ari, full.reason)
    figures.give("nmi", tied.nmi, tied.reason)
    figures.give("ari_domain", domain.ari, domain.reason)
    figures.give("transfer", transfer.mean, transfer.reason)
    figures.give("asw", asw.mean, asw.reason)


def _domains(figures: Figures, result: Result, config: Config) -> list[str]:
    """Domains as a fit finds them, their number and resolution kept among the details."""
    from training.downstream.division import divide_spots
    from training.neighbours.nearest import nearest

    seed = config.train.seed
    latent = np.asarray(result.latent, dtype=np.float32)
    near, _ = nearest(latent, config.domains.neighbours + 1, seed)
    division = divide_spots(latent, near, config.domains, seed)
    figures.details["resolution"] = division.resolution
    figures.details["n_domains"] = division.number
    return division.names


def _of_factors(figures: Figures, result: Result, spots: AnnData) -> None:
    if result.loadings is None:
        for name in OF_FACTORS:
            figures.give(name, None, "the row has no factors")
        return
    figures.give("diversity", metrics.factor_diversity(result.loadings), "no fitted genes")
    figures.give("coherence", metrics.factor_coherence(result.loadings, spots.X), "too few genes")


def _against_truth(figures: Figures, result: Result, spots: AnnData, truth: Truth | None) -> None:
    if truth is None or result.proportions is None or result.loadings is None:
        reason = "no truth is known" if truth is None else "the row has no factors"
        for name in OF_TRUTH:
            figures.give(name, None, reason)
        return
    matched = metrics.matched_correlation(result.proportions, truth.proportions)
    loadings = metrics.loading_correlation(result.loadings, truth.profiles, matched.factor)
    leakage = metrics.exclusive_leakage(result.proportions, truth.proportions, spots.obs["slice"])
    known = leakage[~np.isnan(leakage)]
    figures.give("factor_correlation", matched.mean)
    figures.give("loading_correlation", float(loadings.mean()))
    figures.give(
        "leakage",
        float(known.mean()) if len(known) else None,
        "no programme with a factor is absent from a slice",
    )
    _of_courses(figures, result.proportions, result.loadings, truth)


def _of_courses(
    figures: Figures,
    proportions: NDArray[np.floating],
    loadings: NDArray[np.floating],
    truth: Truth,
) -> None:
    if truth.courses is None:
        figures.give("programme_correlation", None, "nothing was planted to change over stages")
        return
    planted = truth.courses
    found = metrics.programme_correlation(
        proportions,
        loadings,
        truth.proportions,
        planted.stages,
        planted.times,
        planted.slopes,
        planted.members,
    )
    known = ~np.isnan(found)
    figures.details["programmes"] = {
        name: round(float(value), 4)
        for name, value in zip(planted.names, found, strict=True)
        if not np.isnan(value)
    }
    figures.give(
        "programme_correlation",
        float(found[known].mean()) if known.any() else None,
        "too few genes of each programme were fitted",
    )


def _of_registration(figures: Figures, result: Result, spots: AnnData, config: Config) -> None:
    """Mean score of the slices that match another, registered by this latent; the genes compared
    are the same for all rows."""
    from training.alignment.registration import register_slices
    from training.inputs.normalised import Normalised
    from training.inputs.preprocess import choose_genes

    if spots.n_obs > MOST_REGISTERED:
        figures.give("registration", None, f"more than {MOST_REGISTERED:,} spots")
        return
    counts = sparse.csr_matrix(spots.X, dtype=np.float32)
    slices = spots.obs["slice"].cat.codes.to_numpy().astype(np.int64)
    genes = choose_genes(
        counts, slices, list(spots.var_names), config.genes.n_genes, config.genes.exclude
    )
    totals = np.asarray(counts.sum(axis=1)).ravel().astype(np.float32)
    registration = register_slices(
        spots.obs,
        np.asarray(spots.obsm["spatial"]),
        np.asarray(result.latent, dtype=np.float32),
        Normalised(counts[:, genes], totals, config.genes.target_sum),
        unit=config.atlas.coordinate_unit,
        depth=config.data.depth_column,
        reflection=config.registration.reflection,
        seed=config.train.seed,
    )
    known = [each["score"] for each in registration.records if each["score"] is not None]
    figures.details["registered_slices"] = registration.n_registered
    score = float(np.mean(known)) if known else None
    figures.give("registration", score, "no slice matches another")
