"""Tables of the page Factors: of all factors, and of the genes of one."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts, tables
from atlas_app.words.glossary import TERMS
from atlas_app.words.readable import padded
from atlas_app.words.told_columns import told_column, with_told

NOT_FITTED_SHOWN = 100


def factors_grid(served: ServedAtlas, chosen: int) -> Any:
    """All factors, one a row; a row chooses its factor."""
    rows = tables.factor_rows(served.atlas)
    return parts.grid(
        rows,
        factor_columns(served),
        id=ids.FACTORS_GRID,
        height=min(460, 60 + 38 * len(rows)),
        selectedRows={"ids": [str(chosen)]},
        getRowId="params.data.id",
        grid_options={
            "rowSelection": {
                "mode": "singleRow",
                "checkboxes": False,
                "enableClickSelection": True,
            }
        },
    )


def factor_columns(served: ServedAtlas) -> list[dict[str, Any]]:
    """Columns of the table; stability only where the atlas holds it."""
    names = [stage.name for stage in served.atlas.stages]
    stability = {
        "field": "stability",
        "headerName": "Stability",
        "headerTooltip": TERMS["stability"][1],
        "valueFormatter": {
            "function": "params.value == null ? '–' : d3.format('.2f')(params.value)"
        },
        "type": "numericColumn",
        "width": 115,
        "minWidth": 100,
    }
    known = any(value == value for value in served.atlas.factor_stability.tolist())
    return [
        {
            "field": "name",
            "headerName": "Factor",
            "width": 270 if served.atlas.annotations else 120,
            "minWidth": 105,
            "tooltipField": "name",
        },
        {"field": "genes", "headerName": "Top genes", "width": 340, "minWidth": 220},
        {
            "field": "specificity",
            "headerName": "Specificity",
            "headerTooltip": TERMS["specificity"][1],
            "width": 130,
            "minWidth": 110,
            "cellRenderer": "ShareBar",
        },
        *([stability] if known else []),
        {
            "field": "usage",
            "headerName": "Usage by stage",
            "headerTooltip": "Mean proportion in the slices of: " + ", ".join(names),
            "cellRenderer": "StageBars",
            "cellDataType": False,
            "cellRendererParams": {"stages": names},
            "sortable": False,
            "width": 200,
            "minWidth": 140,
        },
        {
            "field": "mean",
            "headerName": "Mean usage",
            "valueFormatter": {"function": "d3.format('.3f')(params.value)"},
            "type": "numericColumn",
            "width": 125,
            "minWidth": 110,
        },
        {"field": "peak", "headerName": "Most in", "width": 120, "minWidth": 90},
    ]


def genes_card(genes: list[dict[str, Any]]) -> Any:
    """The genes of one factor, the first ones first; a row leads to the gene."""
    return parts.card(
        dmc.Text(
            "Score = loading × specificity. Choose a gene to see it on the tissue, or its card.",
            size="sm",
            c="dimmed",
        ),
        gene_grid(genes, ids.FACTOR_GENES_GRID, 640),
        title="Genes",
    )


def not_fitted_card(served: ServedAtlas, factor: int) -> Any:
    """Genes that the model was not fitted to, by what was found of them afterwards; nothing where
    it was fitted to all."""
    genes = served.facts.not_fitted(factor, NOT_FITTED_SHOWN)
    if not genes:
        return None
    cut = f" The first {len(genes)} are shown; the CSV has all."
    address = f"{served.base}/factors/not-fitted.csv?factor={factor}"
    return parts.folding_card(
        dmc.Text(
            "Markers are often not among the genes that a model is fitted to. These have loadings "
            "that were found afterwards, with the factors held as they were."
            + (cut if len(genes) == NOT_FITTED_SHOWN else ""),
            size="sm",
            c="dimmed",
        ),
        html.A("Genes not fitted (CSV)", href=address, className="download-link", download=""),
        gene_grid(genes, ids.NOT_FITTED_GRID, 340),
        title="Genes that were not fitted",
    )


def gene_grid(genes: list[dict[str, Any]], grid: str, height: int) -> Any:
    """Genes of a factor, one a row; its last cell leads to the gene's card."""
    return parts.grid(
        [row | {"about": "Card"} for row in with_told(genes, padded, "loading", "score")],
        gene_columns(),
        id=grid,
        height=height,
        getRowId="params.data.gene",
        grid_options={"rowHeight": 34},
    )


def gene_columns() -> list[dict[str, Any]]:
    """Columns of the table of genes."""
    number: dict[str, Any] = {"type": "numericColumn", "width": 94, "minWidth": 90}
    return [
        {"field": "rank", "headerName": "#", "width": 48, "minWidth": 48},
        {"field": "gene", "headerName": "Gene", "width": 112, "minWidth": 108, "cellClass": "gene"},
        told_column("loading", "Loading", TERMS["loading"][1], **number),
        {
            "field": "specificity",
            "headerName": "Specific",
            "headerTooltip": "Loading on this factor / sum of loadings on all factors",
            "valueFormatter": {"function": "d3.format('.2f')(params.value)"},
            **number,
        },
        told_column("score", "Score", **number | {"minWidth": 82}),
        {
            "field": "about",
            "headerName": "About",
            "headerTooltip": "What the atlas knows of the gene, beside its map",
            "width": 70,
            "minWidth": 68,
            "cellClass": "link-cell",
            "sortable": False,
        },
    ]
