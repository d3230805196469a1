"""A mapped section and its reference slice in the same colours: domains, a factor, or a gene.

Numbers of both sides run over one scale, that of all sections and all their slices, so that two
pictures can be compared by eye. A gene is what the reference measured beside what was imputed, or
measured, of the query, and is called so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_app.drawing.colors import DEFAULT_MAP, MISSING, category_colors, color_table, hex_color
from atlas_app.drawing.value_bytes import ends_of
from atlas_app.http.errors import ApiError
from atlas_app.results.expression import IMPUTED, MEASURED, PARTS, read_gene
from atlas_app.results.mapped import CARRIED, PROBABILITY, ResultView
from atlas_app.words.told import factor_title
from training.store import SliceInfo
from training.store.hierarchy.quantise import decode_numbers

DOMAIN = "obs:domain"
UNIT = "log1p counts per 10,000"


@dataclass(frozen=True)
class Coloring:
    """Colours of the spots of reference slices and of a query's n spots.

    Attributes:
        slices: a colour '#rrggbb' for every spot of each slice, by its name.
        query: (n,) colours in file order.
        what: what the reference is coloured by; of_query: the same of the query.
        end: where numbers have their last colour, from 0; None for categories. unit: theirs.
    """

    slices: dict[str, NDArray[np.str_]]
    query: NDArray[np.str_]
    what: str
    of_query: str
    end: float | None = None
    unit: str = ""


def reference_color(view: ResultView, color: str) -> str:
    """`color` where the reference can be coloured so too; else by domain.

    Low and high ends, widths and differences of a gene are of the query alone: the gene stands for
    them.
    """
    kind, _, name = color.partition(":")
    if kind == "factor" or kind in (IMPUTED, MEASURED):
        return color
    if kind in PARTS:
        return f"{IMPUTED}:{name}"
    return color if kind == "obs" and atlas_column(view, name) else DOMAIN


def atlas_column(view: ResultView, name: str) -> str:
    """The column of the atlas that a column of the result has its categories from; "" for none."""
    if name in ("domain", "stage"):
        return name
    carried = name in view.carried and not name.endswith(PROBABILITY)
    own = name.removeprefix(CARRIED) if carried else ""
    return own if own in view.atlas.obs_columns else ""


def color_both(view: ResultView, color: str, hosts: Sequence[SliceInfo]) -> Coloring:
    """Colours by a colour of `reference_color`; an ApiError (404) for what there is none of."""
    kind, _, name = color.partition(":")
    if kind == "obs":
        return _by_category(view, name, hosts)
    if kind == "factor":
        own = view.factor_column(name)  # which refuses what is no factor
        what = factor_title(view.atlas, int(name))
        found = view.atlas.values("factor", int(name))
        return _by_number(_decoded(found, hosts), own, [own], (what, what), "proportion")
    gene = read_gene(view, name)
    values = gene.part(kind)
    if values is None:
        raise ApiError(
            404,
            "The section did not measure this gene.",
            found=gene.name,
            expected="an imputed gene that the section measured as well",
            examples=view.measured_genes[:5],
        )
    known = _decoded(view.atlas.values("gene", gene.name), hosts)
    for info in hosts:
        if not _measured(view, gene.name, info):
            known[info.name] = np.full(info.n_spots, np.nan)
    made = "imputed, a prediction" if kind == IMPUTED else "as this section measured it"
    both = [part for part in (gene.imputed, gene.measured) if part is not None]
    called = f"{gene.name} as measured", f"{gene.name} {made}"
    return _by_number(known, values, both, called, UNIT)


def scale_colors() -> list[str]:
    """The colours that a scale runs through, from its first to its last."""
    table = [hex_color(color) for color in color_table(DEFAULT_MAP)]
    return table[::51]


def _by_category(view: ResultView, name: str, hosts: Sequence[SliceInfo]) -> Coloring:
    own = atlas_column(view, name)
    column = view.column(name)
    if not own:
        raise ApiError(
            404,
            "The reference cannot be coloured so.",
            found=f"obs:{name}",
            expected="domain, stage, an annotation that came from the atlas, a factor or a gene",
            examples=(DOMAIN, "factor:0"),
        )
    known = view.atlas.obs_columns[own]
    palette = np.array([*category_colors(len(known.categories), known.colors), MISSING["light"]])
    place = {category: code for code, category in enumerate(known.categories)}
    query = np.full(view.n_spots, -1)
    if column is not None and column.codes is not None:
        query = np.array([*(place.get(each, -1) for each in column.categories), -1])[column.codes]
    data = view.atlas.values("obs", own).data.astype(np.int64)
    data[data == 255] = -1
    slices = {info.name: palette[data[info.start : info.stop]] for info in hosts}
    return Coloring(slices, palette[query], f"by {own}", f"by {own}")


def _by_number(
    known: dict[str, NDArray[Any]],
    values: NDArray[Any],
    query: list[NDArray[Any]],
    what: tuple[str, str],
    unit: str,
) -> Coloring:
    _, end = ends_of([*known.values(), *query])
    table = np.array([*(hex_color(color) for color in color_table(DEFAULT_MAP)), MISSING["light"]])

    def colors(numbers: NDArray[Any]) -> NDArray[np.str_]:
        steps = np.rint(255 * np.clip(np.nan_to_num(numbers) / max(end, 1e-12), 0, 1)).astype(int)
        # 64 steps look the same and make a quarter of the paths.
        return np.asarray(table[np.where(np.isfinite(numbers), steps // 4 * 4, 256)])

    slices = {name: colors(numbers) for name, numbers in known.items()}
    return Coloring(slices, colors(values), *what, end, unit)


def _decoded(values: Any, hosts: Sequence[SliceInfo]) -> dict[str, NDArray[Any]]:
    """Numbers of the spots of each slice."""
    return {
        info.name: decode_numbers(values.data[info.start : info.stop], values.lo, values.hi)
        for info in hosts
    }


def _measured(view: ResultView, gene: str, info: SliceInfo) -> bool:
    table = view.atlas.measured
    if table is None:
        return True
    names = [each.name for each in view.atlas.slices]
    return bool(table[view.atlas.genes.index(gene), names.index(info.name)])
