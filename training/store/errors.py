"""What the store says when something is wrong: place, found, expected, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType


class StoreError(Exception):
    """A store that cannot be read or written. `str()` is one sentence and a remedy.

    `place` is the path of the store, or of the element inside it, that the fault is in.
    """

    def __init__(self, place: str, found: str, expected: str, remedy: str = "") -> None:
        self.place, self.found, self.expected, self.remedy = place, found, expected, remedy
        text = f"{place}: found {found}; expected {expected}."
        super().__init__(f"{text} What to do: {remedy}" if remedy else text)

    def __str__(self) -> str:
        return str(self.args[0])


class StoreUnwritten(StoreError):
    """A store that the system refuses to take, whatever is in it: no room, no permission."""


class GeneNotFound(StoreError, KeyError):
    """No gene of that name. `suggestions` holds the (at most five) closest names of the atlas."""

    def __init__(self, place: str, name: str, suggestions: Sequence[str]) -> None:
        self.name = name
        self.suggestions = tuple(suggestions)
        near = ", ".join(self.suggestions) or "none"
        super().__init__(
            place,
            f"no gene {name[:80]!r}",
            "a gene name, symbol or Ensembl id of this atlas",
            f"the closest names are: {near}.",
        )


class StoreUnreachable(Exception):
    """A store that cannot be read now, whatever is in it: network, server or credentials.

    No StoreError, so that nobody who does without a missing part takes this for one. `reason` says
    why in words that name neither address nor bucket; `str()` is as that of a StoreError.
    """

    def __init__(
        self, place: str, reason: str, detail: str = "", expected: str = "", remedy: str = ""
    ) -> None:
        self.place, self.reason = place, reason
        found = f"that {reason} ({detail})" if detail else f"that {reason}"
        expected = expected or "object storage or a server that answers"
        remedy = remedy or "check the address and the network, and try again in a while."
        super().__init__(f"{place}: found {found}; expected {expected}. What to do: {remedy}")


def gone(place: str, path: str) -> StoreUnreachable:
    """A file that was there when the store was opened; zarr would read zeros."""
    return StoreUnreachable(
        place,
        "a file of the store is gone",
        path,
        "the files that were there when it was opened",
        "put the store back, or open what lies there now anew.",
    )


class located:
    """Turn whatever a damaged or hostile store makes the libraries raise into a StoreError.

    Zarr, its codecs and the operating system raise many types; which one a given corruption
    ends in is not part of their interface, so every ordinary exception is turned.
    """

    def __init__(self, place: str, expected: str = "a readable element", remedy: str = "") -> None:
        self.place, self.expected = place, expected
        self.remedy = (
            remedy or "the store is damaged: copy it again from its source, or export it anew."
        )

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(fault, Exception) and not isinstance(fault, StoreError | StoreUnreachable):
            detail = " ".join(str(fault).split())[:300]
            found = f"data that cannot be read ({type(fault).__name__}: {detail})"
            raise StoreError(self.place, found, self.expected, self.remedy) from fault
