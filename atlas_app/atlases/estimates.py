"""A gene of an atlas as its factors have it, and how far that is from what was measured."""

from __future__ import annotations

from math import isfinite

import numpy as np

from atlas_app.atlases.data import ServedAtlas
from atlas_app.drawing.value_bytes import encode_signed, ends_of
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import number
from training.store.hierarchy.quantise import encode_factor
from training.store.records import Values

ESTIMATE, DIFFERENCE = "estimate", "difference"
KINDS = (ESTIMATE, DIFFERENCE)


def estimated(served: ServedAtlas, kind: str, gene: str) -> Values:
    """The estimate of a gene, or measured less that, as bytes; an ApiError (404) without one."""
    check_told(served, gene)
    if kind == ESTIMATE:
        values = served.estimates.gene(gene)
        top = float(values.max(initial=0))
        return Values(encode_factor(values, top), 0.0, top, "number")
    values = served.estimates.difference(gene)
    top, _ = ends_of([np.abs(values)])
    return Values(encode_signed(values, top), -top, top, "number")


def estimate_headers(served: ServedAtlas, kind: str, gene: str) -> dict[str, str]:
    """How good the estimate is, and the values between which a difference is coloured."""
    headers = {"X-Atlas-Expected": told_accuracy(served, gene)}
    if kind == DIFFERENCE:
        _, end = ends_of([np.abs(served.estimates.difference(gene))])
        headers["X-Atlas-Clip"] = f"{number(-end)} {number(end)}"
    return headers


def told_accuracy(served: ServedAtlas, gene: str) -> str:
    """The held-out correlation of a gene's estimate, or why there is none."""
    accuracy = served.estimates.accuracy(gene)
    if isfinite(accuracy):
        return number(accuracy)
    tested = served.estimates.tested and served.estimates.fitted(gene)
    return "not testable" if tested else "not tested"


def accuracy_words(told: str) -> str:
    """What `told_accuracy` gave, for people: 'r 0.25', or why there is none."""
    try:
        return f"r {float(told):.2f}"
    except ValueError:
        return told


def estimated_in(served: ServedAtlas, gene: str) -> dict[str, int | str] | None:
    """In how many slices a gene can only be estimated, and how good that is; None where all slices
    measured it, or the factors say nothing of it."""
    measured = served.atlas.measured
    if measured is None or not served.estimates.has(gene):
        return None
    seen = measured[served.places[gene]]
    if seen.all():
        return None
    lacking = int((~seen).sum())
    return {"slices": lacking, "of": len(seen), "r": told_accuracy(served, gene)}


def check_told(served: ServedAtlas, gene: str) -> None:
    """An ApiError (404) for a gene that the factors say nothing of."""
    if not served.estimates.has(gene):
        raise ApiError(
            404,
            "The factors say nothing of this gene.",
            found=gene,
            expected="a gene that a slice has counts of, in an atlas that holds its model",
        )
