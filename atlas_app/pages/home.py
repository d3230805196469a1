"""Home: what this atlas is, what it holds, how to cite it, where to go."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.drawing import figures
from atlas_app.drawing.figures import caption
from atlas_app.site import Site


def layout(site: Site, served: ServedAtlas) -> Any:
    """The front page of one atlas."""
    atlas = served.atlas
    card = atlas.card
    return dmc.Container(
        dmc.Stack(
            [
                dmc.Grid(
                    [
                        dmc.GridCol(introduction(site, served), span={"base": 12, "md": 5}),
                        dmc.GridCol(preview(site, served), span={"base": 12, "md": 7}),
                    ],
                    gutter="xl",
                ),
                stages(site, served),
                parts.card(
                    parts.pairs(
                        [
                            ("Citation", str(card.get("citation") or "not stated by its builder")),
                            ("Licence", str(card.get("licence") or "not stated by its builder")),
                            (
                                parts.explained("Content digest", "digest"),
                                html.Code(atlas.digest, className="digest"),
                            ),
                            ("Built by", str(card.get("created_by") or "–")),
                        ]
                    ),
                    title="Cite and trace",
                ),
            ],
            gap="xl",
        ),
        size="xl",
        py="xl",
    )


def introduction(site: Site, served: ServedAtlas) -> Any:
    atlas, card = served.atlas, served.atlas.card
    summary = str(card.get("summary") or "")
    badges = [str(card[key]) for key in ("organism", "assay") if card.get(key)]
    return dmc.Stack(
        [
            dmc.Group([dmc.Badge(text, variant="light", tt="none") for text in badges], gap="xs"),
            dmc.Title(served.description["title"], order=1),
            dmc.Text(summary, size="lg", c="dimmed") if summary else None,
            html.Div(
                [
                    count("spot", atlas.n_spots, help="spot"),
                    count("slice", len(atlas.slices), help="slice"),
                    count("stage", len(atlas.stages), help="stage"),
                    count("gene", atlas.n_genes),
                    count("factor", atlas.n_factors, help="factor"),
                ],
                className="facts",
            ),
            dmc.Group(
                [
                    link_button("Explore the tissue", site.href("explore", served), "filled"),
                    link_button("Read the factors", site.href("factors", served), "light"),
                    link_button("Map your section", site.href("map", served), "light"),
                ],
                gap="sm",
            ),
        ],
        gap="md",
    )


def count(thing: str, n: int, help: str = "") -> Any:
    """How many there are of something, in the plural where it is not one."""
    return parts.fact(thing if n == 1 else f"{thing}s", f"{n:,}", help=help)


def link_button(text: str, address: str, variant: str) -> Any:
    """A link that looks like a button."""
    return dmc.Anchor(
        text,
        href=address,
        underline="never",
        className=f"link-button {variant}",
    )


def preview(site: Site, served: ServedAtlas) -> Any:
    """All spots, coloured by domain where the atlas has domains."""
    columns = served.atlas.obs_columns
    name = next((column for column in ("domain", "stage") if column in columns), "")
    color = f"obs:{name}" if name else "factor:0"
    shown = name or "factor 0"
    return html.Figure(
        [
            parts.canvas(
                served.base,
                color,
                digest=served.atlas.digest,
                id="home-canvas",
                label=f"Every spot of the atlas by {shown}",
            ),
            html.Figcaption(
                [
                    f"Every spot, coloured by {shown}. ",
                    dmc.Anchor(
                        "Open in Explore", href=site.href("explore", served, color=color), size="sm"
                    ),
                ]
            ),
        ],
        className="preview",
    )


def stages(site: Site, served: ServedAtlas) -> Any:
    """Slices by stage: a chart of spots and a table that leads to each stage."""
    atlas = served.atlas
    unit = str(atlas.card.get("time_unit") or "")
    rows = [
        [
            [
                dmc.Anchor(
                    stage.name, href=site.href("explore", served, stage=stage.name), size="sm"
                ),
                parts.told(atlas.annotations.get(("stage", stage.name))),
            ],
            f"{stage.time:g} {unit}".strip() if stage.time is not None else "–",
            str(stage.n_slices),
            f"{stage.n_spots:,}",
            ", ".join(part.name for part in atlas.slices if part.stage == stage.name),
        ]
        for stage in atlas.stages
    ]
    figure = figures.spots_by_stage(
        [stage.name for stage in atlas.stages],
        [(part.name, part.stage, part.n_spots) for part in atlas.slices],
    )
    return parts.card(
        dmc.Group(
            [
                dmc.Title("Slices by stage", order=2, size="h4"),
                parts.take_along(f"{served.base}/python/home.py", served.file_name("spots")),
            ],
            justify="space-between",
        ),
        dmc.Grid(
            [
                dmc.GridCol(
                    parts.chart(
                        figure,
                        "Spots per stage, one block per slice",
                        served.file_name("spots-by-stage"),
                        caption(served.atlas),
                    ),
                    span={"base": 12, "md": 5},
                ),
                dmc.GridCol(
                    dmc.Stack(
                        [
                            parts.table(
                                ["Stage", "Time", "Slices", "Spots", "Names"], rows, min_width=520
                            ),
                            parts.values_table(
                                ["Slice", "Stage", "Spots"],
                                [
                                    [part.name, part.stage, f"{part.n_spots:,}"]
                                    for part in atlas.slices
                                ],
                                "Spots by slice",
                            ),
                        ],
                        gap="sm",
                    ),
                    span={"base": 12, "md": 7},
                ),
            ],
            gutter="lg",
        ),
    )
