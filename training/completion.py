"""What a fit is of, and whether a store is of the same: that of a fit killed at its very end."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.store import StoreError, open_atlas, validate_store

if TYPE_CHECKING:
    from anndata import AnnData


def digest_spots(spots: AnnData) -> str:
    """A digest of counts, names and coordinates: two collections with one digest fit alike."""
    whole = hashlib.sha256()
    measured = spots.varm.get("measured", np.empty(0))
    for part in (spots.X.data, spots.X.indices, spots.X.indptr, spots.obsm["spatial"], measured):
        whole.update(np.ascontiguousarray(part).data)
    for names in (spots.obs_names, spots.var_names, spots.obs["slice"], spots.obs["stage"]):
        whole.update("\n".join(map(str, names)).encode())
    return whole.hexdigest()


def describe_origin(slices: str, settings: str) -> dict[str, str]:
    """What the card of an atlas says of what it was made of: digests of slices and settings."""
    return {"slices": slices, "settings": hashlib.sha256(settings.encode()).hexdigest()}


def find_complete(out: Path, origin: dict[str, Any]) -> str:
    """The digest of a whole store at `out` that was made of the same slices with the same settings;
    '' where there is none."""
    try:
        atlas = open_atlas(out)
    except StoreError:
        return ""
    if atlas.card.get("made_of") != origin or validate_store(out):
        return ""
    return atlas.digest
