"""How well every gene of an atlas can be imputed, told before anybody asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.imputation.accuracy import Accuracy
from training.imputation.decoding import judge_decoding
from training.imputation.impute import Imputer
from training.mapping.encoding.parameters import Parameters
from training.mapping.reference import ReferenceSpots
from training.progress import Progress, silent
from training.rehearsal.rehearsal import rehearse

if TYPE_CHECKING:
    import pandas as pd

GENE_BLOCK = 512
ESTIMATE = "estimate_pearson"
LEAST_PANEL = 10
"""Fitted genes that a rehearsal needs."""


def foresee(
    reference: ReferenceSpots,
    parameters: Parameters,
    stages: Sequence[str],
    folds: int,
    seed: int,
    progress: Progress = silent,
) -> pd.DataFrame:
    """A row for each gene of the reference, in order, with the figures of `Accuracy`.

    Fitted genes are hidden a part at a time and imputed from the other fitted ones; the rest is
    imputed from all of these. Slices are left out one by one.

    Args:
        stages: names, in order; folds: parts of the fitted genes, 2 or more.

    Returns:
        columns imputation_pearson, imputation_spearman, imputation_rmse (log1p counts per 10,000),
        imputation_slices, imputation_coverage (0..1, of 90 % intervals),
        imputation_pearson_STAGE, and estimate_pearson, of what the factors alone say of a fitted
        gene (`judge_decoding`); NaN for genes that could not be tested.
    """
    import pandas as pd

    fitted = list(parameters.genes)
    order = np.random.default_rng(seed).permutation(len(fitted))
    known = set(fitted)
    hidden = [[fitted[index] for index in order[part::folds]] for part in range(folds)]
    hidden.append([gene for gene in reference.genes if gene not in known])
    names = ["pearson", "spearman", "rmse", "slices", "coverage"]
    names += [f"pearson_{stage}" for stage in stages]
    columns = [f"imputation_{name}" for name in names]
    index = pd.Index(reference.genes)
    table = pd.DataFrame(np.nan, index=index, columns=columns).astype(np.float32)
    table[ESTIMATE] = np.float32(np.nan)
    for part, genes in enumerate(hidden):
        progress("Testing imputation", part / len(hidden))
        asked = set(genes)
        panel = [gene for gene in fitted if gene not in asked]
        if not genes or len(panel) < LEAST_PANEL:
            continue
        rehearsal = rehearse(reference, parameters, panel, seed=seed)
        imputer = Imputer(reference, rehearsal, fitted)
        if part < folds:
            table.loc[genes, ESTIMATE] = judge_decoding(reference, parameters, rehearsal, genes)
        for start in range(0, len(genes), GENE_BLOCK):
            block = genes[start : start + GENE_BLOCK]
            table.loc[block, columns] = _figures(imputer.learn(block).accuracy)
    middle = float(np.nanmedian(table["imputation_pearson"])) if len(table) else np.nan
    progress("Testing imputation", 1.0, f"median correlation {middle:.2f}")
    return table


def _figures(accuracy: Accuracy) -> np.ndarray:
    told = (accuracy.pearson, accuracy.spearman, accuracy.rmse, accuracy.slices, accuracy.coverage)
    return np.column_stack([*told, *accuracy.by_stage]).astype(np.float32)
