"""What a query may be on disk: one file, a folder, or a zip of either; opened with care."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.errors import DataError, Problem
from training.slices.readers.archive import is_zip, unpack
from training.slices.readers.discovery import find_sources, natural_key
from training.slices.readers.hdf5check import check_hdf5
from training.slices.readers.source import Source, Unreadable
from training.slices.readers.spatialdata import is_zarr
from training.slices.readers.tables import is_table, read_tables
from training.slices.readers.visium import MATRIX, is_visium, read_visium
from training.store import open_atlas

KINDS = (
    "an .h5ad file, a Space Ranger folder, a table of counts with one of coordinates (CSV or TSV), "
    "or a zip of one of these"
)
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
DEEPEST = 6


@contextmanager
def open_sources(path: Path) -> Iterator[list[Source]]:
    """The sections of a query; their counts can be read until the context ends.

    A zip is unpacked into the system's temporary folder, and removed at the end.

    Raises:
        DataError: for what is none of KINDS, is damaged, or reaches outside itself.
    """
    path = Path(path)
    if not path.exists():
        raise DataError([Problem(str(path), "no such file", KINDS)])
    try:
        if path.is_dir():
            yield folder_sources(path)
        elif is_zip(path):
            with tempfile.TemporaryDirectory(prefix="atlas-query-") as folder:
                unpack(path, Path(folder), path.name)
                yield unpacked_sources(Path(folder), path)
        else:
            yield file_sources(path)
    except Unreadable as fault:
        raise DataError([fault.problem]) from fault


@contextmanager
def given_query(store: str | Path, query: Path | None, coordinates: Path | None) -> Iterator[Path]:
    """The path to map, of what a command was given: a demonstration where no query is named."""
    if query is None:
        from training.mapping.reading.demonstration import write_demonstration

        with tempfile.TemporaryDirectory(prefix="atlas-query-") as folder:
            yield write_demonstration(open_atlas(store), Path(folder))
    elif coordinates is None:
        yield query
    else:
        with table_pair(query, coordinates) as folder_of_both:
            yield folder_of_both


@contextmanager
def table_pair(counts: Path, coordinates: Path) -> Iterator[Path]:
    """A folder that holds two tables of different places, as `open_sources` reads it."""
    for file in (counts, coordinates):
        if not file.is_file() or not is_table(file):
            found = "no table" if file.is_file() else "no such file"
            raise DataError([Problem(str(file), found, "a .csv or .tsv file, or such a .gz")])
    with tempfile.TemporaryDirectory(prefix="atlas-query-") as folder:
        ending = "".join(part for part in coordinates.suffixes[-2:] if is_table(Path("t" + part)))
        named = "coordinates" + (ending or "".join(coordinates.suffixes[-2:]))
        name = counts.name if not counts.name.startswith("coordinates.") else f"counts-{named}"
        (Path(folder) / name).symlink_to(counts.resolve())
        (Path(folder) / named).symlink_to(coordinates.resolve())
        yield Path(folder)


def file_sources(path: Path) -> list[Source]:
    """One file that is no zip."""
    if is_table(path):
        raise Unreadable(
            Problem(
                path.name,
                "one table alone",
                KINDS,
                remedy="give the coordinates too: --coordinates FILE, or both tables in one zip",
            )
        )
    with path.open("rb") as file:
        start = file.read(len(HDF5_SIGNATURE))
    if path.suffix.lower() == ".h5ad" or start == HDF5_SIGNATURE:
        return h5ad_sources(path)
    raise Unreadable(Problem(path.name, f"a file that begins with {start!r}", KINDS))


def h5ad_sources(path: Path) -> list[Source]:
    """One AnnData file, once its structure has been looked through."""
    from training.slices.readers.h5ad import read_h5ad

    check_hdf5(path, path.name)
    return [read_h5ad(path, place=path.name, spatial_key="spatial")]


def folder_sources(folder: Path) -> list[Source]:
    """A folder of the reader's own: everything that a fit reads, or two tables."""
    sources, problems = find_sources(folder, spatial_key="spatial")
    tables = sorted(entry for entry in folder.iterdir() if is_table(entry))
    if tables and not sources and not is_zarr(folder) and not is_visium(folder):
        return [read_tables(tables, stem=folder.resolve().name)]
    if problems:
        raise DataError(problems)
    return sources


def unpacked_sources(folder: Path, archive: Path) -> list[Source]:
    """What was unpacked: Space Ranger folders, .h5ad files, or two tables, at any depth."""
    folders = [folder, *sorted(each for each in folder.rglob("*") if each.is_dir())]
    folders = [each for each in folders if len(each.relative_to(folder).parts) <= DEEPEST]
    spaceranger = [each for each in folders if is_visium(each)]
    if spaceranger:
        return [visium_source(each, folder, archive) for each in spaceranger]
    files = [each for each in folder.rglob("*") if each.is_file()]
    order = sorted(files, key=lambda each: natural_key(each.relative_to(folder).as_posix()))
    h5ads = [each for each in order if each.suffix.lower() == ".h5ad"]
    if h5ads:
        return [source for each in h5ads for source in h5ad_sources(each)]
    tables = [each for each in order if is_table(each)]
    if tables:
        return [read_tables(tables, stem=archive.stem)]
    shown = [each.relative_to(folder).as_posix() for each in order[:5]]
    raise Unreadable(
        Problem(
            archive.name,
            "an archive without a section in it",
            KINDS,
            shown,
            "for Space Ranger zip the folder that holds filtered_feature_bc_matrix and spatial",
        )
    )


def visium_source(folder: Path, root: Path, archive: Path) -> Source:
    """One unpacked Space Ranger folder, named for itself or, at the top, for the archive."""
    inside = folder.relative_to(root).as_posix()
    for file in folder.glob(f"*{MATRIX}.h5"):
        check_hdf5(file, f"{archive.name}/{file.name}")
    source = read_visium(folder, place=archive.name if inside == "." else inside)
    named = [part for part in folder.relative_to(root).parts if part != "outs"]
    source.stem = named[-1] if named else archive.stem
    return source
