"""Where a store lies, from what somebody wrote: a path, a URL or an open zarr store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from training.store.places.location import Folder, Location, Opened, is_url

if TYPE_CHECKING:
    from zarr.abc.store import Store


def locate(path: str | Path | Store, anonymous: bool | None = None) -> Location:
    """The location behind a path, a URL such as s3://bucket/heart.atlas.zarr, or a zarr store.

    `anonymous` reads object storage without credentials; None does as ATLAS_ANONYMOUS says.
    Raises StoreError for a URL that nothing here can open.
    """
    if isinstance(path, str) and is_url(path):
        parts = urlsplit(path)
        if parts.scheme in ("file", "local"):
            return Folder(Path(unquote(parts.netloc + parts.path)))
        from training.store.places.remote import open_remote

        return open_remote(path, anonymous)
    if isinstance(path, str | Path):
        return Folder(Path(path))
    return Opened(path)
