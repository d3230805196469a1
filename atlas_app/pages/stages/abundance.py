"""What stages are made of: domains and factors by stage, and what comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.http.links import search
from atlas_app.pages.stages.parts import chart, page_link, points, signed
from atlas_app.site import Site
from atlas_app.stages import charts, rows
from atlas_app.stages.abundance import compare_ends, measure_abundance
from atlas_app.stages.cells import MIN_SPOTS
from atlas_app.stages.state import StageView
from atlas_app.words.readable import counted

ONE_STAGE = "This atlas has one stage only: there are no stages to compare."
BY_DOMAIN = "CSV by stage, domain and factor"
TREND_WORDS = {
    "appears": "appears",
    "disappears": "disappears",
    "passes": "only in between",
    "grows": "grows",
    "shrinks": "shrinks",
}


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
        dmc.Text(ends_text(found.within, (first, last), n), size="sm", c="dimmed"),
        *([] if min(n) == 0 else [ends_table(trends, named[:-1], (first, last), link)]),
    )
    return html.Div(
        [
            html.Div(
                [
                    parts.card(
                        parts.heading(f"What each stage is made of{where}", csv, help=state.parts),
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
                            f"Share of each of the {named.lower()} by stage, with 95% intervals",
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
            html.Div(ends if len(atlas.stages) > 1 else parts.notice(ONE_STAGE)),
        ],
        className="stages-two",
    )


def ends_text(within: str, stages: tuple[str, str], n: tuple[int, int]) -> str:
    """How many slices the first and the last stage have, and what follows where those are few."""
    lacking = [stage for stage, slices in zip(stages, n, strict=True) if not slices]
    if lacking:
        none = f"No slice of {' or '.join(lacking)} has {MIN_SPOTS} spots"
        return f"{none}{f' of {within}' if within else ''}: there is nothing to compare."
    enough = " with spots enough" if within else ""
    few = " With one slice on a side there is no interval." if min(n) == 1 else ""
    return (
        f"{counted(n[0], 'slice')} of {stages[0]} and {n[1]} of {stages[1]}{enough}. Below 1% of "
        f"{within or 'a stage'} counts as absent.{few}"
    )


def ends_table(
    trends: Sequence[rows.Row], part: str, stages: tuple[str, str], link: Callable[[str, str], str]
) -> Any:
    """The first stage beside the last, a row for each part."""
    return parts.table(
        [part, "Trend", *stages, parts.explained("Difference (95% interval)", "interval")],
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
    )


def trend_mark(row: rows.Row) -> Any:
    """The word for a change, and how sure it is."""
    sure = {None: "no interval", True: "clear", False: "within the spread"}[row["certain"]]
    return html.Span(
        [TREND_WORDS[row["word"]], html.Span(f" · {sure}", className="gives")],
    )
