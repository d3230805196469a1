"""The zarr store behind a URL: what is known is not asked for, what fails is said as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from zarr.storage import FsspecStore

from training.store.errors import StoreUnreachable, gone

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

ROOT = "zarr.json"


class ListedStore(FsspecStore):
    """Read-only. `sizes` are all of its files, None where nobody lists them; `documents` those
    that were read already.

    Zarr takes a file that is missing for zeros. Here one that was there on opening, or that the
    format says must be there, is an error. Where nobody lists files, groups seem empty; see lists.
    """

    def __init__(
        self,
        fs: Any,
        path: str,
        place: str,
        sizes: dict[str, int] | None,
        documents: dict[str, bytes],
    ) -> None:
        super().__init__(fs, read_only=True, path=path)
        self.lists = sizes is not None
        self._place = place
        self._sizes = sizes
        self._documents = documents

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def with_read_only(self, read_only: bool = False) -> ListedStore:
        if not read_only:
            raise ValueError("a store behind a URL is only read")
        return self

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        kept = self._documents.get(key)
        if kept is not None and byte_range is None:
            return prototype.buffer.from_bytes(kept)
        if self._sizes is not None and key not in self._sizes:
            return None
        found = await self._fetch(key, prototype, byte_range)
        if found is None and await self._must_be_there(key, prototype):
            raise gone(self._place, key)
        return found

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))

    async def exists(self, key: str) -> bool:
        if self._sizes is not None:
            return key in self._sizes
        from zarr.core.buffer import default_buffer_prototype

        return await self._fetch(key, default_buffer_prototype(), None) is not None

    async def list(self) -> AsyncIterator[str]:
        for key in self._sizes or ():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        for key in self._sizes or ():
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        inside = (key.removeprefix(start) for key in self._sizes or () if key.startswith(start))
        for name in dict.fromkeys(key.split("/", 1)[0] for key in inside):
            yield name

    async def _fetch(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None
    ) -> Buffer | None:
        try:
            return await super().get(key, prototype, byte_range)
        except Exception as fault:
            raise unreachable(self._place, fault) from fault

    async def _must_be_there(self, key: str, prototype: BufferPrototype) -> bool:
        if self._sizes is not None:
            return True
        if key == ROOT:
            return False
        # Elsewhere chunks of zeros and some elements may be left out, but not where the store went.
        chunk = key.rsplit("/", 1)[-1] != ROOT
        in_view = chunk and key.startswith("view/")
        return in_view or await self._fetch(ROOT, prototype, None) is None


def unreachable(place: str, fault: Exception) -> StoreUnreachable:
    """What a fault of fsspec, of the client below it or of the network means."""
    detail = f"{type(fault).__name__}: {' '.join(str(fault).split())}"[:300]
    status = getattr(fault, "status", None)
    if isinstance(fault, PermissionError) or status in (401, 403):
        return StoreUnreachable(
            place,
            "the storage refuses access",
            detail,
            "a bucket that may be read and listed",
            "check bucket and credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE); for a public bucket set ATLAS_ANONYMOUS=true.",
        )
    if "Credential" in type(fault).__name__:
        return StoreUnreachable(
            place,
            "there are no credentials for the storage",
            detail,
            "credentials in the usual places",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a public bucket "
            "set ATLAS_ANONYMOUS=true.",
        )
    return StoreUnreachable(place, "the storage does not answer", detail)
