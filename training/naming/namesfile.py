"""A file of names: what the builder of an atlas calls its factors, domains and stages."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import DataError, Problem
from training.store import Atlas
from training.store.given.ontology import term_fault

STORED = ("domain", "stage")
TABLES = {"factors": "factor", "domains": "domain", "stages": "stage"}
FIELDS = ("name", "note", "color", "ontology")
LONGEST = {"name": 80, "note": 2000}
COLOR = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")


@dataclass(frozen=True)
class Saying:
    """What a file says of one factor, domain or stage; None of what it does not mention.

    `of` is 'factor', 'domain' or 'stage', `key` its number or present name.
    """

    of: str
    key: str
    name: str | None = None
    note: str | None = None
    color: str | None = None
    terms: tuple[str, ...] | None = None


def read_names(path: Path, atlas: Atlas) -> list[Saying]:
    """Read a TOML file of tables [factors.KEY], [domains.KEY] and [stages.KEY].

    A factor's key is its number or present name, that of a domain or stage its present name. Each
    may have `name`, `note`, `color` (#rgb or #rrggbb) and `ontology` (a CURIE or a list of them).

    Raises:
        DataError: all that is wrong with the file, and names that would not be unique.
    """
    present = present_names(atlas.factor_names, *(_categories(atlas, of) for of in STORED))
    known = known_keys(present)
    found, problems, unknown = parse_names(path, lambda of, key: known[of].get(key))
    problems += [_unknown(place, of, key, list(known[of])) for place, of, key in unknown]
    problems += [clash.problem() for clash in find_clashes(present, found)]
    if problems:
        raise DataError(problems)
    return list(found.values())


def parse_names(
    path: Path, find: Callable[[str, str], str | None]
) -> tuple[dict[tuple[str, str], Saying], list[Problem], list[tuple[str, str, str]]]:
    """What a file says of the things that `find` knows by 'factor', 'domain' or 'stage' and a key.

    Returns the sayings, all that is wrong with the file, and the place, kind and key of what
    `find` does not know, whose entries are checked all the same.

    Raises:
        DataError: for a file that is no TOML.
    """
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(
            [Problem(str(path), f"no readable TOML ({error})", "a TOML file in UTF-8")]
        ) from error
    problems: list[Problem] = []
    unknown: list[tuple[str, str, str]] = []
    found: dict[tuple[str, str], Saying] = {}
    for table, entries in tree.items():
        of = TABLES.get(table)
        if of is None or not isinstance(entries, dict):
            problems.append(
                Problem(f"[{table}]", "a table that nothing is named by", ", ".join(TABLES))
            )
            continue
        for key, entry in entries.items():
            place = f"[{table}.{key}]"
            own = find(of, key)
            if own is None:
                unknown.append((place, of, key))
                if isinstance(entry, dict):
                    _read_entry(place, of, key, entry, problems)
            elif (of, own) in found:
                problems.append(Problem(place, f"{of} {own} a second time", "each of them once"))
            elif not isinstance(entry, dict):
                problems.append(Problem(place, _kind(entry), f"a table with {', '.join(FIELDS)}"))
            else:
                found[of, own] = _read_entry(place, of, own, entry, problems)
    if not problems and not found and not unknown:
        problems.append(Problem(str(path), "nothing to say", "a table such as [factors.0]"))
    return found, problems, unknown


def present_names(
    factors: Sequence[str], domains: Sequence[str], stages: Sequence[str]
) -> dict[str, dict[str, str]]:
    """The present name of every factor (by number), domain and stage (by its name)."""
    return {
        "factor": {str(k): name for k, name in enumerate(factors)},
        "domain": {name: name for name in domains},
        "stage": {name: name for name in stages},
    }


def known_keys(present: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Keys that a file may use, and the key of the atlas that each stands for: a factor's number
    or present name."""
    numbers = {key: key for key in present["factor"]}
    return {**present, "factor": {name: key for key, name in present["factor"].items()} | numbers}


def _categories(atlas: Atlas, of: str) -> list[str]:
    return list(atlas.obs_columns[of].categories)


def _unknown(place: str, of: str, key: str, keys: list[str]) -> Problem:
    near = difflib.get_close_matches(key, keys, n=5, cutoff=0.5) or keys[:5]
    expected = (
        "a factor's number or present name" if of == "factor" else f"the present name of a {of}"
    )
    return Problem(place, f"no such {of}", expected, near, "`atlas info` lists them")


def _read_entry(
    place: str, of: str, key: str, entry: dict[str, Any], problems: list[Problem]
) -> Saying:
    said: dict[str, Any] = {}
    for field, value in entry.items():
        where = f"{place} {field}"
        if field in LONGEST:
            fault = _text_fault(field, value)
            if fault:
                problems.append(Problem(where, _shown(value), fault))
            else:
                said[field] = value.strip()
        elif field == "color":
            color = value.lower() if isinstance(value, str) else ""
            if not COLOR.fullmatch(color):
                problems.append(Problem(where, _shown(value), "a colour such as #0072b2"))
            else:
                said[field] = color if len(color) == 7 else "#" + "".join(2 * c for c in color[1:])
        elif field == "ontology":
            terms = value if isinstance(value, list) else [value]
            for term in terms:
                fault = term_fault(of, term) if isinstance(term, str) else "text"
                if fault:
                    problems.append(Problem(where, _shown(term), fault))
            said["terms"] = tuple(dict.fromkeys(str(term) for term in terms))
        else:
            problems.append(Problem(where, "no such entry", f"one of {', '.join(FIELDS)}"))
    return Saying(of, key, **said)


def _text_fault(field: str, value: object) -> str | None:
    """What was expected in place of a name or a note, None where it is one."""
    if not isinstance(value, str):
        return "text"
    if len(value) > LONGEST[field]:
        return f"at most {LONGEST[field]} characters"
    if not all(c.isprintable() or (field == "note" and c == "\n") for c in value):
        return "text without tabs and control characters"
    if field == "name" and not value.strip():
        return "a name that is not empty"
    if field == "name" and ("/" in value or "\\" in value or value.strip() in (".", "..")):
        return "a name without slashes"
    return None


@dataclass(frozen=True)
class Clash:
    """Factors, domains or stages (`keys`) that would share a name; one factor named by a number."""

    of: str
    keys: tuple[str, ...]
    name: str

    def problem(self) -> Problem:
        if len(self.keys) == 1:
            return Problem(
                f"{self.of} {self.keys[0]}", f"the name {self.name}", "more than a number"
            )
        return Problem(
            f"{self.of}s {', '.join(self.keys)}",
            f"one name for all of them, {self.name!r}",
            f"a name of its own for every {self.of}",
            remedy="add what tells them apart",
        )


def find_clashes(
    present: dict[str, dict[str, str]], found: dict[tuple[str, str], Saying]
) -> list[Clash]:
    """Names that several would bear once `found` holds, and factors named like numbers."""
    clashes = []
    for of, before in present.items():
        names = dict(before)
        for (kind, key), saying in found.items():
            if kind == of and saying.name:
                names[key] = saying.name
                if of == "factor" and saying.name.isdigit():
                    clashes.append(Clash(of, (key,), saying.name))
        holders: dict[str, list[str]] = {}
        for key, name in names.items():
            holders.setdefault(name, []).append(key)
        clashes += [Clash(of, tuple(keys), name) for name, keys in holders.items() if len(keys) > 1]
    return clashes


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else f"{_kind(value)} {value!r}"


def _kind(value: object) -> str:
    return {dict: "a table", list: "a list", str: "text", bool: "true or false"}.get(
        type(value), "a number"
    )
