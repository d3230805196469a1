"""AnnData files (.h5ad)."""

from __future__ import annotations

from pathlib import Path

from training.slices.readers.groups import read_group
from training.slices.readers.source import Source


def read_h5ad(path: Path, *, place: str, spatial_key: str) -> Source:
    """Source of one .h5ad file.

    Raises:
        Unreadable: for a file that is damaged or not AnnData.
    """
    import h5py

    return read_group(
        lambda: h5py.File(path, "r"),
        path=path,
        place=place,
        stem=path.stem,
        spatial_key=spatial_key,
    )
