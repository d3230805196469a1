"""Texts that readers send to be kept: how much of them one address may send, and where they lie.

Selections and gene sets go by the same rules, with numbers of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from atlas_app.http.errors import ApiError
from atlas_app.http.kept_texts import MOST_BYTES, KeptTexts, counted
from atlas_app.http.request_rate import RequestRate


@dataclass(frozen=True)
class Allowance:
    """What one address may send, in each server process.

    Attributes:
        number: of texts within `number_seconds`.
        size: bytes within `size_seconds`, short texts counted as `kept_texts.counted` does: else
            one reader could have the texts of all others make room within minutes.
    """

    number: int
    size: int
    number_seconds: int = 60
    size_seconds: int = 3600


class SentTexts:
    """A folder of texts of one kind, which server processes may share; may be shared by threads.

    Args:
        what: the kind, in the plural, as readers are told of it.
        days: for how long one that nobody asks for is kept.
    """

    def __init__(
        self, folder: Path, what: str, allowance: Allowance, days: float = math.inf
    ) -> None:
        self.what = what
        self.allowance = allowance
        self._kept = KeptTexts(folder, MOST_BYTES, days * 86_400)
        self._number = RequestRate(allowance.number, allowance.number_seconds)
        self._size = RequestRate(allowance.size, allowance.size_seconds)

    def admit(self, address: str) -> None:
        """Count one more text of an internet address, before any of it is read. Raises ApiError
        (429) where it is one too many."""
        number, seconds = self.allowance.number, self.allowance.number_seconds
        self._check(self._number.take(address), f"more than {number} within {seconds} s")

    def weigh(self, address: str, text: str) -> None:
        """Count the bytes of a text of an internet address, but of none that is kept already: it
        takes no room. Raises ApiError (429) where they are too many."""
        body = text.encode()
        if self._kept.holds(body):
            return
        size, seconds = self.allowance.size, self.allowance.size_seconds
        self._check(
            self._size.take(address, min(counted(len(body)), size)),
            f"more than {size:,} bytes within {seconds:,} s",
        )

    def put(self, text: str) -> str:
        """Keep a text; returns its key. Raises ApiError (507) where the disk cannot take it."""
        try:
            return self._kept.put(text)
        except OSError as error:
            raise ApiError(
                507,
                f"{self.what.capitalize()} cannot be kept now.",
                found=error.strerror or "a disk that cannot take it",
                expected="to try again in a while",
            ) from error

    def get(self, key: str) -> str | None:
        """The text of a key, None where it is not kept (any more)."""
        return self._kept.get(key)

    def _check(self, seconds: int, found: str) -> None:
        if seconds:
            raise ApiError(
                429,
                f"Too many {self.what} were sent from this address.",
                found=found,
                expected=f"to try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
