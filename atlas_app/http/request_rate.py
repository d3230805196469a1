"""How often one address may ask for something, in one server process."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

# Addresses that are remembered; the ones that asked longest ago are forgotten.
ADDRESSES = 10_000


class RequestRate:
    """At most `most` requests of an address, or bytes of them, within `seconds`; may be shared by
    threads."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self.seconds = seconds
        self._clock = clock
        self._taken: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str, amount: int = 1) -> int:
        """Count a request, of an amount up to `most`; returns 0, or the seconds to wait where it is
        too much, and then counts nothing."""
        with self._lock:
            now = self._clock()
            taken = self._taken.setdefault(address, deque())
            self._taken.move_to_end(address)
            while taken and taken[0][0] + self.seconds <= now:
                taken.popleft()
            excess = sum(each for _, each in taken) + amount - self.most
            for then, each in taken if excess > 0 else ():
                excess -= each
                if excess <= 0:
                    return math.ceil(then + self.seconds - now)
            taken.append((now, amount))
            while len(self._taken) > ADDRESSES:
                self._taken.popitem(last=False)
            return 0
