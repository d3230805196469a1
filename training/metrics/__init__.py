"""Measures of an atlas: pure functions of arrays, with every seed explicit."""

from __future__ import annotations

from training.metrics.clustering import Agreement, ClusterScores, domain_scores, mixture_scores
from training.metrics.courses import programme_correlation
from training.metrics.factors import (
    coherence_of,
    factor_coherence,
    factor_diversity,
    top_genes,
)
from training.metrics.labels import label_codes
from training.metrics.mixing import ilisi, lisi
from training.metrics.protocol import protocol_constants
from training.metrics.registration import best_correlations, registration_score
from training.metrics.separation import SliceMeans, silhouette, transfer_accuracy, transfer_recall
from training.metrics.truth import (
    Matched,
    exclusive_leakage,
    label_leakage,
    loading_correlation,
    matched_correlation,
)

__all__ = [
    "Agreement",
    "ClusterScores",
    "Matched",
    "SliceMeans",
    "best_correlations",
    "coherence_of",
    "domain_scores",
    "exclusive_leakage",
    "factor_coherence",
    "factor_diversity",
    "ilisi",
    "label_codes",
    "label_leakage",
    "lisi",
    "loading_correlation",
    "matched_correlation",
    "mixture_scores",
    "programme_correlation",
    "protocol_constants",
    "registration_score",
    "silhouette",
    "top_genes",
    "transfer_accuracy",
    "transfer_recall",
]
