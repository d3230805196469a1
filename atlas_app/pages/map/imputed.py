"""Imputed genes of a mapped section, each with the accuracy it had where it is known."""

from __future__ import annotations

import math
from typing import Any, cast

import dash_mantine_components as dmc
import numpy as np
from dash import html

from atlas_app.components import parts
from atlas_app.results.imputation import GeneTrust, coverage_text, own_stage, read_trust
from atlas_app.results.mapped import ResultView
from atlas_app.words.readable import counted

SHOWN = 200
NOT_TESTABLE = "not testable"
HELP = (
    "Slices of the atlas (parts of it, where it has one slice) were imputed from the others with "
    "the genes of this section, and compared with what was measured. Correlation is over the spots "
    "of a slice, the mean over slices, and beside it that over those of this section's "
    "stage; nine in ten spots lie within the interval, and covered is how many did in "
    "slices that the ends of the interval were not taken from; how its width grows with the value "
    "was taken from all. Of another technology or condition, expect less. Here: of genes "
    "that this section measured itself, the correlation with that, and the share of its spots "
    "within the interval, without sections that are not of the atlas's tissue; its own counts of "
    "such a gene took no part in imputing it."
)


def imputed(view: ResultView, csv_url: str) -> Any:
    """The table of imputed genes, most trustworthy first; None where none were asked for."""
    rows = read_trust(view)
    if not rows:
        return None
    stage = own_stage(view, rows)
    ordered = sorted(rows, key=lambda row: (math.isnan(row.pearson), -row.pearson))
    more = len(rows) - SHOWN
    return parts.folding_card(
        dmc.Text(
            " ".join(filter(None, (summary(rows), coverage_text(rows, len(view.atlas.slices)))))
        ),
        html.Div(
            parts.table(
                [
                    "Gene",
                    "Correlation",
                    *([f"At {stage}"] if stage else []),
                    "Rank correlation",
                    "Error",
                    "Interval of a 1",
                    "Covered",
                    "Slices",
                    "Here",
                    "Here in interval",
                ],
                [cells(row, stage) for row in ordered[:SHOWN]],
            ),
            className="long-table",
            tabIndex=0,
            role="region",
            **cast(Any, {"aria-label": "Imputed genes"}),
        ),
        *([dmc.Text(f"{more:,} further genes are in the table.", size="sm")] if more > 0 else []),
        html.Div(
            html.A("Table of imputed genes, CSV", href=csv_url, className="link-button light")
        ),
        dmc.Text(HELP, size="sm", c="dimmed"),
        title="Imputed genes",
        help="imputed",
    )


def summary(rows: list[GeneTrust]) -> str:
    """How many genes can be expected to follow the tissue."""
    known = np.array([row.pearson for row in rows])
    tested = known[np.isfinite(known)]
    if not len(tested):
        return f"{counted(len(rows), 'gene')} imputed; none of them could be tested on the atlas."
    if len(rows) == 1:
        return (
            "1 gene imputed. On left-out slices of the atlas it correlates at "
            f"{tested[0]:.2f} with what was measured."
        )
    reach = int((tested >= 0.3).sum())
    text = (
        f"{counted(len(rows), 'gene')} imputed. On left-out slices of the atlas the middle one "
        f"correlates at {np.median(tested):.2f} with what was measured; "
        f"{reach:,} {'reaches' if reach == 1 else 'reach'} 0.3."
    )
    rest = len(rows) - len(tested)
    return text + (f" {rest:,} could not be tested." if rest else "")


def cells(row: GeneTrust, stage: str = "") -> list[Any]:
    """A line of the table, with the correlation at a stage where one is named."""
    low, high = row.interval(1.0)
    tested = math.isfinite(row.pearson)
    return [
        row.gene,
        f"{row.pearson:.2f}" if tested else NOT_TESTABLE,
        *([told(row.stages.get(stage, math.nan))] if stage else []),
        told(row.spearman),
        told(row.rmse),
        f"{low:.2f} to {high:.2f}" if math.isfinite(low) and math.isfinite(high) else "–",
        f"{row.coverage:.0%}" if math.isfinite(row.coverage) else "–",
        f"{row.slices}",
        f"{row.here_pearson:.2f}" if row.measured else "not measured",
        f"{row.here_inside:.0%}" if math.isfinite(row.here_inside) else "–",
    ]


def told(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"
