"""A least-recently-used cache of bytes with a bound on its size, safe between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Encoded:
    """A response body as it travels: `encoding` is the Content-Encoding ('' for none)."""

    body: bytes
    encoding: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class ByteCache:
    """Keeps the bodies used last, at most `limit` bytes of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._items: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """The body under `key`; made by `make()` when absent (outside the lock)."""
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
                return found
        made = make()
        with self._lock:
            old = self._items.pop(key, None)
            if old is not None:
                self.size -= len(old.body)
            if len(made.body) <= self.limit:
                self._items[key] = made
                self.size += len(made.body)
            while self.size > self.limit:
                _, dropped = self._items.popitem(last=False)
                self.size -= len(dropped.body)
        return made
