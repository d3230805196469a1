"""Work that takes long, done one at a time, with few who may wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from atlas_app.http.errors import ApiError

# One at work and one that waits: more would hold the threads that other readers need.
MOST_AT_ONCE = 2
RETRY_SECONDS = 3


class Turns:
    """Turns at one kind of work; may be shared by threads.

    Args:
        what: the work, in the plural, as readers are told of it.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._work = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Held by work, one at a time. Raises ApiError (503) where another waits already."""
        if not self._places.acquire(blocking=False):
            raise ApiError(
                503,
                f"The server is busy with other {self.what}.",
                found=f"{MOST_AT_ONCE} at work or waiting",
                expected=f"to ask again in {RETRY_SECONDS} seconds",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        try:
            with self._work:
                yield
        finally:
            self._places.release()
