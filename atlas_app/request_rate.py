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
    """At most `most` requests of an address within `seconds`; may be shared by threads."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self.seconds = seconds
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> int:
        """Count a request; returns 0, or the seconds to wait where it is one too many."""
        with self._lock:
            now = self._clock()
            times = self._times.setdefault(address, deque(maxlen=self.most))
            self._times.move_to_end(address)
            if len(times) == self.most and times[0] + self.seconds > now:
                return math.ceil(times[0] + self.seconds - now)
            times.append(now)
            while len(self._times) > ADDRESSES:
                self._times.popitem(last=False)
            return 0
