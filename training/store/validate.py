"""Finding every fault of a store: the structure, the digest and the numbers themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import zarr

from training.store.contents import content_faults
from training.store.digest import content_digest
from training.store.errors import StoreError, located
from training.store.places.locate import locate
from training.store.places.location import Location, Opened
from training.store.structure import Header, check_structure, read_header, size_faults

if TYPE_CHECKING:
    from zarr.abc.store import Store

# On writing, the view has just been derived by the same code: a sample proves the disk.
SAMPLE_GENES = 16


def validate_store(path: str | Path | Store, anonymous: bool | None = None) -> list[str]:
    """All faults of the store at `path`, one text each; an empty list when it is sound.

    Checks the structure, the content digest (not of an open zarr store), that numbers are finite
    and in range, that rows and columns that must sum to 1 do, and that every byte of the view is
    what the reference implies. Reads the whole store, a block at a time. `anonymous` as for
    `open_atlas`. Raises StoreError for a URL that nothing here can open, and
    StoreUnreachable.
    """
    location = locate(path, anonymous)
    return [str(fault) for fault in _faults(location, str(location), thorough=True)]


def quick_faults(location: Location, place: str) -> list[StoreError]:
    """As `validate_store` without the digest and with a sample of genes; for the writer."""
    return _faults(location, place, thorough=False)


def open_root(location: Location) -> zarr.Group:
    """The root group, read-only."""
    location.check()
    with located(
        str(location),
        "a Zarr v3 group",
        "give the folder that `atlas fit` wrote; if it is one, copy it again, whole.",
    ):
        return zarr.open_group(location.target, mode="r", zarr_format=3, use_consolidated=False)


def _faults(location: Location, place: str, thorough: bool) -> list[StoreError]:
    try:
        root = open_root(location)
        header = read_header(root, place)
    except StoreError as fault:
        return [fault]
    faults: list[StoreError] = []
    n_bytes: int | None = None
    try:
        sizes = location.sizes()
    except StoreError as fault:
        return [fault]
    if sizes is not None:
        n_bytes = sum(sizes.values())
        faults.extend(size_faults(place, header, (len(sizes), n_bytes)))
    if thorough and not isinstance(location, Opened):
        faults.extend(_digest_faults(location, place, header))
    structure = check_structure(root, place, n_bytes)
    faults.extend(structure.faults)
    if structure.faults or structure.meta is None:
        return faults
    sample = None if thorough else SAMPLE_GENES
    faults.extend(content_faults(root, structure.meta, place, sample))
    return faults


def _digest_faults(location: Location, place: str, header: Header) -> Iterator[StoreError]:
    try:
        with located(place, "files that can be read"):
            found = content_digest(location)
    except StoreError as fault:
        yield fault
        return
    if found != header.digest:
        yield StoreError(
            place,
            f"content with digest {found}",
            header.digest,
            "the store was changed after it was written: copy it again from its source.",
        )
