"""Gene sets that a builder gives with an atlas, from GMT files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.downstream.genesets import read_gmt
from training.errors import DataError, Problem
from training.naming.tablefile import index_genes
from training.store.given.givensets import LONGEST, MOST_SETS, BuilderSet, name_fault, tabulate_sets

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GivenSets:
    """Gene sets for one atlas.

    Attributes:
        sets: those with at least one gene of the atlas, in the order of the files.
        n_empty: sets left out, for the atlas has none of their genes.
        sources: names of the files.
    """

    sets: list[BuilderSet]
    n_empty: int
    sources: list[str]

    @property
    def n_absent(self) -> int:
        """Different names in the kept sets that are no gene of the atlas."""
        return len({name for each in self.sets for name in each.absent})

    @property
    def n_genes(self) -> int:
        """Different genes of the atlas in the sets."""
        return len({gene for each in self.sets for gene in each.genes})

    def frame(self) -> pd.DataFrame:
        """As `uns['gene_sets']` of a store holds it."""
        import pandas as pd

        index = [str(row) for row in range(len(self.sets))]
        return pd.DataFrame(tabulate_sets(self.sets), index=index)

    def card(self) -> dict[str, Any]:
        """For the model card."""
        return {
            "sources": self.sources,
            "sets": len(self.sets),
            "genes": self.n_genes,
            "not_in_atlas": self.n_absent,
            "left_out": self.n_empty,
        }

    def told(self) -> str:
        """In words."""
        return (
            f"{len(self.sets):,} gene sets with {self.n_genes:,} genes of the atlas; "
            f"names in them that the atlas does not have: {self.n_absent:,}; sets left out, as it "
            f"has none of their genes: {self.n_empty:,}"
        )


def check_gene_sets(paths: Sequence[Path]) -> None:
    """Read GMT files for an atlas that is yet to be fitted, for what is wrong with them.

    Raises:
        DataError: all that can be known to be wrong before the genes are known.
    """
    _read_files(paths)


def read_gene_sets(paths: Sequence[Path], columns: Mapping[str, Any]) -> GivenSets:
    """Read GMT files for the genes of an atlas.

    A gene is found by name, symbol or Ensembl id, in any case and version; others are kept by name.

    Args:
        columns: the atlas's genes as `name`, and whatever else its `var` holds.

    Raises:
        DataError: for lines that are no gene set, names that cannot be, and files none of whose
            genes is in the atlas.
    """
    index = index_genes(columns)
    kept, n_empty = [], 0
    example: list[str] = []
    for source, each in _read_files(paths):
        found = [(name, index.resolve(name)) for name in each.genes]
        genes = tuple(dict.fromkeys(gene for _, gene in found if gene is not None))
        absent = tuple(name for name, gene in found if gene is None)
        example = example or list(each.genes)
        if genes:
            kept.append(BuilderSet(each.name, each.description, genes, source, absent))
        else:
            n_empty += 1
    if not kept:
        named = ", ".join(hit.name for hit in index.hits[:5])
        raise DataError(
            [
                Problem(
                    ", ".join(map(str, paths)),
                    f"{n_empty:,} gene sets, none with a gene of the atlas",
                    f"genes named like {named}",
                    example[:5],
                    "give sets of the atlas's species, by symbols or Ensembl ids",
                )
            ]
        )
    return GivenSets(kept, n_empty, [Path(path).name for path in paths])


def _read_files(paths: Sequence[Path]) -> list[tuple[str, Any]]:
    """Name of the file and gene set, of all files; names are checked."""
    problems: list[Problem] = []
    found: list[tuple[str, Any]] = []
    first: dict[str, Path] = {}
    for path in map(Path, paths):
        try:
            sets = read_gmt(path)
        except DataError as error:
            problems += error.problems
            continue
        for each in sets:
            place = f"{path}, set {each.name!r}"
            fault = name_fault(each.name)
            if fault:
                problems.append(Problem(place, "a name that cannot stand in a link", fault))
            if len(each.description) > LONGEST["description"]:
                length = f"a description of {len(each.description):,} characters"
                problems.append(Problem(place, length, f"at most {LONGEST['description']:,}"))
            if each.name in first:
                remedy = "rename one of the two, or leave it out"
                other = f"a set of {first[each.name]} with the same name"
                problems.append(Problem(place, other, "each name once", remedy=remedy))
            first.setdefault(each.name, path)
            found.append((path.name, each))
    if len(found) > MOST_SETS:
        problems.append(
            Problem(", ".join(map(str, paths)), f"{len(found):,} sets", f"at most {MOST_SETS:,}")
        )
    if problems:
        raise DataError(problems)
    return found
