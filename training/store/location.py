"""Where a store is: a local folder, a URL or an open zarr store, and what a folder holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.store.errors import StoreError
from training.store.schema import LITTER, ROOT_KEY, SUFFIX

if TYPE_CHECKING:
    from zarr.abc.store import Store

MAX_ROOT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Location:
    """`target` is what zarr opens; `local` the resolved folder where there is one."""

    target: Any
    local: Path | None
    name: str

    def __str__(self) -> str:
        return str(self.local) if self.local is not None else str(self.target)


def locate(path: str | Path | Store) -> Location:
    """The location behind a path, a URL such as s3://bucket/heart.atlas.zarr, or a zarr store."""
    if isinstance(path, str) and re.match(r"^[a-z][a-z0-9+.-]*://", path):
        return Location(path, None, path.rstrip("/").rsplit("/", 1)[-1])
    if isinstance(path, str | Path):
        given = Path(path)
        return Location(str(given.resolve()), given.resolve(), given.absolute().name)
    text = str(path).rstrip("/")
    return Location(path, None, text.rsplit("/", 1)[-1])


def atlas_id(name: str) -> str:
    """The file name without '.atlas.zarr', letters, digits, '-' and '_' kept, the rest '-'."""
    stem = name[: -len(SUFFIX)] if name.endswith(SUFFIX) else name.removesuffix(".zarr")
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-")
    return slug or "atlas"


def check_folder(folder: Path) -> None:
    """Raise StoreError unless the folder has the outside of a Zarr v3 group."""
    place = str(folder)
    if not folder.exists():
        raise StoreError(
            place,
            "nothing there",
            f"a folder NAME{SUFFIX}",
            "check the path; `atlas fit SLICES --out NAME.atlas.zarr` makes a store.",
        )
    if not folder.is_dir():
        kind = "a zip archive" if _starts_with(folder, b"PK") else "a single file"
        remedy = "unpack it and give the folder." if "zip" in kind else "give the folder."
        raise StoreError(place, kind, f"a folder NAME{SUFFIX}", remedy)
    root = folder / "zarr.json"
    if not root.is_file():
        if (folder / ".zgroup").exists() or (folder / ".zattrs").exists():
            found, remedy = "a Zarr v2 group", "export the atlas again with this version."
        else:
            found = "a folder without zarr.json"
            remedy = "give the folder that `atlas fit` wrote; if it is one, copy it again, whole."
        raise StoreError(place, found, "an atlas store (Zarr v3)", remedy)
    if root.stat().st_size > MAX_ROOT_BYTES:
        raise StoreError(f"{place}/zarr.json", "more than 64 MiB", "a small JSON document")


def is_atlas_folder(folder: Path) -> bool:
    """Whether the folder says of itself that it is an atlas store, sound or not."""
    root = folder / "zarr.json"
    try:
        if not folder.is_dir() or root.stat().st_size > MAX_ROOT_BYTES:
            return False
        return f'"{ROOT_KEY}"' in root.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def store_files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """(path relative to the store with '/', entry) of every file, the root's zarr.json excepted.

    Raises StoreError at a symbolic link or anything else that is neither file nor folder: what
    a store holds must lie inside it.
    """
    pending = [("", str(folder))]
    while pending:
        prefix, current = pending.pop()
        with os.scandir(current) as entries:
            for entry in entries:
                relative = prefix + entry.name
                if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
                    raise StoreError(
                        f"{folder}/{relative}",
                        "a symbolic link or special file",
                        "plain files and folders only",
                        "replace it by the file it points to, or copy the store again.",
                    )
                if entry.is_dir():
                    pending.append((relative + "/", entry.path))
                elif relative != "zarr.json" and not _is_litter(entry.name):
                    yield relative, entry


def count_files(folder: Path) -> tuple[int, int]:
    """(number, total bytes) of the store's files, the root's zarr.json excepted."""
    count = size = 0
    for _, entry in store_files(folder):
        count += 1
        size += entry.stat().st_size
    return count, size


def _is_litter(name: str) -> bool:
    return name in LITTER or name.startswith("._")


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False
