"""Stores behind a URL, through fsspec: object storage, web servers, memory.

A store does not change while it is open. So what it holds is asked for once, on opening, together
with its many small documents; later only values are fetched, each with one request.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from training.store.errors import StoreError
from training.store.places.listed import ListedStore, unreachable
from training.store.places.location import MAX_ROOT_BYTES, Location, is_litter
from training.store.schema import SUFFIX

ANONYMOUS = "ATLAS_ANONYMOUS"
S3 = ("s3", "s3a")
WEB = ("http", "https")
# Seconds until a server that does not answer, or stops in the middle, is given up, per attempt: a
# thread of the app waits as long, and has other readers.
CONNECT_SECONDS = 3
READ_SECONDS = 10
ATTEMPTS = 2
BLOCK = 8 * 2**20
AT_ONCE = 8
# Documents larger than this, and more of them than that, are not kept.
LARGEST_DOCUMENT = 2**20
MOST_DOCUMENTS = 64 * 2**20
ROOT = "zarr.json"


def open_remote(url: str, anonymous: bool | None = None) -> RemoteFolder:
    """The location behind a URL. Nothing is asked of it yet.

    Raises StoreError where what reads such URLs is not installed.
    """
    if anonymous is None:
        anonymous = os.environ.get(ANONYMOUS, "").strip().lower() in ("1", "true", "yes", "on")
    try:
        import fsspec

        options = _options(urlsplit(url).scheme.lower(), anonymous)
        files, root = fsspec.url_to_fs(url, **options)
    except ImportError as fault:
        detail = " ".join(str(fault).split())[:200]
        raise StoreError(
            url,
            f"a URL, and not what reads it ({detail})",
            "the optional part 'remote'",
            "install it with: pip install 'inspire-atlas[remote]' (other storage than S3 and web "
            "servers needs its own fsspec package besides).",
        ) from fault
    except Exception as fault:
        raise StoreError(
            url,
            f"a URL that cannot be used ({' '.join(str(fault).split())[:200]})",
            f"one such as s3://bucket/NAME{SUFFIX}",
        ) from fault
    return RemoteFolder(url, files, root, options)


class RemoteFolder(Location):
    """A store behind a URL. May be shared by threads."""

    def __init__(self, url: str, files: Any, root: str, options: dict[str, Any]) -> None:
        self._url = url.rstrip("/")
        self._files = files
        self._root = root.rstrip("/")
        self._options = options
        self.name = self._url.rsplit("/", 1)[-1]
        # Web servers need not say what a folder holds.
        self._lists = urlsplit(url).scheme.lower() not in WEB
        _once(files)

    def __str__(self) -> str:
        return self._url

    @cached_property
    def target(self) -> ListedStore:
        from zarr.storage import FsspecStore

        sizes = self._all_sizes()
        opened = FsspecStore.from_url(self._url, storage_options=self._options, read_only=True)
        _once(opened.fs)
        return ListedStore(opened.fs, self._root, self._url, sizes, self._documents(sizes))

    def check(self) -> None:
        try:
            n_bytes = self.size(ROOT)
        except FileNotFoundError:
            raise StoreError(
                self._url,
                "no store there",
                f"the URL of a store, NAME{SUFFIX}",
                "check the names of bucket and path; the store's zarr.json must lie right below.",
            ) from None
        if n_bytes > MAX_ROOT_BYTES:
            raise StoreError(f"{self._url}/{ROOT}", "more than 64 MiB", "a small JSON document")

    def sizes(self) -> dict[str, int] | None:
        sizes = self._all_sizes()
        if sizes is None:
            return None
        return {path: size for path, size in sizes.items() if path != ROOT}

    def size(self, path: str) -> int:
        known = self.__dict__.get("_listing")
        if known is not None and path in known:
            return int(known[path])
        found = self._ask(self._files.size, self._path(path))
        return MAX_ROOT_BYTES if found is None else int(found)

    def read(
        self, path: str, start: int = 0, length: int | None = None, patience: float | None = None
    ) -> bytes:
        if length == 0:
            return b""
        # A range with both ends is one request; fsspec asks for the size first without.
        limits = {} if length is None else {"start": start, "end": start + length}
        if patience is not None and getattr(self._files, "async_impl", False):
            from fsspec.asyn import sync

            call = self._files._cat_file
            found = self._ask(
                sync, self._files.loop, call, self._path(path), timeout=patience, **limits
            )
        else:
            found = self._ask(self._files.cat_file, self._path(path), **limits)
        # A web server that knows no ranges gives the whole file.
        whole = length is not None and len(found) > length
        return bytes(found[start : start + (length or 0)] if whole else found)

    def fetch(self, path: str, folder: Path) -> None:
        prefix = f"{path.strip('/')}/"
        sizes = self._all_sizes()
        if sizes is None:
            raise _needs_list(self._url)
        chosen = [each for each in sizes if each.startswith(prefix)]
        folder.mkdir(parents=True)

        def copy(each: str) -> None:
            to = folder / each.removeprefix(prefix)
            to.parent.mkdir(parents=True, exist_ok=True)
            with to.open("wb") as file:
                for start in range(0, sizes[each], BLOCK):
                    file.write(self.read(each, start, min(BLOCK, sizes[each] - start)))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(copy, chosen))

    def _all_sizes(self) -> dict[str, int] | None:
        return self._listing if self._lists else None

    @cached_property
    def _listing(self) -> dict[str, int]:
        """Bytes of every file by its path, the root's zarr.json among them."""
        found = self._ask(self._files.find, self._root, detail=True)
        sizes = {}
        for full, facts in found.items():
            path = full.removeprefix(self._root).lstrip("/")
            if not path or facts.get("type") != "file" or is_litter(path.rsplit("/", 1)[-1]):
                continue
            if any(part in ("", ".", "..") for part in path.split("/")) or "\\" in path:
                raise StoreError(f"{self._url}/{path}", "a path leading elsewhere", "plain paths")
            sizes[path] = int(facts["size"])
        return sizes

    def _documents(self, sizes: dict[str, int] | None) -> dict[str, bytes]:
        """All documents of groups and arrays, asked for at once: they are small and many."""
        wanted = [
            path
            for path, size in (sizes or {}).items()
            if path.rsplit("/", 1)[-1] == ROOT and 0 < size <= LARGEST_DOCUMENT
        ]
        if not wanted or sum((sizes or {})[path] for path in wanted) > MOST_DOCUMENTS:
            return {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(wanted, pool.map(self.read, wanted), strict=True))

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _ask(self, call: Any, *arguments: Any, **options: Any) -> Any:
        """`call(…)`, with every fault but that of a missing file as StoreUnreachable."""
        try:
            return call(*arguments, **options)
        except (FileNotFoundError, StoreError):
            raise
        except Exception as fault:
            if "not satisfiable" in str(fault):
                return b""
            raise unreachable(self._url, fault) from fault


def _once(files: Any) -> None:
    """Leave trying again to the client below: s3fs would do so around it, twice."""
    if hasattr(files, "retries"):
        files.retries = 1


def _needs_list(place: str) -> StoreError:
    return StoreError(
        place,
        "a web server, which does not say what a folder holds",
        "a folder, or object storage that can be listed",
        "copy the store to a folder of yours; reading its values works from here.",
    )


def _options(scheme: str, anonymous: bool) -> dict[str, Any]:
    """What fsspec is told beside its own settings, which win."""
    from fsspec.config import conf

    options: dict[str, Any] = {}
    if scheme in S3:
        options = {
            # Values are small: one request each, and no question for their size before it.
            "max_concurrency": 1,
            # A store that is opened anew is asked for anew.
            "use_listings_cache": False,
            "config_kwargs": {
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"},
            },
        }
        if anonymous:
            options["anon"] = True
    elif scheme in WEB:
        import aiohttp

        timeout = aiohttp.ClientTimeout(connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
        options = {"client_kwargs": {"timeout": timeout}}
    own = conf.get(scheme, {})
    return {name: value for name, value in options.items() if name not in own}
