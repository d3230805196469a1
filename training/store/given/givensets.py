"""Gene sets that the builder gave with an atlas: the table of a store and its checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.store.errors import StoreError
from training.store.genes.genesets import GeneSet
from training.store.parts.frames import find_frame, read_table
from training.store.parts.reference import Reference
from training.store.schema import FRAMES

TABLE = "gene_sets"
BETWEEN = "\t"
"""Between names, as in GMT: no gene's name holds it."""
MOST_SETS = 20_000
LONGEST = {"name": 200, "description": 2_000}


@dataclass(frozen=True)
class BuilderSet(GeneSet):
    """A named set of genes of one atlas.

    Attributes:
        genes: names of the atlas, each once.
        source: name of the file that the set is from.
        absent: names in that file that are no gene of the atlas.
    """

    source: str
    absent: tuple[str, ...]


def name_fault(name: str) -> str | None:
    """What was expected in place of a name, None where it is one: it stands in links, in which '~'
    parts one colour from the next."""
    if not 0 < len(name) <= LONGEST["name"]:
        return f"1 to {LONGEST['name']} characters"
    if "~" in name or not name.isprintable():
        return "a name without ~ and control characters"
    return None


def tabulate_sets(sets: Sequence[BuilderSet]) -> dict[str, list[str]]:
    """The columns of `uns/gene_sets`, all text."""
    return {
        "name": [each.name for each in sets],
        "description": [each.description for each in sets],
        "source": [each.source for each in sets],
        "genes": [BETWEEN.join(each.genes) for each in sets],
        "absent": [BETWEEN.join(each.absent) for each in sets],
    }


def read_gene_sets(reference: Reference) -> list[BuilderSet]:
    """The sets of a store, in order; none where it has no table of them.

    Raises StoreError for a table without its columns.
    """
    if find_frame(reference.group, TABLE, reference.place) is None:
        return []
    table = read_table(reference, TABLE)
    lacking = [name for name in FRAMES[TABLE] if name not in table]
    if lacking:
        where = f"{reference.place}/uns/{TABLE}"
        raise StoreError(where, f"no column {', '.join(lacking)}", ", ".join(FRAMES[TABLE]))
    columns = [[str(value or "") for value in table[name].tolist()] for name in FRAMES[TABLE]]
    return [
        BuilderSet(name, description, _split(genes), source, _split(absent))
        for name, description, source, genes, absent in zip(*columns, strict=True)
    ]


def gene_set_faults(reference: Reference) -> Iterator[StoreError]:
    """What is wrong with the values of the table; lacking columns are told with those of other
    tables (`frames.table_faults`)."""
    if find_frame(reference.group, TABLE, reference.place) is None:
        return
    if any(name not in read_table(reference, TABLE) for name in FRAMES[TABLE]):
        return
    where = f"{reference.place}/uns/{TABLE}"
    sets = read_gene_sets(reference)
    if len(sets) > MOST_SETS:
        yield StoreError(where, f"{len(sets):,} sets", f"at most {MOST_SETS:,}")
    names = [each.name for each in sets]
    if len(set(names)) < len(names):
        yield StoreError(f"{where}/name", "names that occur twice", "each name once")
    for name in names:
        fault = name_fault(name)
        if fault:
            yield StoreError(f"{where}/name", repr(name[:60]), fault)
    genes = set(reference.names("var"))
    for each in sets:
        strange = [gene for gene in each.genes if gene not in genes]
        if strange or not each.genes or len(set(each.genes)) < len(each.genes):
            found = f"{strange[:5]} in set {each.name!r}" if strange else f"set {each.name!r}"
            yield StoreError(f"{where}/genes", found, "genes of this atlas, each once")


def sets_gmt(sets: Sequence[GeneSet]) -> str:
    """Sets as GMT: a line is name, description and genes, with tabs between."""
    return "".join(BETWEEN.join((each.name, each.description, *each.genes)) + "\n" for each in sets)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(BETWEEN)) if text else ()
