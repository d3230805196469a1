"""What the builder says of a factor, domain or stage, as pages and the interface show it."""

from __future__ import annotations

from typing import Any

from training.store import Annotation, Atlas
from training.store.given.ontology import term_address


def as_told(annotation: Annotation | None) -> dict[str, Any] | None:
    """Note, colour, former name and terms with their addresses, as JSON; None where none."""
    if annotation is None:
        return None
    return {
        "note": annotation.note,
        "color": annotation.color,
        "former": annotation.former,
        "terms": [{"id": term, "href": term_address(term)} for term in annotation.terms],
    }


def told_of(atlas: Atlas, of: str) -> dict[str, Any]:
    """All that is told of the 'factor's, 'domain's or 'stage's, by key."""
    return {key: as_told(each) for (kind, key), each in atlas.annotations.items() if kind == of}


def factor_title(atlas: Atlas, factor: int) -> str:
    """'Factor 3', and the name where the builder gave it one."""
    named = atlas.annotations.get(("factor", str(factor)))
    has_name = named is not None and named.former
    return f"Factor {factor}" + (f" · {atlas.factor_names[factor]}" if has_name else "")


def note_of(atlas: Atlas, of: str, key: str) -> tuple[str, ...]:
    """The builder's note as a line, () where there is none."""
    annotation = atlas.annotations.get((of, key))
    return (f"The builder's note: {annotation.note}",) if annotation and annotation.note else ()


def describe_factors(atlas: Atlas, genes: int) -> list[dict[str, Any]]:
    """Every factor for the browser, with its first `genes`."""
    told = told_of(atlas, "factor")
    return [
        {
            "name": str(factor),
            "label": factor_title(atlas, factor),
            "genes": [weight.gene for weight in atlas.factor_genes(factor, n=genes)],
            "told": told.get(str(factor)),
        }
        for factor in range(atlas.n_factors)
    ]
