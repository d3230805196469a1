"""Which sections of a data set are left out, and which genes of them are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from training.benchmark.sets import DataSet

if TYPE_CHECKING:
    from anndata import AnnData

LEFT_OUT = 5
"""Of so many sections one is left out, and at least one."""
VARIABLE = 1000
"""Most variable genes of the reference, half of which are hidden where genes are imputed."""


@dataclass(frozen=True)
class Division:
    """Slices of a set: names of files for the reference, and sections that are mapped onto it."""

    reference: list[Path]
    queries: dict[str, AnnData]


def divide(files: Sequence[Path], seed: int) -> Division:
    """Leave sections out by chance, of different stages as far as there are several.

    A stage that has one section keeps it.
    """
    import anndata as ad

    generator = np.random.default_rng(seed)
    stages = {file: str(ad.read_h5ad(file, backed="r").obs["stage"].iloc[0]) for file in files}
    number = max(1, len(files) // LEFT_OUT)
    chosen: list[Path] = []
    for file in [files[index] for index in generator.permutation(len(files))]:
        stage = stages[file]
        left = [each for each in files if stages[each] == stage and each not in chosen]
        taken = [stages[each] for each in chosen].count(stage)
        fewest = min([stages[each] for each in chosen].count(name) for name in stages.values())
        if len(chosen) < number and len(left) > 1 and taken == fewest:
            chosen.append(file)
    # Stages with one section each: what is left out is then a stage of its own.
    chosen = chosen or [files[int(generator.integers(len(files)))]]
    return Division(
        [file for file in files if file not in chosen],
        {file.stem: ad.read_h5ad(file) for file in sorted(chosen)},
    )


def write_reference(division: Division, dataset: DataSet, folder: Path) -> Path:
    """The reference's slices in `folder`; labels that are not scored are taken off."""
    import anndata as ad
    import pandas as pd

    folder.mkdir(parents=True)
    for file in division.reference:
        if not dataset.drop or dataset.label is None:
            (folder / file.name).symlink_to(file.resolve())
            continue
        slices = ad.read_h5ad(file)
        labels = slices.obs.pop(dataset.label).astype(object)
        kept = labels.where(~labels.isin(dataset.drop) & labels.notna(), None)
        if kept.notna().any():
            slices.obs[dataset.label] = pd.Categorical(kept)
        slices.write_h5ad(folder / file.name)
    return folder


def hide_genes(division: Division, seed: int) -> tuple[list[str], list[str]]:
    """Visible and hidden genes: random halves of the reference's most variable ones.

    Variable is a gene whose log1p counts per 10,000 vary most beyond what their mean explains, as
    scanpy's 'seurat_v3' has it, over all sections of the reference together.
    """
    import anndata as ad
    import scanpy as sc

    slices = [ad.read_h5ad(file) for file in division.reference]
    joined = ad.concat(slices, join="inner", label="slice", index_unique="-")
    for query in division.queries.values():
        joined = joined[:, joined.var_names.isin(query.var_names)]
    joined = joined[:, np.asarray(joined.X.sum(axis=0)).ravel() > 0].copy()
    number = min(VARIABLE, joined.n_vars)
    sc.pp.highly_variable_genes(joined, n_top_genes=number, flavor="seurat_v3")
    genes = joined.var_names[joined.var["highly_variable"]].to_numpy()
    mixed = np.random.default_rng(seed).permutation(np.sort(genes))
    half = len(mixed) // 2
    return sorted(mixed[:half].tolist()), sorted(mixed[half:].tolist())


def log_expression(section: AnnData, genes: Sequence[str]) -> np.ndarray:
    """log1p counts per 10,000 of the whole library (n, genes)."""
    counts = sparse.csr_matrix(section.X)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    own = counts[:, section.var_names.get_indexer(list(genes))].toarray()
    return np.log1p(1e4 * own / np.maximum(totals, 1)[:, None])
