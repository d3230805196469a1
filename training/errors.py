"""Errors a user can act on: where, what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# A name in a damaged file may be a book; this much of a value shows which one is meant.
LONGEST_EXAMPLE = 100


@dataclass(frozen=True)
class Problem:
    """One located fault in the input.

    `place` names the slice, file or setting; `examples` holds at most five offending values.
    """

    place: str
    found: str
    expected: str
    examples: Sequence[str] = field(default_factory=tuple)
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}: found {self.found}; expected {self.expected}."]
        if self.examples:
            shown = [shorten(example) for example in self.examples[:5]]
            # Examples that hold a comma themselves could not be told apart by one.
            between = "; " if any(", " in each for each in shown) else ", "
            lines.append("    for example: " + between.join(shown))
        if self.remedy:
            lines.append(f"    what to do: {self.remedy}")
        return "\n".join(lines)


def shorten(value: object) -> str:
    """A value as one short piece of text without control characters."""
    text = "".join(c if c.isprintable() else "?" for c in str(value)[: 2 * LONGEST_EXAMPLE])
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"


class AtlasError(Exception):
    """Base of every error that is the user's to mend; the command line prints it and exits 1."""


class DataError(AtlasError):
    """Input that cannot be used. Holds all problems found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"{head} in the input:\n" + "\n".join(f"- {p}" for p in self.problems))


class ConfigError(AtlasError):
    """A setting that does not exist or has an impossible value."""


class NotFittedError(AtlasError):
    """A model was asked for results before it was fitted or loaded."""


class MissingExtraError(AtlasError):
    """A command needs an optional part of the installation."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the optional part '{extra}', which is not installed. "
            f"Install it with: pip install 'inspire-atlas[{extra}]'"
        )
