"""Which files and folders under a path are slices."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from training.errors import Problem
from training.slices.readers.annotation import ANNOTATION_FILE, annotate, read_annotation
from training.slices.readers.h5ad import read_h5ad
from training.slices.readers.source import Source, Unreadable
from training.slices.readers.spatialdata import is_zarr, read_zarr_table
from training.slices.readers.visium import is_visium, read_visium

ATLAS_SUFFIX = ".atlas.zarr"
KINDS = "a folder of .h5ad files, one .h5ad, 10x Visium folders or SpatialData stores"


def find_sources(path: Path, *, spatial_key: str) -> tuple[list[Source], list[Problem]]:
    """Sources under a path in natural order of their names, and what could not be read.

    Everything that is not a slice is ignored, fitted atlases among it.
    """
    path = Path(path)
    if not path.exists():
        return [], [Problem(str(path), "nothing there", KINDS, remedy="check the path")]
    readers = _readers(path, spatial_key)
    if not readers:
        return [], [_nothing(path)]
    sources: list[Source] = []
    problems: list[Problem] = []
    for read in readers:
        try:
            sources.append(read())
        except Unreadable as fault:
            problems.append(fault.problem)
    if len(readers) == 1:
        for source in sources:
            source.several = True
    folder = path if path.is_dir() and not (is_zarr(path) or is_visium(path)) else path.parent
    plain = [source for source in sources if not source.place.lower().endswith(".h5ad")]
    if plain and (folder / ANNOTATION_FILE).is_file():
        try:
            annotate(plain, read_annotation(folder / ANNOTATION_FILE))
        except Unreadable as fault:
            problems.append(fault.problem)
    return sources, problems


def natural_key(name: str) -> tuple[tuple[int, float, str], ...]:
    """Sorting key that puts section2 before section10."""
    return tuple(
        (0, float(part), "") if part.isdigit() else (1, 0.0, part.lower())
        for part in re.split(r"(\d+)", name)
        if part
    )


def _readers(path: Path, spatial_key: str) -> list[Callable[[], Source]]:
    path = path.absolute()
    one = _reader(path, path.name, spatial_key)
    if one is not None:
        return [one]
    if not path.is_dir():
        return []
    entries = sorted(path.iterdir(), key=lambda entry: (natural_key(entry.name), entry.name))
    # Hidden entries are what systems leave behind, such as ._NAME.h5ad.
    shown = [entry for entry in entries if not entry.name.startswith(".")]
    found = (_reader(entry, entry.name, spatial_key) for entry in shown)
    return [reader for reader in found if reader is not None]


def _reader(path: Path, place: str, spatial_key: str) -> Callable[[], Source] | None:
    if path.is_file():
        if path.suffix.lower() != ".h5ad":
            return None
        return lambda: read_h5ad(path, place=place, spatial_key=spatial_key)
    if path.name.endswith(ATLAS_SUFFIX):
        return None
    if is_zarr(path):
        return lambda: read_zarr_table(path, place=place, spatial_key=spatial_key)
    if is_visium(path):
        return lambda: read_visium(path, place=place)
    if is_visium(path / "outs"):
        return lambda: read_visium(path / "outs", place=f"{place}/outs")
    return None


def _nothing(path: Path) -> Problem:
    if path.is_file():
        return Problem(
            str(path),
            "a file that is no slice",
            KINDS,
            remedy="for a 10x matrix give the folder that holds it and its spatial folder",
        )
    if path.name.endswith(ATLAS_SUFFIX):
        return Problem(str(path), "a fitted atlas", KINDS, remedy="give the slices it is made of")
    names = sorted(entry.name + "/" * entry.is_dir() for entry in path.iterdir())
    return Problem(
        str(path),
        f"{len(names)} entries and no slice among them" if names else "an empty folder",
        KINDS,
        examples=names[:5],
        remedy="give the folder that holds the slices themselves, not one above it",
    )
