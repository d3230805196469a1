"""A table of descriptions: what each gene is, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import DataError, Problem
from training.naming.tablefile import index_genes, read_rows
from training.store.genes.descriptions import pick_descriptions
from training.store.genes.search import GeneIndex

LONGEST = 4_000
EXPECTED = (
    "a table, CSV or TSV, of two columns, gene and description, or with a header in which one "
    "column is called description and others hold symbols or Ensembl ids"
)
HEADER = {"gene", "genes", "symbol", "name", "id", "description", "ensembl"}


@dataclass(frozen=True)
class GeneDescriptions:
    """Descriptions of the genes of one atlas.

    Attributes:
        texts: of every gene in order, '' where there is none; those of before where the table
            says nothing.
        n_described: genes that the table describes.
        n_absent: rows of the table whose gene the atlas lacks.
        source: name of the file.
    """

    texts: list[str]
    n_described: int
    n_absent: int
    source: str

    def card(self) -> dict[str, Any]:
        """For the model card."""
        return {
            "source": self.source,
            "genes": self.n_described,
            "not_in_atlas": self.n_absent,
        }

    def told(self) -> str:
        """In words."""
        return (
            f"descriptions of {self.n_described:,} of {len(self.texts):,} genes; rows whose gene "
            f"the atlas does not have: {self.n_absent:,}"
        )


def read_descriptions(path: Path, columns: Mapping[str, Any]) -> GeneDescriptions:
    """Read a table of descriptions for the genes of an atlas.

    Of several columns that could name the genes, the one in which most are known counts. Rows
    without a gene or a description are skipped; of several rows of a gene the first holds.

    Args:
        columns: the atlas's genes as `name`, and whatever else its `var` holds.

    Raises:
        DataError: for a table that cannot be used, descriptions that are too long, and where no
            row is of a gene of the atlas.
    """
    path = Path(path)
    first, others = read_rows(path, EXPECTED)
    index = index_genes(columns)
    names, texts, rows = _find_columns(path, first, others, index)
    best = max(names, key=lambda place: sum(bool(index.resolve(row[place])) for row in rows))
    described: dict[str, str] = {}
    absent, problems = 0, []
    for row in rows:
        name, text = row[best], " ".join(row[texts].split())
        if not name or not text:
            continue
        if len(text) > LONGEST:
            found = f"a description of {len(text):,} characters"
            problems.append(Problem(f"{path}, {name}", found, f"at most {LONGEST:,}"))
        gene = index.resolve(name)
        if gene is None:
            absent += 1
        else:
            described.setdefault(gene, text)
    if not described and not problems:
        known = ", ".join(hit.name for hit in index.hits[:5])
        examples = [row[best] for row in rows[:5]]
        remedy = "use symbols or Ensembl ids of the atlas's organism, and describe a gene at least"
        found = f"{absent:,} descriptions, none of a gene of the atlas"
        problems.append(Problem(str(path), found, f"genes named like {known}", examples, remedy))
    if problems:
        raise DataError(problems)
    before = pick_descriptions(lambda name: _column(columns, name), [h.name for h in index.hits])
    merged = [described.get(hit.name, text) for hit, text in zip(index.hits, before, strict=True)]
    return GeneDescriptions(merged, len(described), absent, path.name)


def _find_columns(
    path: Path, first: Sequence[str], others: list[list[str]], index: GeneIndex
) -> tuple[list[int], int, list[list[str]]]:
    """Columns that may name genes, the column of descriptions, and the rows below the header."""
    titles = [set(re.split(r"[^a-z0-9]+", title.lower())) for title in first]
    telling = [place for place, words in enumerate(titles) if "description" in words]
    if len(telling) == 1:
        names = [place for place in range(len(first)) if place != telling[0]]
        return names, telling[0], others
    if len(first) == 2 and not telling:
        is_header = index.resolve(first[0]) is None and bool(titles[0] & HEADER)
        return [0], 1, others if is_header else [list(first), *others]
    found = f"{len(telling)} columns called description among {len(first)}"
    raise DataError([Problem(f"{path}, header", found, EXPECTED, list(first[:5]))])


def _column(columns: Mapping[str, Any], name: str) -> list[str] | None:
    if name not in columns:
        return None
    return [text if isinstance(text, str) else "" for text in columns[name]]
