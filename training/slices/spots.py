"""Spots handed over in memory, held to what slices on disk are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.errors import DataError, Problem
from training.slices.validation import check_coordinates, check_counts, check_names

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy.sparse import csr_matrix

ONE_SLICE = "all"
"""Name of the one slice of spots that name none."""


def check_spots(spots: AnnData, *, filled: bool) -> AnnData:
    """A copy with CSR float32 counts, float32 positions and a categorical slice; rows in order.

    Args:
        spots: raw counts in X, obsm['spatial'] (n, 2), and obs['slice'] where there are several;
            varm['measured'] (genes, slices in the order of their categories, else of their names)
            where some did not measure all genes.
        filled: every spot needs a count, as in a fit.

    Raises:
        DataError: with every fault; the spots themselves are never changed.
    """
    import pandas as pd
    from anndata import AnnData
    from scipy import sparse

    place = "spots"
    if not spots.n_obs or not spots.n_vars or spots.X is None:
        raise DataError([Problem(place, f"{spots.n_obs} spots × {spots.n_vars} genes", "some")])
    counts = sparse.csr_matrix(spots.X, copy=True)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    problems = check_names(place, spots.obs_names, "spot", "name each spot differently")
    problems += check_names(place, spots.var_names, "gene", "sum or rename the repeated genes")
    problems += check_counts(place, counts, spots.obs_names, spots.var_names)
    positions, faults = check_coordinates(
        place, spots.obsm.get("spatial"), spots.obs_names, "spatial"
    )
    problems += faults
    names = spots.obs["slice"] if "slice" in spots.obs else pd.Series(ONE_SLICE, spots.obs_names)
    for found, wrong, remedy in (
        ("spots without a value in obs['slice']", names.isna().to_numpy(), "fill the column"),
        ("spots without a count", filled & (np.diff(counts.indptr) == 0), "leave them out"),
    ):
        if wrong.any():
            shown = [str(name) for name in spots.obs_names[wrong][:5]]
            problems.append(Problem(place, f"{int(wrong.sum()):,} {found}", "none", shown, remedy))
    measured = None
    if "measured" in spots.varm:
        order = pd.Categorical(names.astype(str))
        measured = np.asarray(spots.varm["measured"], dtype=bool)
        if isinstance(names.dtype, pd.CategoricalDtype):
            given = [str(name) for name in names.cat.categories]
            if len(given) == measured.shape[-1]:
                measured = measured[:, [given.index(name) for name in order.categories]]
        problems += _check_measured(place, counts, measured, order.codes, len(order.categories))
    if problems or positions is None:
        raise DataError(problems)
    obs = spots.obs.copy()
    obs["slice"] = pd.Categorical(names.astype(str))
    checked = AnnData(counts.astype(np.float32), obs=obs, var=spots.var.copy())
    checked.obsm["spatial"] = positions
    if measured is not None:
        checked.varm["measured"] = measured
    return checked


def _check_measured(
    place: str,
    counts: csr_matrix,
    measured: np.ndarray,
    slices: np.ndarray,
    n_slices: int,
) -> list[Problem]:
    """varm['measured'] has a column for each slice and no counts where it says there are none."""
    if measured.shape != (counts.shape[1], n_slices):
        found = f"varm['measured'] of shape {measured.shape}"
        return [Problem(place, found, f"{counts.shape[1]} genes × {n_slices} slices")]
    owner = np.repeat(slices, np.diff(counts.indptr))
    wrong = int((~measured[counts.indices, owner]).sum())
    if not wrong:
        return []
    found = f"{wrong:,} counts of genes that varm['measured'] says were not measured"
    return [Problem(place, found, "no counts there")]
