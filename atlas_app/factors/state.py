"""What the Factors page shows, as its address says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from atlas_app.factors.enrichment import OWN
from atlas_app.http.whole_numbers import whole

GENES_SHOWN = 200
"""Genes of a factor in its table, the first by score."""
SETS = re.compile(rf"[0-9a-f]{{32}}|{OWN}")


@dataclass(frozen=True)
class FactorView:
    """One view: the chosen `factor`, the one it is compared `beside` (None: none) and the
    gene sets it is tested against: their key, OWN for the builder's, '' for none."""

    factor: int = 0
    beside: int | None = None
    sets: str = ""


def read_view(query: Mapping[str, str], n_factors: int) -> FactorView:
    """The view that the parameters of an address name; what cannot be read counts as not given."""
    factor = whole(query.get("factor", ""), n_factors - 1) or 0
    beside = whole(query.get("with", ""), n_factors - 1)
    sets = query.get("sets", "")
    return FactorView(
        factor=factor,
        beside=None if beside == factor else beside,
        sets=sets if SETS.fullmatch(sets) else "",
    )


def write_view(view: FactorView) -> dict[str, object]:
    """Parameters of the address of a view."""
    return {"factor": view.factor, "with": view.beside, "sets": view.sets}
