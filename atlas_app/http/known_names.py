"""Names that a reader gives, looked up in an atlas; one that it lacks is an ApiError (404) that
says what is close."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_app.http.errors import EXAMPLES, ApiError, closest
from atlas_app.http.whole_numbers import whole
from training.store import Atlas


def known_gene(atlas: Atlas, name: str) -> str:
    """The atlas's own name of a gene."""
    found = atlas.resolve_gene(name)
    if found is None:
        raise ApiError(
            404,
            "No such gene in this atlas.",
            found=name,
            expected="a gene symbol or Ensembl id of this atlas",
            examples=closest(name, atlas.genes),
        )
    return found


def known_factor(name: str, n_factors: int, otherwise: str = "No such factor.") -> int:
    """The number of a factor; `otherwise` is what the error says first."""
    factor = whole(name, n_factors - 1)
    if factor is None:
        raise ApiError(
            404,
            otherwise,
            found=name or "nothing",
            expected=f"a factor's number from 0 to {n_factors - 1}",
            examples=[str(each) for each in range(min(EXAMPLES, n_factors))],
        )
    return factor


def known_place(kind: str, names: Sequence[str], name: str) -> int:
    """The position of a stage or domain, as `kind` says, among all `names`."""
    if name not in names:
        raise ApiError(
            404,
            f"No such {kind} in this atlas.",
            found=name or "nothing",
            expected=f"the name of a {kind}",
            examples=closest(name, names) if name else names,
        )
    return names.index(name)
