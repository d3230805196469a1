"""The part of a result that says at which stage each domain of the section is."""

from __future__ import annotations

from typing import Any, cast

import dash_mantine_components as dmc
from dash import html

from atlas_app.components import parts
from atlas_app.results.mapped import ResultView
from atlas_app.results.sections import left_out_text, section_rows
from atlas_app.results.stages import held_out_text, spots_text, stages_by_domain

LONG = 14
"""Rows above which the table scrolls."""
DEEPEST = 45
"""Percent of the accent colour behind a probability of 1: text stays readable on it."""


def domain_stages(view: ResultView) -> Any:
    """The card; None for a result that does not say, or an atlas of one stage."""
    rows = stages_by_domain(view)
    if not rows:
        return None
    stages = [stage.name for stage in view.atlas.stages]
    few = any(row.few for row in rows)
    several = bool(section_rows(view))
    table = parts.table(
        [*(["Section"] if several else []), "Domain", "Spots", *stages],
        [
            [
                *([row.section] if several else []),
                row.domain,
                spots_text(row),
                *(
                    shaded(value, stage == row.stage)
                    for stage, value in zip(stages, row.posterior, strict=True)
                ),
            ]
            for row in rows
        ],
        min_width=(320 if several else 200) + 84 * len(stages),
    )
    return parts.folding_card(
        dmc.Text(
            "How probable each stage is by the spots of a domain alone. Domains of one section "
            "have one age; where they differ, tissue is ahead or behind, or the evidence is thin."
            + (f" Each section by itself. {left_out_text(view)}" if several else "")
        ),
        html.Div(
            table,
            className="long-table",
            tabIndex=0,
            role="region",
            **cast(Any, {"aria-label": "Stage by domain"}),
        )
        if len(rows) > LONG
        else table,
        dmc.Text(
            held_out_text(view.report)
            + (" A domain of few spots, under 20, says little alone." if few else ""),
            size="sm",
            c="dimmed",
        ),
        dmc.Group(
            [
                html.A(
                    "Stages of domains, CSV",
                    href=f"{view.base}/domain_stages.csv",
                    className="link-button light",
                )
            ]
        ),
        title="Stage by domain",
    )


def shaded(value: float, likeliest: bool) -> Any:
    """A probability, the darker behind it the greater it is; the likeliest in bold type."""
    style: dict[str, Any] = {
        "background": f"color-mix(in srgb, var(--accent) {value * DEEPEST:.0f}%, transparent)",
    }
    text = f"{value:.0%}"
    return html.Div(html.Strong(text) if likeliest else text, style=style, className="shade")
