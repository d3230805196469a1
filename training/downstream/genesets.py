"""Gene sets from a GMT file, checked."""

from __future__ import annotations

from pathlib import Path

from training.errors import AtlasError, DataError, Problem
from training.store.genes.genesets import GeneSet, parse_gmt

REMEDY = "write one set a line: name, description and genes, with tabs between them."


def read_gmt(path: Path) -> list[GeneSet]:
    """The gene sets of a GMT file; see `parse_gmt`.

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
    sets, faults = parse_gmt(text)
    problems = [
        Problem(f"{path}, line {each.line}", each.found, each.expected, [repr(each.text)], REMEDY)
        for each in faults
    ]
    if not sets and not problems:
        problems.append(Problem(str(path), "no gene set", "at least one", remedy=REMEDY))
    if problems:
        raise DataError(problems)
    return sets
