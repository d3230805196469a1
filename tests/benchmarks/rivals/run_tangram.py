"""Tangram (Biancalani et al. 2021): reference spots are mapped onto the query, mode `cells`.

As its tutorial has it: reference normalised to equal totals, raw query, visible genes for training,
default epochs, density by counts. `project_genes` gives sums over the spots mapped to a place; over
all genes these add up to how much was mapped there, so log1p per 10,000 of that puts the places on
one scale.
"""

from __future__ import annotations

from importlib import metadata

import anndata as ad
import numpy as np
import pandas as pd
import tangram as tg
from scipy import sparse
from task import Task, answer_task

EPOCHS = 1000
MOST_CELLS = 6000
"""Reference spots at most, drawn by chance: one step costs their number times that of the query."""


def impute(task: Task, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    kept = np.arange(task.reference.shape[0])
    if len(kept) > MOST_CELLS:
        kept = np.sort(generator.choice(kept, MOST_CELLS, replace=False))
    # Tangram folds names to lower case, so each gene goes by its number.
    number = {gene: f"g{index}" for index, gene in enumerate(task.genes)}
    spots = ad.AnnData(
        task.reference[kept].astype(np.float32), var=pd.DataFrame(index=list(number.values()))
    )
    places = ad.AnnData(
        task.query.astype(np.float32),
        var=pd.DataFrame(index=[number[gene] for gene in task.visible]),
    )
    # What scanpy's normalize_total gives, without the minute in which it would be compiled.
    totals = np.maximum(np.asarray(spots.X.sum(axis=1)), 1)
    spots.X = sparse.csr_matrix(spots.X.multiply(1e4 / totals)).astype(np.float32)
    tg.pp_adatas(spots, places, genes=list(places.var_names))
    mapping = tg.map_cells_to_space(
        spots,
        places,
        mode="cells",
        density_prior="rna_count_based",
        num_epochs=EPOCHS,
        random_state=seed,
        device="cpu",
        verbose=False,
    )
    projected = tg.project_genes(mapping, spots)
    total = np.maximum(np.asarray(projected.X).sum(axis=1, keepdims=True), 1e-12)
    own = projected[:, [number[gene] for gene in task.hidden]].X
    return np.log1p(1e4 * np.asarray(own) / total)


if __name__ == "__main__":
    answer_task(
        impute,
        {
            "version": metadata.version("tangram-sc"),
            "bound": f"{EPOCHS} epochs (its default), at most {MOST_CELLS} reference spots",
        },
    )
