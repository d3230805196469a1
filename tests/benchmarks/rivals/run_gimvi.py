"""gimVI (Lopez et al. 2019) of scvi-tools: one latent of reference and query, decoded.

As its tutorial has it: default latent and epochs, raw counts, no batches. The reference is given by
the genes that are visible or hidden, the most variable ones. Decoded shares of these add up to 1 in
each spot; so do those of a whole library but for a factor, which the benchmark's levels take up.
"""

from __future__ import annotations

from importlib import metadata

import anndata as ad
import numpy as np
import pandas as pd
import scvi
from scvi.external import GIMVI
from task import Task, answer_task

EPOCHS = 200
MOST_SPOTS = 6000
"""Reference spots at most, drawn by chance."""


def impute(task: Task, seed: int) -> np.ndarray:
    scvi.settings.seed = seed
    generator = np.random.default_rng(seed)
    place = {gene: index for index, gene in enumerate(task.genes)}
    genes = [*task.visible, *task.hidden]
    counts = task.reference[:, [place[gene] for gene in genes]]
    # A spot without counts has no library size, and neither side may hold one.
    kept = np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() > 0)
    if len(kept) > MOST_SPOTS:
        kept = np.sort(generator.choice(kept, MOST_SPOTS, replace=False))
    seen = np.flatnonzero(np.asarray(task.query.sum(axis=1)).ravel() > 0)
    library = np.asarray(task.reference.sum(axis=1)).ravel()
    share = float(counts.sum() / library.sum())
    reference = _table(counts[kept], genes)
    query = _table(task.query[seen], task.visible)
    GIMVI.setup_anndata(reference)
    GIMVI.setup_anndata(query)
    model = GIMVI(reference, query)
    model.train(max_epochs=EPOCHS, accelerator="cpu", enable_progress_bar=False)
    decoded = model.get_imputed_values(deterministic=True, normalized=True)[1]
    found = np.log1p(1e4 * share * decoded[:, len(task.visible) :])
    values = np.tile(found.mean(axis=0), (task.query.shape[0], 1))
    values[seen] = found
    return values


def _table(counts, genes: list[str]) -> ad.AnnData:  # type: ignore[no-untyped-def]
    return ad.AnnData(counts.astype(np.float32), var=pd.DataFrame(index=list(genes)))


if __name__ == "__main__":
    answer_task(
        impute,
        {
            "version": metadata.version("scvi-tools"),
            "bound": f"{EPOCHS} epochs (its default), at most {MOST_SPOTS} reference spots",
        },
    )
