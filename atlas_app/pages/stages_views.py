"""The four views of the Stages page: charts, tables beside them, links onwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from atlas_app import explore_state, ids, parts
from atlas_app.data import ServedAtlas
from atlas_app.figures import CONFIG
from atlas_app.links import search
from atlas_app.pages.stages_controls import complete
from atlas_app.site import Site
from atlas_app.stages import charts, rows
from atlas_app.stages.abundance import compare_ends, measure_abundance
from atlas_app.stages.changes import Changes
from atlas_app.stages.courses import Course, trace_course
from atlas_app.stages.relations import relate_domains, shown_edges
from atlas_app.stages.state import StageView, write_view

GENES_SHOWN = 500
ONE_STAGE = "This atlas has one stage only: there are no stages to compare."
TREND_WORDS = {
    "appears": "appears",
    "disappears": "disappears",
    "passes": "only in between",
    "grows": "grows",
    "shrinks": "shrinks",
}


def page_link(site: Site, served: ServedAtlas, state: StageView) -> str:
    """The address of this page in a state."""
    return site.href("stages", served, **write_view(state))


def map_link(site: Site, served: ServedAtlas, color: str, stage: str, hide: Any = ()) -> str:
    """The address of Explore with a colour at a stage; without a colour, its own choice."""
    state = explore_state.ViewState(color=color, stage=stage, hidden=frozenset(hide))
    return site.href("explore", served, **explore_state.write_state(state))


def show_view(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """What a state shows below its controls."""
    now = complete(served, state)
    if now.view != "course" and len(served.atlas.stages) < 2 and now.view != "abundance":
        return notice(ONE_STAGE)
    return {
        "course": show_course,
        "abundance": show_abundance,
        "changes": show_changes,
        "relations": show_relations,
    }[now.view](site, served, now)


def show_course(site: Site, served: ServedAtlas, state: StageView) -> Any:
    atlas = served.atlas
    found = trace_course(atlas, served.stages.groups, state.of, state.within)

    def link(stage: str) -> str:
        return map_link(site, served, found.color, stage, found.hide)

    where = f" within {found.within}" if found.within else ""
    csv = f"{served.base}/stages/course.csv{search({'of': state.of, 'within': state.within})}"
    return dmc.Stack(
        [
            parts.card(
                heading(f"{found.label}{where}", csv),
                *[notice(text) for text in found.notes],
                chart(
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
                values_table(
                    ["Stage", "Slices", "Mean", "95 % interval", "Map"],
                    course_stages(atlas, found, link),
                    "Values by stage",
                ),
                values_table(
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
    found = measure_abundance(atlas, groups, state.parts)

    def link(part: str, stage: str) -> str:
        return page_link(
            site, served, replace(state, view="course", of=f"{state.parts}:{part}", within="")
        )

    first, last = atlas.stages[0].name, atlas.stages[-1].name
    n = (int(found.summary.n[0]), int(found.summary.n[-1]))
    trends = rows.trend_rows(found, compare_ends(found, groups.stage_of))
    csv = f"{served.base}/stages/abundance.csv{search({'of': state.parts})}"
    named = "Domains" if state.parts == "domain" else "Factors"
    ends = parts.card(
        html.H2(f"From {first} to {last}", className="card-title"),
        dmc.Text(
            f"{n[0]} and {n[1]} slices. Below 1 % of a stage counts as absent."
            + ("" if min(n) > 1 else " With one slice on a side there is no interval."),
            size="sm",
            c="dimmed",
        ),
        parts.table(
            [named[:-1], "", first, last, "Difference (95 % interval)"],
            [
                [
                    dmc.Anchor(charts.shorten(row["label"]), href=link(row["name"], ""), size="sm"),
                    trend_mark(row),
                    f"{row['first']:.1%}",
                    f"{row['last']:.1%}",
                    f"{100 * row['effect']:+.1f} points {points(row['low'], row['high'])}",
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
                        heading("What each stage is made of", csv),
                        chart(
                            "composition",
                            charts.composition_chart(atlas, found, link),
                            f"{named} of each stage as stacked bars, mean over slices",
                        ),
                    ),
                    parts.card(
                        html.H2(f"{named} by stage", className="card-title"),
                        chart(
                            "intervals",
                            charts.interval_chart(atlas, found, link),
                            f"Share of each of the {named.lower()} by stage, with 95 % intervals",
                        ),
                        values_table(
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


def show_changes(site: Site, served: ServedAtlas, state: StageView) -> Any:
    found = served.stages.changes(state.a, state.b, state.within, state.what)
    labels = served.factor_labels if found.what == "factors" else found.names

    def link(name: str) -> str:
        return page_link(site, served, replace(state, row=name))

    table = rows.change_rows(found, labels, GENES_SHOWN)
    named = {name: getattr(state, name) for name in ("a", "b", "within", "what")}
    csv = f"{served.base}/stages/changes.csv{search(named)}"
    where = f" within {found.within}" if found.within else ""
    return html.Div(
        [
            parts.card(
                heading(f"{found.b} against {found.a}{where}", csv),
                dmc.Text(describe_test(found), size="sm", c="dimmed"),
                *[notice(text) for text in change_notes(found)],
                parts.grid(
                    [{"id": row["name"], **row} for row in table],
                    change_columns(found),
                    id=ids.STAGES_GRID,
                    height=520,
                    getRowId="params.data.id",
                    selectedRows={"ids": [state.row]} if state.row else [],
                    grid_options={
                        "rowHeight": 34,
                        "rowSelection": {
                            "mode": "singleRow",
                            "checkboxes": False,
                            "enableClickSelection": True,
                        },
                    },
                ),
            ),
            parts.card(
                html.H2("Clearest rises and falls", className="card-title"),
                chart(
                    "effects",
                    charts.effect_chart(found, labels, link),
                    f"The clearest {found.what}, change from {found.a} to {found.b}",
                ),
            ),
        ],
        className="stages-two",
    )


def describe_test(found: Changes) -> str:
    """How the numbers of the table were made."""
    counts = f"{found.n[0]} slices of {found.a}, {found.n[1]} of {found.b}. "
    if found.n[0] == 1:
        counts = counts.replace("1 slices", "1 slice")
    unit = (
        "Change: log2 ratio of counts per 10,000, spots of a slice pooled. "
        if found.what == "genes"
        else "Change: difference of mean proportions. "
    )
    if not found.tested:
        return counts + unit + "With one slice on a side there is neither interval nor p."
    test = "a moderated t-test" if found.what == "genes" else "Welch's t-test"
    return (
        counts + unit + f"Slices are the replicates of {test}; q is p after Benjamini–Hochberg. "
        "Sections of one donor count as if they were independent."
    )


def change_notes(found: Changes) -> list[str]:
    """What was left out of a comparison."""
    notes = []
    if found.left_out:
        notes.append(
            f"Left out, with fewer than 10 spots of {found.within}: {', '.join(found.left_out)}."
        )
    few, unmeasured = found.untested
    if unmeasured:
        notes.append(f"{unmeasured:,} genes that not all of these slices measured are left out.")
    if few:
        notes.append(f"{few:,} genes with fewer than 10 counts here are left out.")
    if len(found.names) > GENES_SHOWN:
        notes.append(f"The first {GENES_SHOWN} of {len(found.names):,}; the CSV has all.")
    return notes


def change_columns(found: Changes) -> list[dict[str, Any]]:
    def number(field: str, name: str, form: str, tip: str = "") -> dict[str, Any]:
        return {
            "field": field,
            "headerName": name,
            "headerTooltip": tip,
            "type": "numericColumn",
            "width": 92,
            "minWidth": 80,
            "valueFormatter": {
                "function": f"params.value == null ? '–' : d3.format('{form}')(params.value)"
            },
        }

    genes = found.what == "genes"
    level = ".3~g" if genes else ".3f"
    unit = "mean over slices of counts per 10,000" if genes else "mean proportion"
    change = "+.2f" if genes else "+.3f"
    columns = [
        {
            "field": "label",
            "headerName": "Gene" if genes else "Factor",
            "flex": 1,
            "minWidth": 110 if genes else 150,
            "cellClass": "gene",
            "pinned": "left" if genes else None,
        },
        number("effect", "Change", change),
    ]
    if found.tested:
        columns += [
            number("low", "Low", change, "lower end of the 95 % interval"),
            number("high", "High", change, "upper end of the 95 % interval"),
            number("p", "p", ".1e"),
            number("q", "q", ".1e", "p adjusted for all rows, after Benjamini–Hochberg"),
        ]
    return [
        *columns,
        number("mean_a", found.a, level, unit),
        number("mean_b", found.b, level, unit),
    ]


def show_row(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """Maps of the chosen gene or factor at both stages, side by side in one scale of colour."""
    now = complete(served, state)
    if now.view != "changes" or not now.row:
        return []
    if now.what == "factors":
        factor = int(now.row) if now.row.isascii() and now.row.isdigit() else -1
        if not 0 <= factor < served.atlas.n_factors:
            return []
        label, color, of = served.factor_labels[factor], f"factor:{factor}", f"factor:{factor}"
    else:
        if served.atlas.resolve_gene(now.row) is None:
            return []
        label, color, of = now.row, f"gene:{now.row}", f"gene:{now.row}"
    course = page_link(site, served, replace(now, view="course", of=of, row=""))
    return parts.card(
        dmc.Group(
            [
                html.H2(f"{label} on the tissue", className="card-title", id="stages-maps"),
                dmc.Group(
                    [
                        dmc.Anchor("Course over all stages", href=course, size="sm"),
                        dmc.Anchor(
                            "All stages in Explore",
                            href=map_link(site, served, color, ""),
                            size="sm",
                        ),
                    ],
                    gap="md",
                ),
            ],
            justify="space-between",
        ),
        html.Div(
            [
                html.Div(
                    [
                        dmc.Anchor(
                            f"{stage}: open in Explore",
                            href=map_link(site, served, color, stage),
                            size="sm",
                        ),
                        parts.canvas(
                            served.base,
                            color,
                            stage=stage,
                            digest=served.atlas.digest,
                            label=f"{label} in the slices of {stage}",
                        ),
                    ]
                )
                for stage in (now.a, now.b)
            ],
            className="stages-maps",
        ),
    )


def show_relations(site: Site, served: ServedAtlas, state: StageView) -> Any:
    atlas = served.atlas
    graph = relate_domains(atlas, served.stages.groups)
    if graph is None:
        return notice(
            "This store holds no similarities of domains between stages: it was written by an "
            "older version, or no domain has 10 spots at two consecutive stages. Fit the slices "
            "again with the present version to have them."
        )
    node = state.node if graph.node(state.node) else ""
    edges = shown_edges(graph, state.least, node)
    categories = served.stages.groups.domains

    def link(key: str) -> str:
        return page_link(site, served, replace(state, node=key))

    def maps(stage: str, domain: str) -> Any:
        hide = [code for code, name in enumerate(categories) if name != domain]
        address = map_link(site, served, "obs:domain", stage, hide)
        return dmc.Anchor(f"{domain} at {stage}", href=address, size="sm")

    chosen = graph.node(node)
    about = f": {chosen.domain} at {atlas.stages[chosen.stage].name}" if chosen else ""
    table = rows.relation_rows(atlas, graph, edges)
    return html.Div(
        [
            parts.card(
                heading(
                    f"Similarity in the latent, not lineage{about}",
                    f"{served.base}/stages/relations.csv",
                ),
                dmc.Text(
                    "A line joins domains of consecutive stages that lie alike in the latent: the "
                    "wider, the more alike; green where each is the other's most similar. It says "
                    "what resembles what, and not what becomes what. Choose a domain to see its "
                    "own lines.",
                    size="sm",
                    c="dimmed",
                ),
                *([dmc.Anchor("Show all domains", href=link(""), size="sm")] if node else []),
                dcc_scroll(
                    chart(
                        "relations",
                        charts.relation_chart(atlas, graph, edges, node, link),
                        "Domains by stage, joined where they are alike",
                    ),
                    120 * len(atlas.stages),
                ),
            ),
            parts.card(
                html.H2(f"{len(edges)} pairs", className="card-title"),
                html.Div(
                    parts.table(
                        ["Earlier", "Later", "Similarity", "Mutual", "Lines"],
                        [
                            [
                                maps(row["stage"], row["domain"]),
                                maps(row["next_stage"], row["next_domain"]),
                                f"{row['similarity']:.2f}",
                                "yes" if row["mutual"] else "",
                                dmc.Anchor(
                                    "show",
                                    href=link(edge.source),
                                    size="sm",
                                    **{"aria-label": f"Lines of {row['domain']}, {row['stage']}"},
                                ),
                            ]
                            for row, edge in zip(table, edges, strict=True)
                        ],
                        min_width=380,
                    ),
                    className="stages-scroll",
                    tabIndex=0,
                    **{"aria-label": "Pairs of similar domains", "role": "region"},
                )
                if edges
                else notice("No pair is that similar. Move the slider to the left."),
            ),
        ],
        className="stages-two",
    )


def heading(text: str, csv: str) -> Any:
    return dmc.Group(
        [
            html.H2(text, className="card-title"),
            html.A("CSV", href=csv, className="download-link", download=""),
        ],
        justify="space-between",
    )


def chart(name: str, figure: Any, label: str) -> Any:
    """A chart whose points lead on when they are clicked."""
    return html.Div(
        dcc.Graph(
            id={"type": ids.STAGES_CHART, "name": name},
            figure=figure,
            config=CONFIG,
            style={"height": f"{figure.layout.height}px"},
        ),
        role="figure",
        className="stages-chart",
        **{"aria-label": label},
    )


def dcc_scroll(content: Any, least: int) -> Any:
    """Content that scrolls sideways where the page is narrower than it can be read at."""
    return html.Div(
        html.Div(content, style={"minWidth": f"{least}px"}), className="stages-sideways"
    )


def values_table(columns: list[str], table: list[list[Any]], summary: str) -> Any:
    """The numbers of a chart, folded away until they are asked for."""
    return html.Details([html.Summary(summary), parts.table(columns, table)], className="values")


def notice(text: str) -> Any:
    return dmc.Alert(text, color="gray", variant="light", py="xs")


def trend_mark(row: rows.Row) -> Any:
    """The word for a change, and how sure it is."""
    sure = {None: "no interval", True: "clear", False: "within the spread"}[row["certain"]]
    return html.Span(
        [TREND_WORDS[row["word"]], html.Span(f" · {sure}", className="gives")],
    )


def points(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"({100 * low:+.1f} to {100 * high:+.1f})"


def interval(low: float | None, high: float | None, n: int) -> str:
    if n == 1:
        return "one slice: no interval"
    return "–" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
