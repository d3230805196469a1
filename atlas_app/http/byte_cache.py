"""A least-recently-used cache of bytes with a bound on its size, safe between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

# Bodies of a few bytes cost more for what is kept around them than for themselves.
MOST_BODIES = 20_000


@dataclass(frozen=True)
class Encoded:
    """A response body as it travels: `encoding` is the Content-Encoding ('' for none)."""

    body: bytes
    encoding: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class ByteCache:
    """Keeps the bodies used last: at most `limit` bytes of them, and at most 20,000."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._items: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._making: dict[Hashable, Future[Encoded]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """The body under `key`; made by `make()` when absent.

        Whoever asks for a key that another thread is making waits for it, and is told the same
        error when it fails; other keys are not held up. `make` must not ask for its own key.
        """
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
                return found
            waiting = self._making.get(key)
            if waiting is None:
                mine: Future[Encoded] = Future()
                self._making[key] = mine
        if waiting is not None:
            return waiting.result()
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._keep(key, made)
        mine.set_result(made)
        return made

    def _keep(self, key: Hashable, made: Encoded) -> None:
        if len(made.body) > self.limit:
            return
        self._items[key] = made
        self.size += len(made.body)
        while self.size > self.limit or len(self._items) > MOST_BODIES:
            _, dropped = self._items.popitem(last=False)
            self.size -= len(dropped.body)
