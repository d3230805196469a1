"""Gene sets from a GMT file, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.errors import AtlasError, DataError, Problem

REMEDY = "write one set a line: name, description and genes, with tabs between them."


@dataclass(frozen=True)
class GeneSet:
    """A named set of genes, each once, in the order of the file."""

    name: str
    description: str
    genes: tuple[str, ...]


def read_gmt(path: Path) -> list[GeneSet]:
    """The gene sets of a GMT file: a line is name, description, genes, split by tabs.

    Blank lines and empty fields at the end of a line do not count; a gene listed twice counts
    once.

    Raises:
        DataError: with every line that is no gene set, by its number; for a file without sets.
        AtlasError: for a file that cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AtlasError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        problem = Problem(
            str(path),
            f"a byte at position {error.start:,} that is not UTF-8",
            "a GMT file, which is text",
            remedy="give the .gmt itself, unpacked, saved as UTF-8.",
        )
        raise DataError([problem]) from error
    sets: list[GeneSet] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, *rest = (field.strip() for field in line.split("\t"))
        genes = tuple(dict.fromkeys(field for field in rest[1:] if field))
        fault = _find_fault(name, rest, genes, lines)
        if fault:
            found, expected = fault
            place = f"{path}, line {number}"
            problems.append(Problem(place, found, expected, [repr(line[:60])], REMEDY))
            continue
        lines[name] = number
        sets.append(GeneSet(name, rest[0], genes))
    if not sets and not problems:
        problems.append(Problem(str(path), "no gene set", "at least one", remedy=REMEDY))
    if problems:
        raise DataError(problems)
    return sets


def _find_fault(
    name: str, rest: list[str], genes: tuple[str, ...], lines: dict[str, int]
) -> tuple[str, str] | None:
    """(found, expected) of a line that is no gene set, None of one that is."""
    if not rest:
        return "no tab", "name, description and genes"
    if not name:
        return "no name", "a name before the first tab"
    if not genes:
        return f"set {name!r} without genes", "at least one gene after the description"
    if name in lines:
        return f"set {name!r}, which is in line {lines[name]} too", "each name once"
    return None
