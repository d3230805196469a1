"""A mapped query as one table, a row per spot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from atlas_app.results.expression import ImputedGene
from atlas_app.results.mapped import ResultView
from atlas_app.words.csv_cells import written
from training.store.mapped import COLUMNS

ROWS_AT_ONCE = 5_000
SLICE_COLUMNS = ("slice", "query_slice")


def section_texts(view: ResultView) -> dict[str, list[str]]:
    """By its name the column that tells sections apart, or one of slices that does not; {} without
    either."""
    found = [view.slice_column_name, *(n for n in SLICE_COLUMNS if n in view.column_names)]
    texts = {name: view.section_texts(name) for name in [name for name in found if name][:1]}
    return {name: words for name, words in texts.items() if words is not None}


def result_csv(view: ResultView) -> Iterator[str]:
    """Lines of CSV in the order of the file, a few thousand at a time.

    Columns: spot, slice where there is one, x, y, what `project` wrote of each spot, and the
    proportion of every factor. Numbers have six digits; what is missing is empty.
    """
    slices = section_texts(view)
    found: list[str] = [
        name for name in view.column_names if name in COLUMNS or name in view.carried
    ]
    columns = {name: view.column(name) for name in found}
    texts = slices | {name: each.texts() for name, each in columns.items() if each is not None}
    spots = view.spot_names()
    factors = [f"factor_{k}" for k in range(int(view.description["n_factors"]))]
    # Where a spot lies stands before what was found of it.
    order = ["spot", *slices, "x", "y", *found, *factors]
    order = [name for name in order if name in texts or name not in columns]
    yield written([order])
    for start in range(0, view.n_spots, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, view.n_spots))
        positions, proportions = view.rows(rows)
        cells: dict[str, Any] = {"spot": spots[rows], "x": positions[:, 0], "y": positions[:, 1]}
        cells |= {name: values[rows] for name, values in texts.items()}
        cells |= {name: proportions[:, k] for k, name in enumerate(factors)}
        yield written(zip(*(cells[name] for name in order), strict=True))


def gene_csv(view: ResultView, gene: ImputedGene) -> Iterator[str]:
    """Lines of CSV of one imputed gene in the order of the file.

    Columns: gene, spot, slice where there is one, x, y, and in log1p counts per 10,000 what was
    measured, what was imputed, and both ends of its 90% interval; empty where not known.
    """
    texts = section_texts(view)
    spots = view.spot_names()
    known = (gene.measured, gene.imputed, gene.low, gene.high)
    yield written([("gene", "spot", *texts, "x", "y", "measured", "imputed", "low", "high")])
    for start in range(0, view.n_spots, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, view.n_spots))
        positions, _ = view.rows(rows)
        yield written(
            (
                gene.name,
                spots[row],
                *(each[row] for each in texts.values()),
                *positions[row - start],
                *(None if part is None else part[row] for part in known),
            )
            for row in range(rows.start, rows.stop)
        )
