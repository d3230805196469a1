"""Data sets to slices: runs the converter a manifest names and writes what it yields."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import DataError, Problem
from training.sources.fetch import verify
from training.sources.manifest import Dataset, SliceEntry

if TYPE_CHECKING:
    from anndata import AnnData

# Converter of a manifest: module with a function convert(dataset, folder).
CONVERTERS = {
    "human_heart": "training.sources.converters.human_heart",
    "seqfish_embryo": "training.sources.converters.seqfish_embryo",
    "her2st": "training.sources.converters.her2st",
}

Converter = Callable[[Dataset, Path], Iterator[tuple[SliceEntry, "AnnData"]]]


def convert(
    dataset: Dataset,
    folder: Path,
    slices: Path,
    report: Callable[[SliceEntry, AnnData], None] | None = None,
) -> list[Path]:
    """Write the slices of a fetched data set as .h5ad files.

    Args:
        dataset: which data set.
        folder: where its files lie, as OWNER/REPO/COMMIT/PATH.
        slices: folder for the slices, made when absent; files of the same name are replaced.
        report: told of each slice written.

    Returns:
        Paths written, in the order of the manifest.

    Raises:
        DataError: when files are missing or differ from the manifest, or `slices` cannot be
            written to.
        MissingExtraError: when the converter needs an optional part of the installation.
    """
    run = find_converter(dataset)
    problems = verify(dataset, folder)
    if problems:
        raise DataError(problems)
    paths = []
    try:
        slices.mkdir(parents=True, exist_ok=True)
        for entry, adata in run(dataset, folder):
            paths.append(_write(adata, slices / f"{entry.file}.h5ad"))
            if report is not None:
                report(entry, adata)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            [
                Problem(
                    str(slices),
                    f"a folder that cannot be written to ({reason})",
                    "a folder for the slices",
                    remedy="choose another with --to",
                )
            ]
        ) from error
    return paths


def find_converter(dataset: Dataset) -> Converter:
    """The converter a manifest names.

    Raises:
        DataError: when there is no such converter.
    """
    module = CONVERTERS.get(dataset.converter)
    if module is None:
        raise DataError(
            [
                Problem(
                    f"manifest {dataset.name}",
                    f"converter '{dataset.converter}'",
                    "a converter that exists",
                    sorted(CONVERTERS),
                )
            ]
        )
    converter: Converter = importlib.import_module(module).convert
    return converter


def _write(adata: AnnData, path: Path) -> Path:
    # The ending of unfinished files keeps them from being read as slices.
    partial = path.with_name(path.name + ".part")
    adata.write_h5ad(partial, compression="gzip")
    partial.replace(path)
    return path
