"""What an HDF5 file from a stranger must not hold; seen in its structure, before data is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.errors import Problem
from training.slices.readers.source import Unreadable, damaged

# An AnnData file has some hundred objects; thousands would be read for hours.
MOST_OBJECTS = 20_000
DEEPEST = 32
# Bytes that all arrays together declare. A dense matrix is read in blocks, and its zeros are not
# kept; the rest lies in memory, which the caller bounds.
MOST_BYTES = 64 * 2**30
# Deflate writes at most 1,032 bytes for one of its own: beyond that an array was never written.
HIGHEST_RATIO = 1_100
# Arrays below this are never called a bomb, in bytes.
HARMLESS = 64 * 2**20
REMEDY = "write the file again with AnnData.write_h5ad, which keeps all data in the file itself"


def check_hdf5(path: Path, place: str) -> None:
    """Refuse files that reach outside themselves or declare far more than they hold.

    Looks at links and shapes only, so that its time does not grow with what is declared.

    Raises:
        Unreadable: for external or symbolic links, external or virtual storage, cycles, too many
            objects, arrays that declare far more than the file holds; and for damage.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            _walk(file, place)
    except Unreadable:
        raise
    # h5py raises almost any type on broken files.
    except Exception as error:
        raise Unreadable(damaged(path, place, error)) from error


def _walk(file: Any, place: str) -> None:
    import h5py

    groups: list[tuple[Any, int]] = [(file, 0)]
    seen = {h5py.h5o.get_info(file.id).addr}
    objects, declared = 0, 0
    while groups:
        group, depth = groups.pop()
        for name in group:
            objects += 1
            where = f"{group.name.rstrip('/')}/{name}"
            if objects > MOST_OBJECTS or depth > DEEPEST:
                found = f"more than {MOST_OBJECTS:,} objects, or {DEEPEST} levels of groups"
                raise _refused(place, found, "an AnnData file", where)
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = "an external link" if isinstance(link, h5py.ExternalLink) else "a link"
                target = str(getattr(link, "filename", "")) + ":" + str(getattr(link, "path", ""))
                raise _refused(
                    place, f"{kind} in place of data", "data", f"{where} → {target.lstrip(':')}"
                )
            node = group[name]
            address = h5py.h5o.get_info(node.id).addr
            if address in seen:
                raise _refused(place, "one object under two names", "each object once", where)
            seen.add(address)
            if isinstance(node, h5py.Group):
                groups.append((node, depth + 1))
            elif isinstance(node, h5py.Dataset):
                declared += _declared(node, where, place)
                if declared > MOST_BYTES:
                    found = f"arrays that declare more than {MOST_BYTES / 2**30:.0f} GiB"
                    raise _refused(place, found, "a file of one or several sections", where)


def _declared(dataset: Any, where: str, place: str) -> int:
    """Bytes that an array declares; refused where they lie elsewhere, or nowhere."""
    if dataset.external:
        raise _refused(place, "an array stored in another file", "arrays in this file", where)
    if dataset.is_virtual:
        raise _refused(place, "an array put together of others", "arrays in this file", where)
    if dataset.shape is None:
        return 0
    size = int(dataset.size) * int(dataset.dtype.itemsize)
    stored = int(dataset.id.get_storage_size())
    if size > HARMLESS and size > HIGHEST_RATIO * stored:
        found = f"an array that declares {size:,} bytes and holds {stored:,}"
        raise _refused(place, found, "arrays that were written whole", where)
    return size


def _refused(place: str, found: str, expected: str, where: str) -> Unreadable:
    return Unreadable(Problem(place, found, expected, [where], REMEDY))
