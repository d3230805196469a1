"""The views of the Stages page: charts, tables beside them, links onwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.atlases.estimates import accuracy_words, estimated_in
from atlas_app.components import parts
from atlas_app.http.links import search
from atlas_app.pages.stages.abundance import ONE_STAGE, show_abundance
from atlas_app.pages.stages.changes import show_changes
from atlas_app.pages.stages.connectivity import show_connectivity
from atlas_app.pages.stages.controls import complete
from atlas_app.pages.stages.film import show_film
from atlas_app.pages.stages.markers import show_markers
from atlas_app.pages.stages.parts import card_link, chart, interval, map_link, page_link
from atlas_app.pages.stages.relations import show_relations
from atlas_app.site import Site
from atlas_app.stages import charts, rows
from atlas_app.stages.courses import Course, trace_course
from atlas_app.stages.state import StageView
from atlas_app.words.readable import readable

ONE_STAGE_FILM = "This atlas has one stage only: there is nothing to animate."


def show_view(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """What a state shows below its controls."""
    now = complete(served, state)
    if not comparable(served, now):
        alone = html.Div(
            [
                parts.notice(ONE_STAGE_FILM if now.view == "film" else ONE_STAGE),
                dmc.Anchor(
                    "See what it is made of",
                    href=page_link(site, served, StageView(view="abundance")),
                    size="sm",
                ),
            ],
            className="stages-none",
        )
        if now.view != "relations":
            return alone
        # Neighbours in the latent are of all stages, be they one.
        return dmc.Stack([alone, html.Div(show_connectivity(site, served), className="stages-two")])
    return {
        "course": show_course,
        "abundance": show_abundance,
        "changes": show_changes,
        "markers": show_markers,
        "relations": show_relations,
        "film": show_film,
    }[now.view](site, served, now)


def comparable(served: ServedAtlas, state: StageView) -> bool:
    """Whether the atlas has the stages that a view needs."""
    return len(served.atlas.stages) > 1 or state.view not in ("changes", "relations", "film")


def show_course(site: Site, served: ServedAtlas, state: StageView) -> Any:
    atlas = served.atlas
    found = trace_course(atlas, served.stages.groups, state.of, state.within)

    def link(stage: str) -> str:
        return map_link(site, served, found.color, stage, found.hide)

    pooled = ["pseudobulk"] if found.kind == "gene" else []
    where = f" within {found.within}" if found.within else ""
    csv = f"{served.base}/stages/course.csv{search({'of': state.of, 'within': state.within})}"
    return dmc.Stack(
        [
            parts.card(
                parts.heading(f"{found.label}{where}", csv),
                *[parts.notice(text) for text in found.notes],
                *estimate_note(served, found),
                *([card_link(site, served, found.name)] if found.kind == "gene" else []),
                chart(
                    served,
                    "course",
                    charts.course_chart(atlas, found, link),
                    f"{found.label}{where} over stages: {found.unit}, one point per slice",
                ),
                dmc.Text(
                    "Each grey point is a slice; a diamond is the mean of a stage's slices, with "
                    "its 95% interval where there are two or more. A click leads to the maps.",
                    size="sm",
                    c="dimmed",
                ),
                parts.terms_line("interval", *pooled),
                parts.values_table(
                    [
                        "Stage",
                        "Slices",
                        "Mean",
                        parts.explained("95% interval", "interval"),
                        "Map",
                    ],
                    course_stages(atlas, found, link),
                    "Values by stage",
                ),
                parts.values_table(
                    ["Slice", "Stage", "Spots", "Value"],
                    [
                        [row["slice"], row["stage"], f"{row['spots']:,}", readable(row["value"], 4)]
                        for row in rows.course_rows(atlas, found)
                    ],
                    "Values by slice",
                ),
            )
        ]
    )


def estimate_note(served: ServedAtlas, course: Course) -> list[Any]:
    """How good the estimate is that the maps hold for slices which did not measure the gene."""
    told = estimated_in(served, course.name) if course.kind == "gene" else None
    if told is None:
        return []
    return [
        parts.notice(
            f"Here are measured values only. The factors' estimate, which Explore can show for the "
            f"{told['slices']} of {told['of']} slices without: {accuracy_words(str(told['r']))}."
        )
    ]


def course_stages(atlas: Any, course: Course, link: Callable[[str], str]) -> list[list[Any]]:
    """One row per stage, with a link to its maps."""
    found = course.summary
    table = []
    for t, stage in enumerate(atlas.stages):
        mean, low, high = found.mean[t, 0], found.low[t, 0], found.high[t, 0]
        table.append(
            [
                stage.name,
                f"n = {found.n[t]}",
                readable(mean, 4),
                interval(rows.number(low), rows.number(high), int(found.n[t])),
                dmc.Anchor(f"{course.label} at {stage.name}", href=link(stage.name), size="sm"),
            ]
        )
    return table
