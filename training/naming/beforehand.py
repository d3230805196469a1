"""Names that are given with the settings of a fit, before anybody knows what it will find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.errors import DataError, Problem
from training.naming.namesfile import (
    TABLES,
    Saying,
    find_clashes,
    known_keys,
    parse_names,
    present_names,
)

TABLE_OF = {of: table for table, of in TABLES.items()}


@dataclass(frozen=True)
class Unmet:
    """A name that found nothing to name, or that it could not give: where, and why."""

    place: str
    reason: str


def read_draft(path: Path, n_factors: int, stages: Sequence[str] | None = None) -> list[Saying]:
    """Read a file of names for an atlas that is yet to be fitted.

    All that can be known beforehand is checked: the entries themselves, factors by number where
    their number `n_factors` is given (0: it is chosen later), and, once they are read, `stages`.
    Keys of factors and domains stay as they stand in the file.

    Raises:
        DataError: all that is wrong with the file.
    """

    def find(of: str, key: str) -> str | None:
        if of == "stage" and stages is not None:
            return key if key in stages else None
        if of == "factor" and key.isdigit():
            return str(int(key)) if not n_factors or int(key) < n_factors else None
        return key

    found, problems, unknown = parse_names(path, find)
    for place, of, _ in unknown:
        expected = (
            f"a number from 0 to {n_factors - 1}" if of == "factor" else "a stage of the slices"
        )
        examples = list(stages or ())[:5] if of == "stage" else []
        problems.append(Problem(place, f"no such {of}", expected, examples))
    present = present_names([], [], stages or [])
    problems += [clash.problem() for clash in find_clashes(present, found)]
    if problems:
        raise DataError(problems)
    return list(found.values())


def settle_draft(
    draft: Sequence[Saying], factors: Sequence[str], domains: Sequence[str], stages: Sequence[str]
) -> tuple[list[Saying], list[Unmet]]:
    """The sayings of `draft` that hold of what was fitted, and those that found nothing.

    A name that another factor, domain or stage bears already is not given, while notes, colours
    and terms beside it are.
    """
    present = present_names(factors, domains, stages)
    known = known_keys(present)
    found: dict[tuple[str, str], Saying] = {}
    unmet = []
    for saying in draft:
        place = f"[{TABLE_OF[saying.of]}.{saying.key}]"
        key = known[saying.of].get(saying.key)
        if key is None:
            there = ", ".join(present[saying.of] if saying.of == "factor" else known[saying.of])
            unmet.append(Unmet(place, f"there is no such {saying.of}; there are {there}"))
        elif (saying.of, key) in found:
            unmet.append(Unmet(place, f"{saying.of} {key} has a table already"))
        else:
            found[saying.of, key] = replace(saying, key=key)
    # What loses its name here has its former one again, which another may have been given.
    while taken := _taken(present, found):
        for of, key in taken:
            name = found[of, key].name
            unmet.append(
                Unmet(f"[{TABLE_OF[of]}.{key}]", f"the name {name!r} is that of another {of}")
            )
            found[of, key] = replace(found[of, key], name=None)
    return list(found.values()), unmet


def _taken(
    present: dict[str, dict[str, str]], found: dict[tuple[str, str], Saying]
) -> list[tuple[str, str]]:
    """What would be given a name that another bears."""
    return [
        (clash.of, key)
        for clash in find_clashes(present, found)
        for key in clash.keys
        if (clash.of, key) in found and found[clash.of, key].name == clash.name
    ]
