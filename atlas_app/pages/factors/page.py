"""Factors: what genes make each, where and when it is used, lists to take away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts, tables
from atlas_app.components.missing_names import place
from atlas_app.drawing import figures
from atlas_app.drawing.figures import caption
from atlas_app.factors.loadings import can_write_parquet
from atlas_app.factors.state import GENES_SHOWN, FactorView, read_view, write_view
from atlas_app.http.links import page_of, parse_search, search
from atlas_app.pages.factors import sets as factors_sets
from atlas_app.pages.factors.missing_names import missing_names
from atlas_app.pages.factors.sets import sets_card
from atlas_app.pages.factors.tables import factors_grid, genes_card, not_fitted_card
from atlas_app.pages.factors.views import (
    alike_card,
    compare_card,
    domain_card,
    height_card,
)
from atlas_app.site import Site


def layout(site: Site, served: ServedAtlas, query: dict[str, str]) -> Any:
    """The page; its address says what is shown below the table (`factors.state`)."""
    view = read_view(query, served.atlas.n_factors)
    factor = view.factor
    return dmc.Container(
        dmc.Stack(
            [
                dmc.Group(
                    [
                        html.Div(
                            [
                                parts.explained(dmc.Title("Factors", order=1, size="h2"), "factor"),
                                dmc.Text(
                                    "A factor is a programme of genes that vary together. In every "
                                    "spot the factors' proportions add up to one.",
                                    c="dimmed",
                                ),
                            ]
                        ),
                        dmc.Group(
                            [
                                parts.take_along(
                                    f"{served.base}/python/factors.py",
                                    served.file_name("factors"),
                                ),
                                download("All lists (CSV)", f"{served.base}/factors.csv"),
                                download("All lists (GMT)", f"{served.base}/factors.gmt"),
                                *(
                                    [
                                        download(
                                            "Loadings (Parquet)",
                                            f"{served.base}/loadings.parquet",
                                        )
                                    ]
                                    if can_write_parquet()
                                    else []
                                ),
                            ],
                            gap="xs",
                        ),
                    ],
                    justify="space-between",
                    align="end",
                ),
                place(missing_names(query, served.atlas.n_factors)),
                factors_grid(served, factor),
                parts.terms_line("specificity", "stability", "usage"),
                html.Div(detail(site, served, view), id=ids.FACTORS_DETAIL),
            ],
            gap="lg",
        ),
        size="xl",
        py="lg",
    )


def detail(site: Site, served: ServedAtlas, view: FactorView) -> Any:
    """One factor: its map, where and when it is used, its genes, factors like it, gene sets."""
    atlas, base, factor = served.atlas, served.base, view.factor
    genes = tables.factor_gene_rows(atlas, factor, GENES_SHOWN)
    explore = site.href("explore", served, color=f"factor:{factor}")
    proportions = atlas.usage()[:, factor]
    usage = figures.usage_by_slice(
        [stage.name for stage in atlas.stages],
        [(part.name, part.stage) for part in atlas.slices],
        proportions,
    )
    return dmc.Stack(
        [
            dmc.Group(
                [
                    dmc.Group(
                        [
                            dmc.Title(f"Factor {factor}", order=2, size="h3", id="factor-title"),
                            dmc.Text(atlas.factor_names[factor], c="dimmed", className="gene"),
                        ],
                        gap="sm",
                        align="baseline",
                    ),
                    dmc.Group(
                        [
                            download("Genes (CSV)", f"{base}/factors.csv?factor={factor}"),
                            download("Genes (GMT)", f"{base}/factors.gmt?factor={factor}"),
                            dmc.Anchor("Open in Explore", href=explore, size="sm"),
                        ],
                        gap="md",
                    ),
                ],
                justify="space-between",
            ),
            parts.told(atlas.annotations.get(("factor", str(factor)))),
            dmc.Grid(
                [
                    dmc.GridCol(
                        dmc.Stack(
                            [
                                parts.card(
                                    parts.canvas(
                                        base,
                                        f"factor:{factor}",
                                        digest=atlas.digest,
                                        id="factor-canvas",
                                        label=f"Proportion of factor {factor} in every spot",
                                    ),
                                    title="Map",
                                ),
                                parts.card(
                                    parts.chart(
                                        usage,
                                        f"Usage of factor {factor} by slice",
                                        served.file_name(f"factor-{factor}-slices"),
                                        caption(served.atlas),
                                    ),
                                    parts.values_table(
                                        ["Slice", "Stage", "Mean proportion"],
                                        [
                                            [part.name, part.stage, f"{value:.3f}"]
                                            for part, value in zip(
                                                atlas.slices, proportions, strict=True
                                            )
                                        ],
                                        "Values by slice",
                                    ),
                                    title="Usage by slice",
                                    help="usage",
                                ),
                                domain_card(served, factor),
                            ]
                        ),
                        span={"base": 12, "md": 6, "lg": 7},
                    ),
                    dmc.GridCol(
                        dmc.Stack(
                            [
                                genes_card(genes),
                                not_fitted_card(served, factor),
                                height_card(served, factor, genes),
                                alike_card(site, served, view),
                            ]
                        ),
                        span={"base": 12, "md": 6, "lg": 5},
                    ),
                ]
            ),
            compare_card(served, view),
            sets_card(site, served, view),
        ],
        gap="md",
    )


def download(text: str, address: str) -> Any:
    """A plain link to a file: works without a script, and can be copied."""
    return html.A(text, href=address, className="download-link", download="")


def register(app: dash.Dash, site: Site) -> None:
    """A row chooses the factor (through the address); the address shows it; a gene leads on."""
    factors_sets.register(app, site)

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input(ids.FACTORS_GRID, "selectedRows"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def choose(selected: Any, address: str | None) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        if served is None or not isinstance(selected, list) or not selected:
            return no_update
        factor = int(selected[0]["factor"])
        view = read_view(query, served.atlas.n_factors)
        if factor == view.factor:
            return no_update
        beside = None if view.beside == factor else view.beside
        return written(query, replace(view, factor=factor, beside=beside))

    @app.callback(
        Output(ids.FACTORS_DETAIL, "children"),
        Output(ids.FACTORS_GRID, "selectedRows"),
        Input(ids.LOCATION, "search"),
        State(ids.LOCATION, "pathname"),
        prevent_initial_call=True,
    )
    def follow(address: str | None, pathname: str | None) -> tuple[Any, Any]:
        query = parse_search(address)
        served = site.atlas(query)
        if served is None or page_of(pathname, site.settings.prefix) != "factors":
            return no_update, no_update
        view = read_view(query, served.atlas.n_factors)
        return detail(site, served, view), {"ids": [str(view.factor)]}

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input(ids.FACTORS_BESIDE, "value"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def compare(value: str | None, address: str | None) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        if served is None:
            return no_update
        view = read_view(query, served.atlas.n_factors)
        beside = int(value) if value and value.isdigit() else None
        return no_update if beside == view.beside else written(query, replace(view, beside=beside))

    lead_to_genes(app, site, ids.FACTORS_COMPARE_GRID, carded=True)
    lead_to_genes(app, site, ids.FACTOR_GENES_GRID)
    lead_to_genes(app, site, ids.NOT_FITTED_GRID)


def lead_to_genes(app: dash.Dash, site: Site, grid: str, *, carded: bool = False) -> None:
    """A row of a table of genes leads to the gene on the map; its last cell, or all cells where it
    is `carded`, to its card as well."""

    @app.callback(
        Output(ids.LOCATION, "href", allow_duplicate=True),
        Input(grid, "cellClicked"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def open_gene(cell: dict[str, Any] | None, address: str | None) -> Any:
        served = site.atlas(parse_search(address))
        if served is None or not cell or not cell.get("rowId"):
            return no_update
        gene = cell["rowId"]
        card = gene if carded or cell.get("colId") == "about" else None
        return site.href("explore", served, color=f"gene:{gene}", card=card)


def written(query: dict[str, str], view: FactorView) -> str:
    """The query string of a view, in the same atlas."""
    return search({"atlas": query.get("atlas"), **write_view(view)})
