"""What marks the domains: the markers of a domain, and genes with a pattern on the tissue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.http.errors import ApiError
from atlas_app.http.links import search
from atlas_app.pages.stages.parts import domain_map, page_link, scrolled
from atlas_app.site import Site
from atlas_app.stages.markers import ONE_SLICE, marker_rows, spatial_rows
from atlas_app.stages.rows import Row
from atlas_app.stages.state import StageView
from atlas_app.words.readable import counted
from training.store.genes.significance import told_p

SPATIAL_SHOWN = 50


def show_markers(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """Markers of the domain `state.within` beside the genes by Moran's I."""
    return html.Div(
        [markers_card(site, served, state), spatial_card(site, served)], className="stages-two"
    )


def markers_card(site: Site, served: ServedAtlas, state: StageView) -> Any:
    domain = state.within
    csv = f"{served.base}/domains/markers.csv"
    course = page_link(site, served, replace(state, view="course", of=f"domain:{domain}"))
    codes = served.stages.groups.domains
    head = parts.heading(f"What marks {domain}", f"{csv}{search({'domain': domain})}")
    links = dmc.Group(
        [
            dmc.Anchor(
                f"{domain} on the maps",
                href=domain_map(site, served, domain),
                size="sm",
            ),
            dmc.Anchor("Its course over stages", href=course, size="sm"),
            html.A("CSV of all domains", href=csv, className="download-link", download=""),
        ],
        gap="md",
    )
    try:
        rows = marker_rows(served.atlas, domain)
    except ApiError as error:
        if domain not in codes:
            raise
        return parts.card(head, links, parts.notice(f"{error.error} {NO_MARKERS}"))
    if not rows:
        return parts.card(head, links, parts.notice(NO_SLICE))
    return parts.card(
        head,
        links,
        dmc.Text(
            "Genes that are higher in the domain than in the rest of the same slices, best first. "
            "The change is the log2 ratio, mean over slices; q adjusts the p of a test over slices "
            "for all genes. Domains were found from the same counts: q ranks genes, and is no "
            "proof that a domain exists.",
            size="sm",
            c="dimmed",
        ),
        scrolled(
            parts.table(
                ["Gene", "Change", parts.explained("q", "q"), "Slices", "Inside", "Outside"],
                [marker_cells(site, served, row) for row in rows],
                min_width=460,
            ),
            f"Markers of {domain}",
        ),
        parts.terms_line("domain"),
    )


def marker_cells(site: Site, served: ServedAtlas, row: Row) -> list[Any]:
    return [
        gene_link(site, served, row["gene"]),
        f"{row['log2_fold_change']:+.2f}".replace("-", "−"),
        ONE_SLICE if row["test"] == ONE_SLICE else told_p(row["q"]),
        str(row["n_slices"]),
        f"{row['share_inside']:.0%}",
        f"{row['share_outside']:.0%}",
    ]


def spatial_card(site: Site, served: ServedAtlas) -> Any:
    head = parts.heading(
        "Genes with a pattern on the tissue", f"{served.base}/domains/spatial-genes.csv"
    )
    try:
        rows = spatial_rows(served.atlas, SPATIAL_SHOWN)
    except ApiError as error:
        return parts.card(head, parts.notice(error.error))
    return parts.card(
        head,
        dmc.Text(
            "Of the whole atlas, whatever the domain: Moran's I says how alike neighbouring spots "
            "of a slice are, averaged over slices. "
            f"The first {counted(len(rows), 'gene')}; the CSV has all.",
            size="sm",
            c="dimmed",
        ),
        scrolled(
            parts.table(
                ["Gene", "Moran's I", parts.explained("q", "q")],
                [
                    [
                        gene_link(site, served, row["gene"]),
                        f"{row['moran_i']:.2f}",
                        told_p(row["q"]),
                    ]
                    for row in rows
                ],
                min_width=260,
            ),
            "Genes by Moran's I",
        ),
    )


def gene_link(site: Site, served: ServedAtlas, gene: str) -> Any:
    """A gene, leading to its map with its card beside it."""
    return dmc.Anchor(
        gene, href=site.href("explore", served, color=f"gene:{gene}", card=gene), size="sm"
    )


NO_MARKERS = "Fit the slices again with the present version to have them."
NO_SLICE = "No gene marks it: no slice holds enough of its spots beside others."
