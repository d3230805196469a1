"""Texts that readers sent, kept on disk by their content, so that a link can name them."""

from __future__ import annotations

import hashlib
import math
import os
import re
import tempfile
import time
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{32}")
# The texts used last are kept, this many bytes of them.
MOST_BYTES = 64 * 2**20
# A shorter text counts as that many bytes: what a file takes, and what bounds their number.
LEAST_COUNTED = 4096
# The folder is looked at when this process has added such a share of it since the last time, or
# after so many seconds: between, processes together may keep a little more than they should.
LOOKED_SHARE = 1 / 64
LOOKED_SECONDS = 600.0


def counted(size: int) -> int:
    """Bytes that a text of so many counts as."""
    return max(size, LEAST_COUNTED)


def key_of(body: bytes) -> str:
    """The key of a text: 32 hexadecimal digits, the same for the same text."""
    return hashlib.sha256(body).hexdigest()[:32]


class KeptTexts:
    """A folder of texts, readable by this user only; may be shared by processes.

    One that nobody used for `most_seconds` counts as not kept, and makes room at the next put.
    """

    def __init__(
        self, folder: Path, most_bytes: int = MOST_BYTES, most_seconds: float = math.inf
    ) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self.most_seconds = most_seconds
        self._added = 0
        self._looked = -math.inf

    def put(self, text: str) -> str:
        """Keep `text`; returns its key, the same for the same text. The texts that were used
        longest ago make room. Raises OSError where the disk cannot take it."""
        body = text.encode()
        key = key_of(body)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            Path(name).replace(self.folder / key)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._added += counted(len(body))
        now = time.monotonic()
        if self._added > LOOKED_SHARE * self.most_bytes or now - self._looked > LOOKED_SECONDS:
            self._added, self._looked = 0, now
            self._make_room(key)
        return key

    def holds(self, body: bytes) -> bool:
        """Whether a text, by its bytes, is kept now."""
        return self.get(key_of(body)) is not None

    def get(self, key: str) -> str | None:
        """The text of a key, None where it is not kept (any more)."""
        if not KEY.fullmatch(key):
            return None
        path = self.folder / key
        try:
            if time.time() - path.stat().st_mtime > self.most_seconds:
                return None
            text = path.read_text(encoding="utf-8")
            path.touch(exist_ok=True)
        except OSError:
            return None
        return text

    def _make_room(self, newest: str) -> None:
        files = [path for path in self.folder.iterdir() if KEY.fullmatch(path.name)]
        found = []
        for path in files:
            try:
                status = path.stat()
            except OSError:
                continue  # Another process made room meanwhile.
            if time.time() - status.st_mtime > self.most_seconds:
                path.unlink(missing_ok=True)
                continue
            size = counted(status.st_size)
            found.append((path.name == newest, status.st_mtime_ns, size, path))
        total = sum(size for _, _, size, _ in found)
        for is_newest, _, size, path in sorted(found, key=lambda each: each[:2]):
            if total <= self.most_bytes or is_newest:
                break
            path.unlink(missing_ok=True)
            total -= size
