"""The content digest: equal for equal content, whatever the clock said."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from training.store.errors import StoreError
from training.store.places.location import Folder, Location

BLOCK = 8 << 20
# Files of a store that are read side by side: each waits for its disk or server.
AT_ONCE = 4


def content_digest(where: Path | Location) -> str:
    """SHA-256 over the sorted lines `PATH NUL SHA256 LF` of all files but the root's zarr.json.

    The root document holds the digest itself, the date and the model card, so that two fits
    that give the same content have the same digest. Raises StoreError where nobody can tell which
    files there are.
    """
    location = where if isinstance(where, Location) else Folder(where)
    sizes = location.sizes()
    if sizes is None:
        raise StoreError(str(location), "a place that does not list its files", "a list of files")

    def line(path: str) -> bytes:
        sha = hashlib.sha256()
        for start in range(0, sizes[path], BLOCK):
            sha.update(location.read(path, start, min(BLOCK, sizes[path] - start)))
        return f"{path}\0{sha.hexdigest()}\n".encode()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        lines = sorted(pool.map(line, sizes))
    return hashlib.sha256(b"".join(lines)).hexdigest()
