"""Which domains lie side by side in the latent, over all stages: a graph and its table."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.http.errors import ApiError
from atlas_app.pages.stages.parts import chart, domain_map, scrolled
from atlas_app.site import Site
from atlas_app.stages.connectivity import LEAST, connect, connectivity_chart
from atlas_app.words.readable import counted

NARROWEST = 300


def show_connectivity(site: Site, served: ServedAtlas) -> list[Any]:
    """Two cards, of the graph and of its pairs; a notice where the store has none."""
    try:
        graph = connect(served.atlas)
    except ApiError as error:
        return [parts.notice(error.error)]
    # A link names all other domains: made once for each, not for every pair.
    links = {domain: domain_map(site, served, domain) for domain in served.stages.groups.domains}
    joined = graph.joined

    def named(domain: str) -> Any:
        return dmc.Anchor(domain, href=links[domain], size="sm")

    return [
        parts.card(
            parts.heading(
                "Connectivity of domains, not lineage",
                f"{served.base}/domains/connectivity.csv",
                help="latent",
            ),
            dmc.Text(
                "Domains over all stages, in the middle of their spots on the UMAP. A line joins "
                "domains whose spots are neighbours in the latent: the wider, the more of the "
                "neighbours that chance would give, beside the widest; below "
                f"{LEAST:g} none is drawn or listed, but in the CSV. Neighbours look alike; none "
                "is said to become another.",
                size="sm",
                c="dimmed",
            ),
            chart(
                served,
                "connectivity",
                connectivity_chart(served.atlas, graph, links.__getitem__),
                "Domains on the UMAP, joined where they are connected in the latent",
                NARROWEST,
            ),
        ),
        parts.card(
            html.H2(f"{counted(len(joined), 'pair')} by connectivity", className="card-title"),
            scrolled(
                parts.table(
                    ["Domain", "Other", "Connectivity", "Edges", "By chance"],
                    [
                        [
                            named(edge["domain"]),
                            named(edge["other_domain"]),
                            f"{edge['connectivity']:.2f}",
                            f"{edge['observed_edges']:,.0f}",
                            f"{edge['expected_edges']:,.0f}",
                        ]
                        for edge in joined
                    ],
                    min_width=380,
                ),
                "Pairs of connected domains",
            ),
        ),
    ]
