"""A table of orthologs: which gene of another organism is which of the atlas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.errors import DataError, Problem
from training.naming.tablefile import index_genes, read_rows
from training.store.genes.search import GeneIndex
from training.store.given.orthologs import fold

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"symbol": {"symbol", "symbols", "name", "names"}, "ensembl_id": {"ensembl", "id", "ids"}}
FILLING = {"gene", "genes", "stable", "associated", "homolog", "homologue", "ortholog"}
FOREIGN = {
    *("transcript", "protein", "chromosome", "start", "end", "strand", "description", "version"),
    *("homology", "orthology", "type", "confidence", "percent", "identity", "score", "ancestor"),
    *("ncbi", "entrez", "hgnc", "mgi"),
}
"""Words of columns, as of BioMart's tables, that name no gene."""
EXPECTED = (
    "a table, CSV or TSV, with a header such as mouse_symbol, mouse_ensembl_id, human_symbol, "
    "human_ensembl_id: symbols, Ensembl ids or both of the atlas's organism and of one other"
)


@dataclass(frozen=True)
class OrthologTable:
    """One-to-one pairs of genes of the atlas and of another organism.

    Attributes:
        organism: the other one, in the words of the header.
        genes: names in the atlas; symbols, ensembl_ids: of the orthologs, '' where not given.
        source: name of the file.
        n_set_aside: pairs that are not one-to-one; n_absent: pairs whose gene the atlas lacks.
    """

    organism: str
    genes: list[str]
    symbols: list[str]
    ensembl_ids: list[str]
    source: str
    n_set_aside: int
    n_absent: int

    def frame(self) -> pd.DataFrame:
        """As `uns['orthologs']` of a store holds it."""
        import pandas as pd

        columns = {
            "gene": self.genes,
            "organism": [self.organism] * len(self.genes),
            "symbol": self.symbols,
            "ensembl_id": self.ensembl_ids,
        }
        return pd.DataFrame(columns, index=[str(row) for row in range(len(self.genes))])

    def card(self) -> dict[str, Any]:
        """For the model card."""
        return {
            "organism": self.organism,
            "source": self.source,
            "pairs": len(self.genes),
            "set_aside": self.n_set_aside,
            "not_in_atlas": self.n_absent,
        }

    def told(self) -> str:
        """In words."""
        return (
            f"{len(self.genes):,} one-to-one orthologs of {self.organism}; set aside "
            f"{self.n_set_aside:,} pairs that are not one-to-one, and {self.n_absent:,} whose gene "
            "is not in the atlas"
        )


def read_ortholog_table(path: Path, columns: Mapping[str, Any]) -> OrthologTable:
    """Read a table of orthologs for the genes of an atlas.

    A column is of one organism and of one kind, as its header says; further ones are not read. The
    atlas's organism is the one whose names are spelled like the atlas's. Rows in which either gene
    is empty are no pairs; what one gene of either organism shares with several is set aside.

    Args:
        columns: the atlas's genes as `name`, and whatever else its `var` holds.

    Raises:
        DataError: for a table that cannot be used.
    """
    header, rows = read_rows(Path(path), EXPECTED)
    sides = _sides(Path(path), header)
    index = index_genes(columns)
    own = _own_side(Path(path), sides, rows, index)
    other = next(name for name in sides if name != own)
    pairs: dict[tuple[str, str], tuple[dict[str, str], dict[str, str]]] = {}
    for row in rows:
        ours, theirs = _cells(row, sides[own]), _cells(row, sides[other])
        key = _identity(ours), _identity(theirs)
        if all(key):
            pairs.setdefault(key, (ours, theirs))
    partners = Counter(side for pair in pairs for side in (("own", pair[0]), ("other", pair[1])))
    single = [
        names
        for (a, b), names in pairs.items()
        if partners["own", a] == 1 and partners["other", b] == 1
    ]
    found = [(_find(ours, index.resolve), theirs) for ours, theirs in single]
    taken = Counter(gene for gene, _ in found if gene is not None)
    kept = [(gene, theirs) for gene, theirs in found if gene is not None and taken[gene] == 1]
    if not kept:
        raise DataError(
            [
                Problem(
                    str(path),
                    f"{len(pairs):,} pairs, of which {len(single):,} are one-to-one and none is of "
                    "a gene of the atlas",
                    "one-to-one pairs of genes",
                    [f"{a} – {b}" for a, b in list(pairs)[:5]],
                    "give a row for every pair of orthologs",
                )
            ]
        )
    absent = sum(gene is None for gene, _ in found)
    return OrthologTable(
        organism=other or "another organism",
        genes=[gene for gene, _ in kept],
        symbols=[theirs.get("symbol", "") for _, theirs in kept],
        ensembl_ids=[theirs.get("ensembl_id", "") for _, theirs in kept],
        source=Path(path).name,
        n_set_aside=len(pairs) - absent - len(kept),
        n_absent=absent,
    )


def _sides(path: Path, header: Sequence[str]) -> dict[str, dict[str, int]]:
    """For both organisms the columns of symbols and ids."""
    sides: dict[str, dict[str, int]] = {}
    twice = []
    for place, title in enumerate(header):
        read = _read_title(title)
        if read is None:
            continue
        organism, kind = read
        if kind in sides.setdefault(organism, {}):
            twice.append(title)
        sides[organism][kind] = place
    if len(sides) != 2 or twice:
        named = ", ".join(name or "(none named)" for name in sides) or "none"
        found = f"columns of {len(sides)} organisms: {named}"
        if twice:
            found = f"two columns of one organism and kind, {', '.join(twice)}"
        raise DataError(
            [
                Problem(
                    f"{path}, header",
                    found,
                    EXPECTED,
                    list(header[:5]),
                    "name each column ORGANISM_symbol or ORGANISM_ensembl_id, and leave out "
                    "those of further organisms",
                )
            ]
        )
    return sides


def _read_title(title: str) -> tuple[str, str] | None:
    """Organism and kind of a column; None for one that names no genes."""
    words = [word for word in re.split(r"[^a-z0-9]+", title.lower()) if word]
    if not words or FOREIGN & set(words):
        return None
    kinds = [kind for kind, named in KINDS.items() if named & set(words)]
    known = FILLING.union(*KINDS.values())
    organism = " ".join(word for word in words if word not in known)
    if len(organism.split()) > 2 or (not kinds and not organism):
        return None
    # `mouse` alone holds symbols; "gene stable ID" and "Ensembl gene name" say what they hold.
    return organism, "ensembl_id" if kinds == ["ensembl_id"] else "symbol"


def _own_side(
    path: Path,
    sides: Mapping[str, Mapping[str, int]],
    rows: Sequence[Sequence[str]],
    index: GeneIndex,
) -> str:
    """The organism of the atlas: that whose names are spelled as in the atlas, else known to it."""
    spelled = {name for hit in index.hits for name in (hit.name, hit.symbol, hit.ensembl_id)} - {""}
    evidence = {}
    for organism, places in sides.items():
        cells = [_cells(row, places).values() for row in rows]
        exact = sum(any(name in spelled for name in names) for names in cells)
        known = sum(any(index.resolve(name) for name in names) for names in cells)
        evidence[organism] = (exact, known)
    first, second = evidence.values()
    if first != second:
        return max(evidence, key=lambda name: evidence[name])
    named = [hit.name for hit in index.hits[:5]]
    found = f"none of its {len(rows):,} rows with a gene of the atlas"
    if first[1]:
        found = f"as many genes of the atlas ({first[1]:,}) in the columns of both organisms"
    remedy = "use symbols or Ensembl ids of the atlas's organism in its columns"
    raise DataError([Problem(str(path), found, f"genes named like {', '.join(named)}", [], remedy)])


def _cells(row: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    return {kind: row[place] for kind, place in places.items()}


def _identity(names: Mapping[str, str]) -> str:
    """What tells a gene from others of its organism: its id, or its symbol where it has none."""
    return fold(names.get("ensembl_id") or names.get("symbol", ""))


def _find(names: Mapping[str, str], resolve: Callable[[str], str | None]) -> str | None:
    for kind in ("ensembl_id", "symbol"):
        gene = resolve(names[kind]) if names.get(kind) else None
        if gene is not None:
            return gene
    return None
