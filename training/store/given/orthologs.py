"""Genes of another organism by the builder's table of one-to-one orthologs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from training.store.errors import StoreError
from training.store.genes.search import without_version
from training.store.parts.frames import find_frame, read_table
from training.store.parts.reference import Reference
from training.store.schema import FRAMES

TABLE = "orthologs"


@dataclass(frozen=True)
class Orthologs:
    """What genes of another organism are in the atlas.

    Attributes:
        organism: the other one, as the builder's table calls it.
        genes: names of the atlas by folded symbols and Ensembl ids of the other organism.
        n_pairs: one-to-one pairs in the store.
    """

    organism: str
    genes: dict[str, str]
    n_pairs: int

    def resolve(self, name: str) -> str | None:
        """The atlas's gene for a symbol or Ensembl id of the other organism, in any case and
        version; None if there is none."""
        return self.genes.get(fold(name))


def fold(name: str) -> str:
    """A name as it is compared: without blanks, version and case."""
    return without_version(name.strip()).casefold()


def read_orthologs(reference: Reference) -> Orthologs | None:
    """The table of a store; None where it has none, or none with its columns."""
    if find_frame(reference.group, TABLE, reference.place) is None:
        return None
    table = read_table(reference, TABLE)
    if any(name not in table for name in FRAMES[TABLE]) or not len(table["gene"]):
        return None
    found: dict[str, str] = {}
    ambiguous: set[str] = set()
    for column in ("symbol", "ensembl_id"):
        for name, gene in zip(table[column].tolist(), table["gene"].tolist(), strict=True):
            key = fold(str(name or ""))
            if key and found.setdefault(key, str(gene)) != gene:
                ambiguous.add(key)
    genes = {key: gene for key, gene in found.items() if key not in ambiguous}
    return Orthologs(str(table["organism"][0]), genes, len(table["gene"]))


def ortholog_faults(reference: Reference) -> Iterator[StoreError]:
    """What is wrong with the values of the table; lacking columns and genes that the atlas does not
    have are told with those of other tables (`frames.table_faults`)."""
    if find_frame(reference.group, TABLE, reference.place) is None:
        return
    where = f"{reference.place}/uns/{TABLE}"
    table = read_table(reference, TABLE)
    if any(name not in table for name in FRAMES[TABLE]):
        return
    genes = [str(gene) for gene in table["gene"].tolist()]
    if len(set(genes)) < len(genes):
        yield StoreError(f"{where}/gene", "genes that occur twice", "one ortholog for a gene")
    organisms = {str(name or "") for name in table["organism"].tolist()}
    if len(organisms) > 1 or "" in organisms:
        yield StoreError(f"{where}/organism", f"{sorted(organisms)[:5]}", "one name throughout")
    nameless = sum(
        not symbol and not ensembl_id
        for symbol, ensembl_id in zip(table["symbol"], table["ensembl_id"], strict=True)
    )
    if nameless:
        yield StoreError(where, f"{nameless} orthologs without a name", "a symbol or Ensembl id")
