"""Rows of the tables, as plain dictionaries from an atlas: no component, no Dash."""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas_app.atlases.description import TOP_GENES
from atlas_app.words.told import factor_title
from training.store import Atlas

# Genes whose specificity is averaged to say how specific a factor is.
SPECIFICITY_GENES = 20


def stage_usage(atlas: Atlas) -> np.ndarray:
    """(n_stages, n_factors) mean over a stage's slices of the mean factor proportion per slice."""
    usage = atlas.usage()
    stage_of = np.array([part.stage for part in atlas.slices])
    return np.stack([usage[stage_of == stage.name].mean(axis=0) for stage in atlas.stages])


def factor_rows(atlas: Atlas) -> list[dict[str, Any]]:
    """One row per factor: top genes, specificity, usage per stage and the stage of most use.

    `stability` is that of the store, None where it was not judged.

    `specificity` is the mean over the factor's 20 first genes of loading / sum of loadings over
    factors, in [0, 1].
    """
    usage, stability = stage_usage(atlas), atlas.factor_stability
    rows = []
    for factor in range(atlas.n_factors):
        genes = atlas.factor_genes(factor, n=SPECIFICITY_GENES)
        specific = [gene.specificity for gene in genes]
        rows.append(
            {
                "id": str(factor),
                "factor": factor,
                "name": factor_title(atlas, factor),
                "genes": ", ".join(gene.gene for gene in genes[:TOP_GENES]),
                "specificity": round(float(np.mean(specific)), 4) if specific else None,
                "stability": shown_stability(stability[factor]),
                "usage": [round(float(value), 5) for value in usage[:, factor]],
                "mean": round(float(usage[:, factor].mean()), 5),
                "peak": atlas.stages[int(usage[:, factor].argmax())].name,
            }
        )
    return rows


def shown_stability(value: float) -> float | None:
    """Stability of a factor for the page; None where it was not judged."""
    return round(float(value), 4) if np.isfinite(value) else None


def factor_gene_rows(atlas: Atlas, factor: int, n: int = 200) -> list[dict[str, Any]]:
    """The genes of a factor: rank (1 is first), loading, specificity, score = their product."""
    return [
        {
            "rank": gene.rank,
            "gene": gene.gene,
            "loading": float(gene.loading),
            "specificity": float(gene.specificity),
            "score": float(gene.score),
        }
        for gene in atlas.factor_genes(factor, n=n)
    ]


def slice_rows(atlas: Atlas) -> list[dict[str, Any]]:
    """One row per slice."""
    return [
        {"slice": s.name, "stage": s.stage, "time": s.time, "spots": s.n_spots}
        for s in atlas.slices
    ]
