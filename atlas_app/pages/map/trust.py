"""How far a mapped section can be trusted: where in it, how many spots, and what that rests on."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.components import parts
from atlas_app.drawing import figures
from atlas_app.results.columns import Column
from atlas_app.results.mapped import ResultView
from atlas_app.results.sections import counted_text
from atlas_app.results.summary import count_by_confidence, tissue_column
from atlas_app.results.trust import trust_text


def confidence(view: ResultView) -> Any:
    """How far to trust it: where in the section, and how many spots."""
    column = tissue_column(view, "domain_confidence")
    counted = counted_text(view, "Counted below")
    if column is None or column.numbers is None:
        return None
    maps = [
        (name, label)
        for name, label in (
            ("domain_confidence", "Confidence of the domain"),
            ("out_of_reference_score", "Out of reference, score (above 1 it is)"),
        )
        if name in view.column_names
    ]
    return parts.folding_card(
        html.Div(
            [
                html.Div(
                    [
                        dmc.Text(label, fw=600, size="sm"),
                        parts.canvas(view.base, f"obs:{name}", view="/view", label=f"Map: {label}"),
                    ]
                )
                for name, label in maps
            ],
            className="trust-maps",
        ),
        dmc.Text(trust_text(view.report), size="sm", c="dimmed"),
        *([dmc.Text(counted, size="sm")] if counted else []),
        dmc.Grid(
            [
                dmc.GridCol(
                    [
                        parts.chart(
                            figures.confidence_histogram(column.numbers),
                            "Spots by confidence of their domain",
                            result_file(view, "confidence"),
                            figures.caption(view.atlas),
                        ),
                        parts.values_table(
                            ["Confidence", "Spots"],
                            [
                                [f"{low:.2f} to {low + width:.2f}", f"{spots:,}"]
                                for low, width, spots in figures.confidence_steps(column.numbers)
                            ],
                            "Values of the bars",
                        ),
                    ],
                    span={"base": 12, "md": 7},
                ),
                dmc.GridCol(trust_table(view, column), span={"base": 12, "md": 5}),
            ]
        ),
        title="How far to trust it",
    )


def result_file(view: ResultView, what: str) -> str:
    """The name of a saved chart of a result, without its ending."""
    return f"{view.title}-{what}-{view.atlas.digest[:8]}"


def trust_table(view: ResultView, column: Column) -> Any:
    """Spots by steps of their confidence, and how many of each step are out of reference."""
    return parts.table(
        [
            parts.explained("Confidence", "confidence"),
            "Spots",
            parts.explained("Out of reference", "out-of-reference"),
        ],
        [
            [
                f"{row['from']:.1f} to {row['to']:.1f}",
                f"{row['spots']:,}",
                "–" if row["outside"] is None else f"{row['outside']:,}",
            ]
            for row in count_by_confidence(column, tissue_column(view, "out_of_reference"))
        ],
    )
