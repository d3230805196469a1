"""Gene sets as readers give them: text with any separators, looked up in an atlas."""

from __future__ import annotations

import re
from dataclasses import dataclass

from atlas_app.http.errors import ApiError, closest
from training.store import Atlas
from training.store.given.givensets import BuilderSet

MOST_GENES = 500
# What people paste around names: quotes of a Python or R list, brackets.
WRAPPING = "\"'`“”‘’()[]{}"


@dataclass(frozen=True)
class FoundGenes:
    """What a list of names means in an atlas.

    Attributes:
        genes: the atlas's names, each once, in the order given.
        unknown: names that the atlas does not have, or that mean several genes, each once.
        repeated: names that meant a gene for a second time.
        given: the set of the builder that it is, None of other lists.
    """

    genes: tuple[str, ...]
    unknown: tuple[str, ...]
    repeated: int
    given: BuilderSet | None = None


def split_names(text: str) -> list[str]:
    """Names between line ends, tabs, commas, semicolons, bars or blanks, in order."""
    pieces = re.split(r"[\s,;|]+", text)
    return [name for name in (piece.strip(WRAPPING) for piece in pieces) if name]


def find_genes(atlas: Atlas, names: list[str]) -> FoundGenes:
    """The genes that `names` mean: var names, symbols or Ensembl ids in any case.

    Raises ApiError (400) without any name, with more than 500 different ones, and where the atlas
    has none of them.
    """
    distinct = list(dict.fromkeys(names))
    if not distinct or len(distinct) > MOST_GENES:
        raise ApiError(
            400,
            "This is no gene set that can be scored.",
            found=f"{len(distinct):,} different names" if distinct else "no name",
            expected=f"1 to {MOST_GENES} gene names, with anything between them",
            examples=atlas.genes,
        )
    genes: dict[str, None] = {}
    unknown, repeated = [], len(names) - len(distinct)
    for name in distinct:
        gene = atlas.resolve_gene(name)
        if gene is None:
            unknown.append(name)
        elif gene in genes:
            repeated += 1
        else:
            genes[gene] = None
    if not genes:
        raise ApiError(
            400,
            "This atlas has none of these genes.",
            found=", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else ""),
            expected="gene symbols or Ensembl ids of this atlas",
            examples=closest(unknown[0], atlas.genes),
        )
    return FoundGenes(tuple(genes), tuple(unknown), repeated)
