"""What a place of a store must answer, and local folders and open zarr stores as such places."""

from __future__ import annotations

import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.store.errors import StoreError, located
from training.store.schema import LITTER, ROOT_KEY, SUFFIX

if TYPE_CHECKING:
    from zarr.abc.store import Store

MAX_ROOT_BYTES = 64 * 2**20
URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# Two letters at least: C:/ is a disk.
WRITTEN_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


class Location(ABC):
    """Where a store lies. `str()` is what opens it again; paths below it are relative, with '/'.

    Local folders and object storage are alike behind it; only the few questions below differ.
    """

    name: str
    """The last part of path or URL, such as heart.atlas.zarr."""
    local: Path | None = None
    """The resolved folder, where there is one."""

    @property
    @abstractmethod
    def target(self) -> Any:
        """What zarr opens, read-only."""

    @abstractmethod
    def check(self) -> None:
        """Raise StoreError unless there is the outside of a Zarr v3 group."""

    @abstractmethod
    def sizes(self) -> dict[str, int] | None:
        """Bytes of every file but the root's zarr.json, by path; None where nobody can tell.

        Raises StoreError for anything that a store must not hold; see `store_files`.
        """

    @abstractmethod
    def size(self, path: str) -> int:
        """Bytes of a file. Raises FileNotFoundError."""

    @abstractmethod
    def read(
        self, path: str, start: int = 0, length: int | None = None, patience: float | None = None
    ) -> bytes:
        """Bytes of a file as it is now, from `start`; fewer than `length` where it ends.

        Waits at most `patience` seconds for a server. Raises FileNotFoundError, or another
        OSError of the disk, or StoreUnreachable.
        """

    @abstractmethod
    def fetch(self, path: str, folder: Path) -> None:
        """Copy what lies below `path` into a new folder."""


class Folder(Location):
    """A store on a local disk."""

    def __init__(self, given: Path) -> None:
        self.local: Path = given.resolve()
        self.name = given.absolute().name

    def __str__(self) -> str:
        return str(self.local)

    @property
    def target(self) -> str:
        return str(self.local)

    def check(self) -> None:
        with located(str(self)):
            check_folder(self.local)

    def sizes(self) -> dict[str, int]:
        with located(str(self)):
            return {path: entry.stat().st_size for path, entry in store_files(self.local)}

    def size(self, path: str) -> int:
        return (self.local / path).stat().st_size

    def read(
        self, path: str, start: int = 0, length: int | None = None, patience: float | None = None
    ) -> bytes:
        with (self.local / path).open("rb", buffering=0) as file:
            if length is not None:
                return os.pread(file.fileno(), length, start)
            file.seek(start)
            return file.readall()

    def fetch(self, path: str, folder: Path) -> None:
        shutil.copytree(self.local / path, folder)


class Opened(Location):
    """A zarr store that was opened elsewhere: zarr alone knows how to read it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.name = str(store).rstrip("/").rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return str(self._store)

    @property
    def target(self) -> Store:
        return self._store

    def check(self) -> None:
        return

    def sizes(self) -> None:
        return None

    def size(self, path: str) -> int:
        raise FileNotFoundError(path)

    def read(
        self, path: str, start: int = 0, length: int | None = None, patience: float | None = None
    ) -> bytes:
        raise FileNotFoundError(path)

    def fetch(self, path: str, folder: Path) -> None:
        raise StoreError(str(self), "an open zarr store", "a folder or a URL")


def is_url(text: str) -> bool:
    """Whether a text is a URL and no path."""
    return URL.match(text) is not None


def local_path(text: str | Path) -> Path:
    """The path of something to write. Raises StoreError for a URL, also one that went through Path,
    which leaves one slash of two."""
    if WRITTEN_URL.match(str(text)):
        raise StoreError(
            str(text),
            "a URL to write to",
            "a path on this machine",
            "write to a folder, then copy it to its place, such as with aws s3 sync.",
        )
    return Path(text)


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
                elif relative != "zarr.json" and not is_litter(entry.name):
                    yield relative, entry


def count_files(folder: Path) -> tuple[int, int]:
    """(number, total bytes) of the store's files, the root's zarr.json excepted."""
    count = size = 0
    for _, entry in store_files(folder):
        count += 1
        size += entry.stat().st_size
    return count, size


def is_litter(name: str) -> bool:
    return name in LITTER or name.startswith("._")


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False
