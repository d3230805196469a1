"""Zip archives from a stranger, unpacked within bounds."""

from __future__ import annotations

import gzip
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from training.errors import Problem
from training.slices.readers.source import Unreadable, damaged

NESTED: tuple[str, ...] = (
    ".zip",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
)
NESTED += (".7z", ".rar", ".gz.gz")
# Endings of what is looked at; images and the like are left in the archive.
WANTED = (".h5ad", "filtered_feature_bc_matrix.h5", ".mtx", ".csv", ".tsv", ".txt")
# Nothing that systems add to archives on their own.
LEFTOVERS = ("__macosx", ".ds_store", "thumbs.db")
CHUNK = 2**20
# Disk space that must stay free beside what is unpacked, in bytes.
SPARE_DISK = 256 * 2**20
SMALLER = "give counts as .h5ad or as a 10x matrix, which hold no zeros"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Bounds:
    """How much may come out of one archive.

    `members` counts entries; `size` is bytes unpacked, gzip within included; `ratio` is bytes
    unpacked over packed, which counts beyond `harmless` bytes.
    """

    members: int = 5_000
    size: int = 16 * 2**30
    ratio: float = 300.0
    harmless: int = 256 * 2**20


BOUNDS = Bounds()


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive does, an empty one included."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


def unpack(path: Path, folder: Path, place: str, bounds: Bounds = BOUNDS) -> None:
    """Write what an archive holds of tables and matrices under `folder`, gzip opened.

    Sizes are bounded twice: as the archive declares them, before anything is written, and as they
    turn out.

    Raises:
        Unreadable: for paths that lead out of the folder, links, encryption, archives within,
            two entries of one name, too much of anything, and damage.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check(members, place, bounds)
            wanted = [m for m in members if not m.is_dir() and _wanted(m.filename)]
            declared = sum(member.file_size for member in wanted)
            packed = min(sum(member.compress_size for member in wanted), path.stat().st_size)
            _check_size(declared, packed, place, bounds)
            _check_room(declared, folder, place)
            left = bounds.size
            for member in wanted:
                left -= _extract(archive, member, folder, place, left, bounds)
    except Unreadable:
        raise
    except FileExistsError as error:
        found, twice = "two entries that are one file when unpacked", str(error.filename)
        expected, remedy = "each file once", "zip it afresh"
        raise _refused(place, found, expected, [Path(twice).name], remedy) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        # An error of the system, as of a full disk, has a number and is not the archive's fault.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Unreadable(damaged(path, place, error)) from error


def _check(members: list[zipfile.ZipInfo], place: str, bounds: Bounds) -> None:
    """Refuse an archive by what its directory says of its entries."""
    if len(members) > bounds.members:
        found = f"{len(members):,} entries"
        raise _refused(place, found, f"at most {bounds.members:,}", [], "zip only what is needed")
    rules: list[tuple[str, str, Callable[[zipfile.ZipInfo], bool], str]] = [
        (
            "paths that lead out of the archive",
            "plain relative paths",
            _leads_out,
            "zip the folder itself, from the folder above it",
        ),
        (
            "links",
            "files",
            lambda member: stat.S_ISLNK(member.external_attr >> 16),
            "zip the files that the links lead to",
        ),
        (
            "encrypted entries",
            "an archive without a password",
            lambda member: bool(member.flag_bits & 0x1),
            "zip it without a password",
        ),
        (
            "archives within the archive",
            "files that lie in it themselves",
            lambda member: member.filename.lower().endswith(NESTED),
            "unpack them first, and zip what is in them",
        ),
        (
            "entries packed in an unusual way",
            "ordinary zip compression",
            lambda member: member.compress_type not in METHODS,
            "zip it with the system's own tool",
        ),
    ]
    for found, expected, faulty, remedy in rules:
        wrong = [member.filename for member in members if faulty(member)]
        if wrong:
            raise _refused(place, f"{len(wrong):,} {found}", expected, wrong, remedy)


def _check_room(declared: int, folder: Path, place: str) -> None:
    """Refuse an archive that would fill the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if declared + SPARE_DISK > free:
        found = f"{declared:,} bytes when unpacked, {free:,} bytes free on the disk"
        raise _refused(place, found, "an archive that the disk has room for", [], SMALLER)


def _check_size(size: int, packed: int, place: str, bounds: Bounds) -> None:
    if size > bounds.size or size > max(bounds.harmless, bounds.ratio * packed):
        raise _refused(
            place,
            f"{size:,} bytes or more in an archive of {packed:,}",
            f"at most {bounds.size:,} bytes, and {bounds.ratio:.0f} for each packed one",
            [],
            SMALLER,
        )


def _leads_out(member: zipfile.ZipInfo) -> bool:
    # zipfile has turned the system's separators to slashes and cut names at a NUL.
    name = member.orig_filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return (
        not parts
        or name.startswith(("/", "\\"))
        or ".." in parts
        or ":" in parts[0]
        or "\\" in name
        or "\0" in name
    )


def _wanted(name: str) -> bool:
    parts = [part.lower() for part in PurePosixPath(name).parts]
    if any(part.startswith(".") or part in LEFTOVERS for part in parts):
        return False
    return parts[-1].removesuffix(".gz").endswith(WANTED)


def _extract(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    folder: Path,
    place: str,
    left: int,
    bounds: Bounds,
) -> int:
    """Write one entry; returns its bytes, which no longer than `left` may become."""
    # Names are checked; their parts are made plain all the same, as long ones are not.
    parts = [part[-120:] for part in PurePosixPath(member.filename).parts]
    target = folder.joinpath(*parts)
    packed = target.name.lower().endswith(".gz")
    if packed:
        target = target.with_name(target.name[:-3])
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as raw, target.open("xb") as out:
        source: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
        written = 0
        while chunk := source.read(CHUNK):
            written += len(chunk)
            _check_size(written, max(1, member.compress_size), place, bounds)
            if written > left:
                _check_size(bounds.size + 1, member.compress_size, place, bounds)
            out.write(chunk)
    return written


def _refused(place: str, found: str, expected: str, examples: list[str], remedy: str) -> Unreadable:
    return Unreadable(Problem(place, found, expected, examples[:5], remedy))
