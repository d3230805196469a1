"""An imputed gene of a mapped query: its value, its interval, and what was measured, never mixed.

Every part of a gene is a kind of value of its own, so that no address, file or legend can pass one
for another. Value, ends of the interval and measured values share one scale, else low end and high
end, which rise together, would look the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atlas_app.drawing.value_bytes import Numbers, encode_apart, encode_signed, ends_of
from atlas_app.http.errors import ApiError, closest
from atlas_app.results.imputation import bound, read_bounds
from atlas_app.results.mapped import ResultView
from training.store.records import Values

IMPUTED, MEASURED, DIFFERENCE = "gene", "measured", "difference"
INTERVAL = ("low", "high", "width")
PARTS = (IMPUTED, *INTERVAL, MEASURED, DIFFERENCE)
"""Kinds of values of an imputed gene; 'gene' is the imputed value itself."""


@dataclass(frozen=True)
class ImputedGene:
    """One gene in the n spots of a result, in file order; log1p counts per 10,000.

    Attributes:
        imputed: (n,) predicted, and where the query measured the gene, without what it measured.
        low, high: (n,) ends of the 90% interval; None where the gene could not be tested.
        measured: (n,) None where the query did not measure the gene.
    """

    name: str
    imputed: Numbers
    low: Numbers | None
    high: Numbers | None
    measured: Numbers | None

    def part(self, kind: str) -> Numbers | None:
        """Values (n,) of one of PARTS; None where it is not known."""
        if kind == "width":
            return None if self.low is None or self.high is None else self.high - self.low
        if kind == DIFFERENCE:
            return None if self.measured is None else self.measured - self.imputed
        found: Numbers | None = getattr(self, "imputed" if kind == IMPUTED else kind)
        return found

    def compared(self) -> list[Numbers]:
        """What shares a scale with the imputed values, themselves included."""
        return [
            part for part in (self.imputed, self.low, self.high, self.measured) if part is not None
        ]


def read_gene(view: ResultView, name: str) -> ImputedGene:
    """The gene that a name, symbol or Ensembl id means; an ApiError (404) if it was not imputed."""
    genes = view.imputed_genes
    wanted = name if name in genes else view.atlas.resolve_gene(name)
    if wanted not in genes:
        raise ApiError(
            404,
            "This gene was not imputed.",
            found=name,
            expected="a gene that was named when the query was submitted",
            examples=closest(name, genes) if genes else (),
        )
    place = genes.index(str(wanted))
    imputed = view.imputed_column(place)
    bounds = read_bounds(view, place)
    low, high = (None, None) if bounds is None else bound(imputed, *bounds)
    return ImputedGene(str(wanted), imputed, low, high, view.measured_column(place))


def available_parts(view: ResultView, gene: str) -> tuple[str, ...]:
    """Those of PARTS that an imputed gene of the result has."""
    tested = read_bounds(view, view.imputed_genes.index(gene)) is not None
    measured = gene in view.measured_genes
    return (
        IMPUTED,
        *(INTERVAL if tested else ()),
        *((MEASURED, DIFFERENCE) if measured else ()),
    )


def draw_part(view: ResultView, kind: str, name: str) -> tuple[Values, tuple[float, float]]:
    """One part of an imputed gene as bytes in drawing order; the values its colours run between.

    A difference runs as far below zero as above it. An ApiError (404) where the part is not known.
    """
    gene = read_gene(view, name)
    values = gene.part(kind)
    if values is None:
        raise unknown_part(view, kind, gene.name)
    values = view.drawn(values)
    if kind == DIFFERENCE:
        top, end = ends_of([np.abs(values)])
        return Values(encode_signed(values, top), -top, top, "number"), (-end, end)
    top, end = ends_of([values] if kind == "width" else gene.compared())
    return Values(encode_apart(values, top), 0.0, top, "number"), (0.0, end)


def unknown_part(view: ResultView, kind: str, gene: str) -> ApiError:
    """Why a part of an imputed gene cannot be had."""
    if kind in INTERVAL:
        return ApiError(
            404,
            "No interval of this gene is known.",
            found=gene,
            expected="a gene that could be tested on slices of the atlas",
        )
    return ApiError(
        404,
        "The section did not measure this gene.",
        found=gene,
        expected="an imputed gene that the section measured as well",
        examples=view.measured_genes[:5],
    )
