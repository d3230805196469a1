"""What a fit is of, and whether a store is of the same: that of a fit killed at its very end."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.config import FILES, Config
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


def describe_origin(slices: str, config: Config) -> dict[str, str]:
    """What the card of an atlas says of what it was made of.

    Digests of the slices, the settings and what the files that they name hold, and the version of
    this software. `slices` is of `digest_spots`.
    """
    files = hashlib.sha256()
    for section, key in FILES:
        named = getattr(getattr(config, section), key)
        paths = [named] if isinstance(named, str) else named
        for path in filter(None, paths):
            files.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return {
        "slices": slices,
        "settings": hashlib.sha256(config.model_dump_json().encode()).hexdigest(),
        "files": files.hexdigest(),
        "version": _version(),
    }


def find_complete(out: Path, origin: dict[str, Any], note: Path) -> str:
    """The digest of a whole store at `out` that was made of what `origin` says.

    '' where there is none, and where the store is older than `note`, which a fit writes as it
    begins: then it is an earlier fit's, and the one that was interrupted has not ended.
    """
    try:
        atlas = open_atlas(out)
    except StoreError:
        return ""
    if (
        atlas.card.get("made_of") != origin
        or _older(out / "zarr.json", note)
        or validate_store(out)
    ):
        return ""
    return atlas.digest


def _older(file: Path, note: Path) -> bool:
    return note.exists() and file.stat().st_mtime_ns < note.stat().st_mtime_ns


def _version() -> str:
    try:
        return version("inspire-atlas")
    except PackageNotFoundError:
        return ""
