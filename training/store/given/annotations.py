"""What the builder says of factors, domains and stages: the table and its checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from training.store.errors import StoreError
from training.store.given.ontology import term_fault
from training.store.parts.frames import find_frame, read_table
from training.store.parts.reference import Reference
from training.store.records import Annotation
from training.store.schema import FRAMES

TABLE = "annotations"
COLOR = re.compile(r"#[0-9a-f]{6}")
KINDS = ("factor", "domain", "stage")


def read_annotations(reference: Reference) -> dict[tuple[str, str], Annotation]:
    """All of them by ('factor', '3'), ('domain', NAME) or ('stage', NAME); {} where there are none.

    Raises StoreError for a table without its columns.
    """
    if find_frame(reference.group, TABLE, reference.place) is None:
        return {}
    table = read_table(reference, TABLE)
    where = f"{reference.place}/uns/{TABLE}"
    columns = {}
    for name in FRAMES[TABLE]:
        if name not in table:
            raise StoreError(where, f"no column {name}", "the columns that FORMAT.md names")
        columns[name] = ["" if value is None else str(value) for value in table[name].tolist()]
    found = {}
    for of, key, former, note, color, terms in zip(*columns.values(), strict=True):
        found[of, key] = Annotation(of, key, former, note, color, tuple(terms.split()))
    return found


def annotation_faults(reference: Reference) -> Iterator[StoreError]:
    """What is wrong with the values of the table; a column that it lacks is told with the others'
    (`frames.table_faults`)."""
    where = f"{reference.place}/uns/{TABLE}"
    if find_frame(reference.group, TABLE, reference.place) is None:
        return
    table = read_table(reference, TABLE)
    if any(name not in table for name in FRAMES[TABLE]):
        return
    known = {
        "factor": {str(k) for k in range(reference.array("varm/loadings").shape[1])},
        "domain": set(reference.column("obs", "domain").categories),
        "stage": set(reference.column("obs", "stage").categories),
    }
    seen = set()
    for of, key, color, terms in zip(
        *(table[name].tolist() for name in ("of", "key", "color", "terms")), strict=True
    ):
        if of not in KINDS:
            yield StoreError(f"{where}/of", repr(of)[:60], f"one of {', '.join(KINDS)}")
            continue
        if key not in known[of]:
            yield StoreError(f"{where}/key", f"{of} {str(key)[:60]!r}", f"a {of} of this atlas")
        if (of, key) in seen:
            yield StoreError(f"{where}/key", f"{of} {str(key)[:60]!r} twice", "each of them once")
        seen.add((of, key))
        if color and not COLOR.fullmatch(str(color)):
            yield StoreError(f"{where}/color", repr(color)[:60], "'#rrggbb' in lower case, or ''")
        for term in str(terms or "").split():
            expected = term_fault(of, term)
            if expected:
                yield StoreError(f"{where}/terms", repr(term)[:60], expected)
