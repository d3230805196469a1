"""What changes between two stages: the table, the chart, the maps of the chosen row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.http.links import search
from atlas_app.http.whole_numbers import whole
from atlas_app.pages.stages.alignment import orientation_note
from atlas_app.pages.stages.controls import complete
from atlas_app.pages.stages.parts import card_link, chart, map_link, page_link
from atlas_app.site import Site
from atlas_app.stages import charts, rows
from atlas_app.stages.changes import MIN_EXPECTED, Changes
from atlas_app.stages.state import StageView
from atlas_app.words.glossary import TERMS
from atlas_app.words.readable import counted
from atlas_app.words.told_columns import told_column, with_told
from training.store.genes.significance import told_p

GENES_SHOWN = 500


def show_changes(site: Site, served: ServedAtlas, state: StageView) -> Any:
    found = served.stages.changes(state.a, state.b, state.within, state.what, state.by)
    labels = served.factor_labels if found.what == "factors" else found.names

    def link(name: str) -> str:
        return page_link(site, served, replace(state, row=name))

    table = rows.change_rows(found, labels, GENES_SHOWN)
    named = {name: getattr(state, name) for name in ("a", "b", "within", "what", "by")}
    csv = f"{served.base}/stages/changes.csv{search(named)}"
    where = f" within {found.within}" if found.within else ""
    return html.Div(
        [
            parts.card(
                parts.heading(f"{found.b} against {found.a}{where}", csv),
                dmc.Text(describe_test(found) + cut(found), size="sm", c="dimmed"),
                *[parts.notice(text) for text in change_notes(found)],
                parts.terms_line("pseudobulk", *(["interval", "q"] if found.tested else [])),
                parts.grid(
                    [{"id": row["name"], **row} for row in with_told(table, told_p, "p", "q")],
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
                    served,
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
    if found.unit == "slice":
        counts = f"{counted(found.n[0], 'slice')} of {found.a}, {found.n[1]:,} of {found.b}. "
    else:
        counts = f"{samples_of(found, 0)} of {found.a}, {samples_of(found, 1)} of {found.b}. "
    unit = (
        f"Change: log2 ratio of counts per 10,000, spots of a {found.unit} pooled. "
        if found.what == "genes"
        else "Change: difference of mean proportions. "
    )
    if not found.tested:
        return counts + unit + f"With one {found.unit} on a side there is neither interval nor p."
    test = "a moderated t-test" if found.what == "genes" else "Welch's t-test"
    told = counts + unit + f"{found.unit.capitalize()}s are the replicates of {test}; "
    told += "q is p after Benjamini–Hochberg. "
    if found.unit == "specimen":
        return told + f"The column {found.column} says which slices are of one specimen."
    return told + "Sections of one specimen count as if they were independent."


def samples_of(found: Changes, side: int) -> str:
    """How many specimens a side has: '2 specimens (5 slices)'."""
    slices = counted(found.slices[side], "slice")
    return f"{counted(found.n[side], found.unit)} ({slices})"


def cut(found: Changes) -> str:
    """Says when the table does not show all."""
    if len(found.names) <= GENES_SHOWN:
        return ""
    return f" Shown are the first {GENES_SHOWN} of {len(found.names):,} genes; the CSV has all."


def genes_are(n: int) -> str:
    return f"{counted(n, 'gene')} {'is' if n == 1 else 'are'}"


def change_notes(found: Changes) -> list[str]:
    """What was left out of a comparison."""
    notes = []
    if found.left_out:
        notes.append(
            f"Left out, with fewer than 10 spots of {found.within}: {', '.join(found.left_out)}."
        )
    few, unmeasured = found.untested
    if unmeasured:
        notes.append(f"{genes_are(unmeasured)} left out: not measured in all of these slices.")
    if few:
        notes.append(
            f"{genes_are(few)} left out: fewer than {MIN_EXPECTED} counts are to be expected in "
            f"the smallest of these {found.unit}s."
        )
    return notes


def change_columns(found: Changes) -> list[dict[str, Any]]:
    genes = found.what == "genes"

    def number(field: str, name: str, form: str, tip: str = "") -> dict[str, Any]:
        return {
            "field": field,
            "headerName": name,
            "headerTooltip": tip,
            "type": "numericColumn",
            "width": 96,
            "minWidth": 66 if genes else 74,
            "valueFormatter": {
                "function": f"params.value == null ? '–' : d3.format('{form}')(params.value)"
            },
        }

    level = ".3~g" if genes else ".3f"
    unit = f"mean over {found.unit}s of counts per 10,000" if genes else "mean proportion"
    change = "+.2f" if genes else "+.3f"
    columns = [
        {
            "field": "label",
            "headerName": "Gene" if genes else "Factor",
            "width": 108 if genes else 190,
            "minWidth": 108 if genes else 156,
            "cellClass": "gene",
            "pinned": "left" if genes else None,
        },
        {**number("effect", "Change", change), "minWidth": 80},
    ]
    if found.tested:
        columns += [
            number("low", "Low", change, "lower end of the 95% interval"),
            number("high", "High", change, "upper end of the 95% interval"),
            told_column("p", "p", minWidth=88),
            told_column("q", "q", TERMS["q"][1], minWidth=88),
        ]
    return [
        *columns,
        {**number("mean_a", found.a, level, f"{found.a}: {unit}"), "minWidth": wide(found.a)},
        {**number("mean_b", found.b, level, f"{found.b}: {unit}"), "minWidth": wide(found.b)},
    ]


def wide(head: str) -> int:
    """Pixels that a column needs for its head, up to a limit."""
    return min(max(84, 32 + 8 * len(head)), 156)


def row_color(served: ServedAtlas, now: StageView) -> str:
    """What maps of the chosen row are coloured by, as addresses have it; '' without a row that the
    atlas has."""
    if now.what == "factors":
        factor = whole(now.row, served.atlas.n_factors - 1)
        return "" if factor is None else f"factor:{factor}"
    known = bool(now.row) and served.atlas.resolve_gene(now.row) is not None
    return f"gene:{now.row}" if known else ""


def show_row(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """Maps of the chosen gene or factor at both stages, side by side in one scale of colour."""
    now = complete(served, state)
    if now.view != "changes" or not now.row:
        return []
    color = row_color(served, now)
    if not color:
        return []
    factors = now.what == "factors"
    label = served.factor_labels[int(now.row)] if factors else now.row
    course = page_link(site, served, replace(now, view="course", of=color, row=""))
    aligned = served.atlas.aligned is not None
    return parts.card(
        dmc.Group(
            [
                html.H2(f"{label} on the tissue", className="card-title", id="stages-maps"),
                dmc.Group(
                    [
                        *([card_link(site, served, now.row)] if now.what == "genes" else []),
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
                            aligned="true" if aligned else "",
                        ),
                    ]
                )
                for stage in (now.a, now.b)
            ],
            className="stages-maps",
        ),
        dmc.Group(
            [
                dmc.Text(orientation_note(served.atlas, (now.a, now.b)), size="sm", c="dimmed"),
                *([parts.terms_line("residual")] if aligned else []),
            ],
            gap="xs",
        ),
    )
