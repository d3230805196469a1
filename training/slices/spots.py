"""Spots handed over in memory, held to what slices on disk are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.errors import DataError, Problem
from training.slices.validation import check_coordinates, check_counts, check_names

if TYPE_CHECKING:
    from anndata import AnnData

ONE_SLICE = "all"
"""Name of the one slice of spots that name none."""


def check_spots(spots: AnnData, *, filled: bool) -> AnnData:
    """A copy with CSR float32 counts, float32 positions and a categorical slice; rows in order.

    Args:
        spots: raw counts in X, obsm['spatial'] (n, 2), and obs['slice'] where there are several.
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
    if problems or positions is None:
        raise DataError(problems)
    obs = spots.obs.copy()
    obs["slice"] = pd.Categorical(names.astype(str))
    checked = AnnData(counts.astype(np.float32), obs=obs, var=spots.var.copy())
    checked.obsm["spatial"] = positions
    return checked
