"""Cards of the Factors page: specificity, domains, factors alike, two factors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.drawing.figures import caption
from atlas_app.factors import charts
from atlas_app.factors.state import FactorView, write_view
from atlas_app.site import Site
from atlas_app.words.readable import counted, padded
from atlas_app.words.told_columns import told_column, with_told

ALIKE_SHOWN = 8
COMPARED_SHOWN = 200


def height_card(served: ServedAtlas, factor: int, genes: list[dict[str, Any]]) -> Any:
    """Loading beside specificity: what is high, and what is this factor's and no other's."""
    own = sum(row["specificity"] >= 0.5 for row in genes)
    label = f"Loading and specificity of the genes of factor {factor}"
    return parts.card(
        dmc.Text(
            f"To the right: what the factor is made of. Above: what is its own and no other's. "
            f"{own} of its {len(genes)} first genes have at least half of their loading here. "
            f"{charts.AT_THE_EDGE}",
            size="sm",
            c="dimmed",
        ),
        parts.chart(
            charts.height_chart(genes),
            label,
            served.file_name(f"factor-{factor}-specificity"),
            caption(served.atlas),
        ),
        title="Loading and specificity",
        help="loading",
    )


def domain_card(served: ServedAtlas, factor: int) -> Any:
    rows = served.facts.by_domain(factor)
    unseen = [row["domain"] for row in rows if row["mean"] is None]
    return parts.card(
        parts.heading(
            "Usage by domain", f"{served.base}/factors/domains.csv?factor={factor}", help="domain"
        ),
        parts.chart(
            charts.domain_chart(rows),
            f"Usage of factor {factor} by domain",
            served.file_name(f"factor-{factor}-domains"),
            caption(served.atlas),
        ),
        dmc.Text(
            "Mean over slices with at least 10 spots of the domain, with its 95% interval where "
            "there are two or more.",
            size="sm",
            c="dimmed",
        ),
        *([parts.notice(f"In no slice with 10 spots: {', '.join(unseen)}.")] if unseen else []),
        parts.values_table(
            ["Domain", "Slices", "Mean", parts.explained("95% interval", "interval")],
            [
                [
                    row["domain"],
                    f"n = {row['n_slices']}",
                    "–" if row["mean"] is None else f"{row['mean']:.3f}",
                    "–" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}",
                ]
                for row in rows
            ],
            "Values by domain",
        ),
    )


def alike_card(site: Site, served: ServedAtlas, view: FactorView) -> Any:
    """The factors most like the chosen one, each with a link that compares the two."""
    rows = served.facts.similar(view.factor)[:ALIKE_SHOWN]
    address = f"{served.base}/factors/similar.csv?factor={view.factor}"
    if not rows:
        return parts.card(
            parts.heading("Similar factors", address), parts.notice("There is no other factor.")
        )

    def link(k: int) -> str:
        return site.href("factors", served, **write_view(replace(view, beside=k)))

    return parts.card(
        parts.heading("Similar factors", address),
        dmc.Text(
            "Alike: cosine of the loadings. Shared: genes among the 50 first of both. Together: "
            "correlation of their proportions over spots.",
            size="sm",
            c="dimmed",
        ),
        parts.table(
            ["Factor", "Alike", "Shared", "Together", "Compare"],
            [
                [
                    f"Factor {row['factor']} · {row['name']}",
                    f"{row['cosine']:.2f}",
                    str(row["shared"]),
                    "–" if row["together"] is None else f"{row['together']:.2f}".replace("-", "−"),
                    dmc.Anchor(
                        "compare",
                        href=link(row["factor"]),
                        size="sm",
                        **{"aria-label": f"Compare with factor {row['factor']}"},
                    ),
                ]
                for row in rows
            ],
            min_width=430,
        ),
    )


def compare_card(served: ServedAtlas, view: FactorView) -> Any:
    """A choice of a second factor, and the two side by side once it is made."""
    labels = served.factor_labels
    choice = dmc.Select(
        id=ids.FACTORS_BESIDE,
        label=f"Compare factor {view.factor} with",
        placeholder="Choose a factor",
        data=[
            {"value": str(k), "label": label} for k, label in enumerate(labels) if k != view.factor
        ],
        value=None if view.beside is None else str(view.beside),
        clearable=True,
        searchable=True,
        size="sm",
        maw=420,
    )
    if view.beside is None:
        return parts.card(html.H2("Two factors", className="card-title"), choice)
    a, b = view.factor, view.beside
    rows = served.facts.compare(a, b)
    names = (f"factor {a}", f"factor {b}")
    return parts.card(
        parts.heading("Two factors", f"{served.base}/factors/compare.csv?a={a}&b={b}"),
        choice,
        dmc.Grid(
            [
                dmc.GridCol(
                    [
                        parts.chart(
                            charts.compare_chart(rows, *names),
                            f"Loadings of the genes on {names[0]} and {names[1]}",
                            served.file_name(f"factors-{a}-{b}"),
                            caption(served.atlas),
                        ),
                        dmc.Text(charts.AT_THE_EDGE, size="sm", c="dimmed"),
                    ],
                    span={"base": 12, "md": 6},
                ),
                dmc.GridCol(
                    [
                        dmc.Text(
                            f"The {counted(min(len(rows), COMPARED_SHOWN), 'gene')} whose loadings "
                            "differ most. Choose one to see its card.",
                            size="sm",
                            c="dimmed",
                            mb="xs",
                        ),
                        parts.grid(
                            compared_rows(rows[:COMPARED_SHOWN]),
                            compared_columns(a, b),
                            id=ids.FACTORS_COMPARE_GRID,
                            height=420,
                            getRowId="params.data.gene",
                            grid_options={"rowHeight": 34},
                        ),
                    ],
                    span={"base": 12, "md": 6},
                ),
            ]
        ),
    )


def compared_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the texts of their loadings, for `compared_columns`."""
    loadings = with_told(rows, padded, "loading_a", "loading_b")
    return with_told(loadings, signed, "difference")


def signed(value: float) -> str:
    """A difference of loadings with its sign."""
    return f"{'−' if value < 0 else '+'}{padded(abs(value))}"


def compared_columns(a: int, b: int) -> list[dict[str, Any]]:
    def number(field: str, name: str) -> dict[str, Any]:
        return {
            "field": field,
            "headerName": name,
            "headerTooltip": "Share of the gene's loadings that falls to this factor",
            "valueFormatter": {"function": "d3.format('.2f')(params.value)"},
            "type": "numericColumn",
            "width": 100,
            "minWidth": 88,
        }

    return [
        {"field": "gene", "headerName": "Gene", "width": 128, "minWidth": 120, "cellClass": "gene"},
        told_column("loading_a", f"On {a}", f"Loading on factor {a}", width=100),
        told_column("loading_b", f"On {b}", f"Loading on factor {b}", width=100),
        told_column(
            "difference", f"{a} − {b}", "Difference of the loadings", width=104, minWidth=104
        ),
        number("specificity_a", f"Only {a}"),
        number("specificity_b", f"Only {b}"),
    ]
