"""Gene sets as GMT has them: a line is name, description and genes, with tabs between."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GeneSet:
    """A named set of genes, each once, in the order of the file."""

    name: str
    description: str
    genes: tuple[str, ...]


@dataclass(frozen=True)
class LineFault:
    """A line, from 1, that is no gene set: what was found, what was expected, how it begins."""

    line: int
    found: str
    expected: str
    text: str


def parse_gmt(text: str) -> tuple[list[GeneSet], list[LineFault]]:
    """The gene sets of a GMT text, and every line that is none.

    Blank lines and empty fields at the end of a line do not count; a gene listed twice counts
    once.
    """
    sets: list[GeneSet] = []
    faults: list[LineFault] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, *rest = (field.strip() for field in line.split("\t"))
        genes = tuple(dict.fromkeys(field for field in rest[1:] if field))
        fault = _find_fault(name, rest, genes, lines)
        if fault:
            faults.append(LineFault(number, *fault, line[:60]))
            continue
        lines[name] = number
        sets.append(GeneSet(name, rest[0], genes))
    return sets, faults


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
