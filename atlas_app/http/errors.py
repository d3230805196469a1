"""Errors of the HTTP interface: JSON that says what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

EXAMPLES = 5


class ApiError(Exception):
    """An answer with an error status. `examples` holds at most five values that would work."""

    def __init__(
        self,
        status: int,
        error: str,
        *,
        found: str = "",
        expected: str = "",
        examples: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.found = found
        self.expected = expected
        self.examples = [str(e) for e in examples][:EXAMPLES]
        self.headers = headers or {}

    def as_dict(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "found": self.found,
            "expected": self.expected,
            "examples": self.examples,
        }


def closest(name: str, known: Iterable[str]) -> list[str]:
    """The five of `known` most like `name`, whatever the case; the first five if none is."""
    by_lower: dict[str, str] = {}
    for item in known:
        by_lower.setdefault(item.lower(), item)
    matches = difflib.get_close_matches(name.lower(), by_lower, n=EXAMPLES, cutoff=0.3)
    return [by_lower[match] for match in matches or list(by_lower)[:EXAMPLES]]
