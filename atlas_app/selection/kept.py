"""What is kept of comparisons between requests, and how many may run at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from atlas_app.http_errors import ApiError
from atlas_app.selection.contrast import Contrast, compare_sides
from atlas_app.selection.sides import Sides
from training.store import Atlas

# Each some MB where an atlas has tens of thousands of genes.
MOST_CONTRASTS = 8
# One at work and one that waits: more would hold the threads that other readers need.
MOST_AT_ONCE = 2
RETRY_SECONDS = 3


class SelectionData:
    """Comparisons of one atlas; may be shared by threads."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._work = threading.Lock()
        self._reading = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Contrast] = OrderedDict()

    def contrast(self, sides: Sides, test: str) -> Contrast:
        """As `compare_sides`; the ones asked for last are kept. ApiError (503) as `turn` says."""
        key = (sides.key, test)
        found = self._known(key)
        if found is None:
            with self.turn():
                # The one that was waited for may have been the same.
                found = self._known(key) or compare_sides(self.atlas, sides, test)
                with self._reading:
                    self._kept[key] = found
                    while len(self._kept) > MOST_CONTRASTS:
                        self._kept.popitem(last=False)
        return found

    def _known(self, key: tuple[str, str]) -> Contrast | None:
        with self._reading:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Held by work that takes long, such as to read all counts, one at a time. Raises ApiError
        (503) where another waits already."""
        if not self._places.acquire(blocking=False):
            raise ApiError(
                503,
                "The server is busy with other comparisons.",
                found=f"{MOST_AT_ONCE} at work or waiting",
                expected=f"ask again in {RETRY_SECONDS} seconds",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        try:
            with self._work:
                yield
        finally:
            self._places.release()
