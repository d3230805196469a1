"""The views of the Stages page: charts, tables beside them, links onwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app import parts
from atlas_app.data import ServedAtlas
from atlas_app.estimates import accuracy_words, estimated_in
from atlas_app.links import search
from atlas_app.pages.stages_changes import show_changes
from atlas_app.pages.stages_connectivity import show_connectivity
from atlas_app.pages.stages_controls import complete
from atlas_app.pages.stages_film import show_film
from atlas_app.pages.stages_markers import show_markers
from atlas_app.pages.stages_parts import (
    card_link,
    chart,
    heading,
    interval,
    map_link,
    notice,
    page_link,
    points,
    shown,
    signed,
)
from atlas_app.pages.stages_relations import show_relations
from atlas_app.site import Site
from atlas_app.stages import charts, rows
from atlas_app.stages.abundance import compare_ends, measure_abundance
from atlas_app.stages.courses import Course, trace_course
from atlas_app.stages.state import StageView

ONE_STAGE = "This atlas has one stage only: there are no stages to compare."
BY_DOMAIN = "CSV by stage, domain and factor"
FEW_SLICES = {
    0: " Without a slice on a side there is nothing to compare.",
    1: " With one slice on a side there is no interval.",
}
ONE_STAGE_FILM = "This atlas has one stage only: there is nothing to animate."
TREND_WORDS = {
    "appears": "appears",
    "disappears": "disappears",
    "passes": "only in between",
    "grows": "grows",
    "shrinks": "shrinks",
}


def show_view(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """What a state shows below its controls."""
    now = complete(served, state)
    if not comparable(served, now):
        return html.Div(
            [
                notice(ONE_STAGE_FILM if now.view == "film" else ONE_STAGE),
                dmc.Anchor(
                    "See what it is made of",
                    href=page_link(site, served, StageView(view="abundance")),
                ),
                *(show_connectivity(site, served) if now.view == "relations" else []),
            ],
            className="stages-none",
        )
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
                heading(f"{found.label}{where}", csv),
                *[notice(text) for text in found.notes],
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
                    "its 95 % interval where there are two or more. A click leads to the maps.",
                    size="sm",
                    c="dimmed",
                ),
                parts.terms_line("interval", *pooled),
                parts.values_table(
                    [
                        "Stage",
                        "Slices",
                        "Mean",
                        parts.explained("95 % interval", "interval"),
                        "Map",
                    ],
                    course_stages(atlas, found, link),
                    "Values by stage",
                ),
                parts.values_table(
                    ["Slice", "Stage", "Spots", "Value"],
                    [
                        [row["slice"], row["stage"], f"{row['spots']:,}", shown(row["value"])]
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
        notice(
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
                shown(rows.number(mean)),
                interval(rows.number(low), rows.number(high), int(found.n[t])),
                dmc.Anchor(f"{course.label} at {stage.name}", href=link(stage.name), size="sm"),
            ]
        )
    return table


def show_abundance(site: Site, served: ServedAtlas, state: StageView) -> Any:
    atlas, groups = served.atlas, served.stages.groups
    found = measure_abundance(atlas, groups, state.parts, state.within)
    where = f" within {found.within}" if found.within else ""

    def link(part: str, stage: str) -> str:
        return page_link(
            site,
            served,
            replace(state, view="course", of=f"{state.parts}:{part}", within=found.within),
        )

    first, last = atlas.stages[0].name, atlas.stages[-1].name
    n = (int(found.summary.n[0]), int(found.summary.n[-1]))
    trends = rows.trend_rows(found, compare_ends(found, groups.stage_of))
    csv = f"{served.base}/stages/abundance.csv{search({'of': state.parts, 'within': found.within})}"
    by_domain = f"{served.base}/stages/factors-by-domain.csv"
    named = "Domains" if state.parts == "domain" else "Factors"
    ends = parts.card(
        html.H2(f"From {first} to {last}{where}", className="card-title"),
        dmc.Text(
            f"{n[0]} and {n[1]} slices{' with spots enough' if where else ''}. "
            "Below 1 % of a stage counts as absent." + ("" if min(n) > 1 else FEW_SLICES[min(n)]),
            size="sm",
            c="dimmed",
        ),
        parts.table(
            [
                named[:-1],
                "",
                first,
                last,
                parts.explained("Difference (95 % interval)", "interval"),
            ],
            [
                [
                    dmc.Anchor(charts.shorten(row["label"]), href=link(row["name"], ""), size="sm"),
                    trend_mark(row),
                    f"{row['first']:.1%}",
                    f"{row['last']:.1%}",
                    f"{signed(row['effect'])} points {points(row['low'], row['high'])}",
                ]
                for row in trends
            ],
            min_width=430,
        ),
    )
    return html.Div(
        [
            html.Div(
                [
                    parts.card(
                        heading(f"What each stage is made of{where}", csv, help=state.parts),
                        *(
                            [
                                html.A(
                                    BY_DOMAIN,
                                    href=by_domain,
                                    className="download-link",
                                    download="",
                                )
                            ]
                            if state.parts == "factor"
                            else []
                        ),
                        chart(
                            served,
                            "composition",
                            charts.composition_chart(atlas, found, link),
                            f"{named} of each stage as stacked bars, mean over slices",
                        ),
                    ),
                    parts.card(
                        html.H2(f"{named} by stage{where}", className="card-title"),
                        chart(
                            served,
                            "intervals",
                            charts.interval_chart(atlas, found, link),
                            f"Share of each of the {named.lower()} by stage, with 95 % intervals",
                        ),
                        parts.values_table(
                            [named[:-1], *[stage.name for stage in atlas.stages]],
                            [
                                [
                                    label,
                                    *[
                                        charts.share_text(found.summary, t, part)
                                        for t in range(len(atlas.stages))
                                    ],
                                ]
                                for part, label in enumerate(found.labels)
                            ],
                            "Values as a table",
                        ),
                    ),
                ],
                className="stages-main",
            ),
            html.Div(ends if len(atlas.stages) > 1 else notice(ONE_STAGE)),
        ],
        className="stages-two",
    )


def trend_mark(row: rows.Row) -> Any:
    """The word for a change, and how sure it is."""
    sure = {None: "no interval", True: "clear", False: "within the spread"}[row["certain"]]
    return html.Span(
        [TREND_WORDS[row["word"]], html.Span(f" · {sure}", className="gives")],
    )
