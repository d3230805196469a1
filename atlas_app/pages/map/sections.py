"""The part of a result that tells its sections apart, where it has several."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.components import parts
from atlas_app.pages.map.stages import shaded
from atlas_app.results.mapped import ResultView
from atlas_app.results.sections import (
    SectionRow,
    section_cells,
    section_heads,
    section_rows,
    sections_text,
)

MEANING = (
    "Each section is judged by its own spots: whether it is of the atlas's tissue, how probable "
    "each stage is, at what time it is, and whether that lies outside the stages of the atlas. Of "
    "one that is not of the atlas's tissue no stage and no time is told, and its domains and "
    "imputed genes say nothing of it."
)


def sections(view: ResultView) -> Any:
    """The card; None for a result of one section."""
    rows = section_rows(view)
    if not rows:
        return None
    stages = [stage.name for stage in view.atlas.stages]
    return parts.folding_card(
        dmc.Text(sections_text(view.report)),
        parts.table(section_heads(view), [cells(view, row) for row in rows], min_width=860),
        *(
            [
                dmc.Title("Stage by section", order=3, size="h5"),
                parts.table(
                    ["Section", *stages],
                    [stage_cells(view, row) for row in rows],
                    min_width=200 + 84 * len(stages),
                ),
            ]
            if len(stages) > 1
            else []
        ),
        dmc.Text(MEANING, size="sm", c="dimmed"),
        dmc.Group(
            [
                html.A(
                    "Sections, CSV", href=f"{view.base}/sections.csv", className="link-button light"
                )
            ]
        ),
        title="Sections",
    )


def cells(view: ResultView, row: SectionRow) -> list[Any]:
    """A row of the table; what is not of the atlas's tissue in bold type."""
    found: list[Any] = list(section_cells(view, row))
    if row.foreign:
        found[2] = html.Strong(row.verdict)
    return found


def stage_cells(view: ResultView, row: SectionRow) -> list[Any]:
    """How probable each stage is for a section; nothing of a foreign one."""
    stages = [stage.name for stage in view.atlas.stages]
    if row.foreign:
        return [row.section, *("–" for _ in stages)]
    return [
        row.section,
        *(shaded(p, stage == row.stage) for stage, p in zip(stages, row.posterior, strict=True)),
    ]
