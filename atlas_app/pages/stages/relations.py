"""Which domains of consecutive stages are alike, and which are connected over all stages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.pages.stages.connectivity import show_connectivity
from atlas_app.pages.stages.parts import chart, domain_map, page_link, scrolled
from atlas_app.site import Site
from atlas_app.stages import rows
from atlas_app.stages.relation_chart import relation_chart
from atlas_app.stages.relations import relate_domains, shown_edges
from atlas_app.stages.state import StageView
from atlas_app.words.readable import counted

STAGE_WIDTH = 115
"""Pixels that the chart needs for a stage."""


def show_relations(site: Site, served: ServedAtlas, state: StageView) -> Any:
    atlas = served.atlas
    graph = relate_domains(atlas, served.stages.groups)
    if graph is None:
        older = parts.notice(
            "This store holds no similarities of domains between stages: it was written by an "
            "older version, or no domain has 10 spots at two consecutive stages. Fit the slices "
            "again with the present version to have them."
        )
        return dmc.Stack([older, html.Div(show_connectivity(site, served), className="stages-two")])
    node = state.node if graph.node(state.node) else ""
    edges = shown_edges(graph, state.least, node)

    def link(key: str) -> str:
        return page_link(site, served, replace(state, node=key))

    def maps(stage: str, domain: str) -> Any:
        address = domain_map(site, served, domain, stage)
        return dmc.Anchor(f"{domain} at {stage}", href=address, size="sm")

    chosen = graph.node(node)
    about = f": {chosen.domain} at {atlas.stages[chosen.stage].name}" if chosen else ""
    table = rows.relation_rows(atlas, graph, edges)
    return html.Div(
        [
            parts.card(
                parts.heading(
                    f"Similarity in the latent, not lineage{about}",
                    f"{served.base}/stages/relations.csv",
                    help="latent",
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
                chart(
                    served,
                    "relations",
                    relation_chart(atlas, graph, edges, node, link),
                    "Domains by stage, joined where they are alike",
                    STAGE_WIDTH * len(atlas.stages),
                ),
            ),
            parts.card(
                html.H2(counted(len(edges), "pair"), className="card-title"),
                scrolled(
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
                    "Pairs of similar domains",
                )
                if edges
                else parts.notice("No pair is that similar. Move the slider to the left."),
            ),
            *show_connectivity(site, served),
        ],
        className="stages-two",
    )
