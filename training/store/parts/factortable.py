"""Names and stability of factors, as the optional table of a store gives them."""

from __future__ import annotations

import numpy as np

from training.store.errors import StoreError
from training.store.parts.frames import read_table
from training.store.parts.reference import Reference


def read_factor_table(reference: Reference) -> dict[str, np.ndarray]:
    """The table 'factors' by columns; {} of a store without one."""
    try:
        return read_table(reference, "factors")
    except StoreError:
        return {}


def stored_names(table: dict[str, np.ndarray], n_factors: int) -> list[str] | None:
    """A name for every factor; None where the table does not name them all."""
    stored = table.get("name")
    if stored is None or len(stored) != n_factors:
        return None
    return [str(name) for name in stored.tolist()]


def stored_stability(table: dict[str, np.ndarray], n_factors: int) -> np.ndarray:
    """Stability (K,), 0..1, NaN where it was not judged."""
    stored = table.get("stability")
    if stored is None or stored.shape != (n_factors,) or stored.dtype.kind != "f":
        return np.full(n_factors, np.nan)
    return stored
