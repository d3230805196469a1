"""Writing a store: built under a temporary name beside its place, checked, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zarr

from training.store.digest import content_digest
from training.store.errors import StoreError, StoreUnwritten
from training.store.hierarchy.plain import jsonable
from training.store.parts.model import check_model, write_model
from training.store.parts.reference import Reference
from training.store.parts.view import write_view
from training.store.places.locate import locate
from training.store.places.location import count_files, is_atlas_folder, local_path
from training.store.records import ModelPart
from training.store.schema import FORMAT_VERSION, ROOT_KEY, SUFFIX, element_versions
from training.store.structure import check_elements
from training.store.validate import quick_faults

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def create_atlas(
    path: str | Path,
    *,
    write_reference: Callable[[Path], None],
    model: ModelPart,
    card: dict[str, Any],
    overwrite: bool = False,
) -> str:
    """Write a whole store and return its digest (64 hexadecimal digits).

    `write_reference` is called with a path that does not exist yet and writes there the AnnData
    group that FORMAT.md asks for, Zarr v3; from it the view is derived. `card` is the model card.
    The store appears under `path` complete and checked, or not at all; a writer that was killed
    leaves only a hidden folder `.NAME.*.partial` beside it, which may be deleted.

    Raises StoreError: a URL, a name without '.atlas.zarr', something at `path` (unless `overwrite`
    and it is an atlas store), a full disk, or data that break the format.
    """
    final = _destination(local_path(path), overwrite)
    work: Path | None = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        work = _sibling(final, "partial")
        work.mkdir()
        digest = _build(work, str(final), write_reference, model, card)
        _publish(work, final, overwrite)
    except BaseException as fault:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
        system = _system_error(fault)
        if system is not None and not isinstance(fault, StoreError):
            raise _write_error(final, system) from fault
        raise
    return digest


def _build(
    work: Path,
    place: str,
    write_reference: Callable[[Path], None],
    model: ModelPart,
    card: dict[str, Any],
) -> str:
    # What is wrong with the small parts is said before the long work begins.
    model = check_model(model, place)
    card = jsonable(card, f"{place} (card)")
    root = zarr.open_group(work, mode="w", zarr_format=3)
    write_reference(work / "reference")
    for fault in check_elements(root, place, None, "reference").faults:
        raise fault
    write_view(root, Reference(root, place), place)
    write_model(root, model)
    n_files, n_bytes = count_files(work)
    digest = content_digest(work)
    root.attrs[ROOT_KEY] = {
        "format_version": FORMAT_VERSION,
        "digest": digest,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "elements": element_versions(),
        "n_files": n_files,
        "n_bytes": n_bytes,
        "card": card,
    }
    faults = quick_faults(locate(work), place)
    if faults:
        more = f" ({len(faults) - 1} more faults follow from the same data)"
        first = faults[0]
        raise StoreError(
            first.place,
            first.found,
            first.expected + (more if len(faults) > 1 else ""),
            first.remedy,
        )
    _flush(work)
    return digest


def _destination(path: Path, overwrite: bool) -> Path:
    if not path.name.endswith(SUFFIX) or path.name == SUFFIX:
        raise StoreError(
            str(path),
            f"the name {path.name!r}",
            f"a name ending in {SUFFIX}",
            f"write to {path.with_name((path.name.split('.')[0] or 'atlas') + SUFFIX)}.",
        )
    final = path.resolve()
    if final.exists():
        if not overwrite:
            raise StoreError(
                str(final),
                "something already there",
                "a free name",
                "choose another name, or allow overwriting.",
            )
        if not is_atlas_folder(final):
            raise StoreError(
                str(final),
                "something that is not an atlas store",
                "a free name or an atlas store to replace",
                "choose another name; nothing was changed.",
            )
    return final


def _publish(work: Path, final: Path, overwrite: bool) -> None:
    """Rename into place. A store that is replaced steps aside first and back on failure."""
    aside: Path | None = None
    if overwrite and final.exists():
        aside = _sibling(final, "replaced")
        final.rename(aside)
    try:
        if final.exists():
            raise StoreError(
                str(final),
                "a store that appeared while this one was written",
                "a free name",
                "choose another name.",
            )
        work.rename(final)
    except BaseException:
        if aside is not None:
            aside.rename(final)
        raise
    _flush_folder(final.parent)
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Ask the system to put every file and folder on the disk before the rename names them."""
    for current, _, files in os.walk(folder):
        for name in files:
            _flush_path(Path(current, name))
        _flush_folder(Path(current))


def _flush_folder(folder: Path) -> None:
    # Not every system lets a folder be opened; there the rename itself is all there is.
    if os.name == "posix":
        _flush_path(folder)


def _flush_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sibling(final: Path, purpose: str) -> Path:
    """A hidden name beside `final`, on the same disk so that a rename is one step."""
    return final.with_name(f".{final.name}.{secrets.token_hex(4)}.{purpose}")


def _system_error(fault: BaseException | None) -> OSError | None:
    """The operating system's refusal behind a fault, however libraries wrapped it."""
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        if isinstance(fault, OSError):
            return fault
        seen.add(id(fault))
        fault = fault.__cause__ or fault.__context__
    return None


def _write_error(final: Path, system: OSError) -> StoreUnwritten:
    if system.errno in NO_SPACE:
        free = shutil.disk_usage(_nearest(final)).free
        return StoreUnwritten(
            str(final),
            f"no room while writing ({system.strerror}; {free // 2**20:,} MiB free)",
            "room for the whole store",
            "free some space or write to another disk; what was written has been removed.",
        )
    return StoreUnwritten(
        str(final),
        f"that it cannot be written ({system.strerror or system})",
        "a folder that can be written to",
        "check the permissions of the folder; what was written has been removed.",
    )


def _nearest(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
