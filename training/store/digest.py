"""The content digest: equal for equal content, whatever the clock said."""

from __future__ import annotations

import hashlib
from pathlib import Path

from training.store.location import store_files

BLOCK = 1 << 20


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; memory does not grow with the file."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sha.update(block)
    return sha.hexdigest()


def content_digest(folder: Path) -> str:
    """SHA-256 over the sorted lines `PATH NUL SHA256 LF` of all files but the root's zarr.json.

    The root document holds the digest itself, the date and the model card, so that two fits
    that give the same content have the same digest.
    """
    lines = sorted(
        f"{relative}\0{file_digest(Path(entry.path))}\n".encode()
        for relative, entry in store_files(folder)
    )
    return hashlib.sha256(b"".join(lines)).hexdigest()
