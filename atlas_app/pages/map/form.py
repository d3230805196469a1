"""The form of the Map page: what to send, what to impute, and where it goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.jobs.uploads import LONGEST_COLUMN
from atlas_app.site import Site
from training.store.given.orthologs import Orthologs

GENES_OFFERED = 20
EXPECTED = (
    " Expected r: how the gene, imputed in left-out slices of the atlas, correlated with what they "
    "measured."
)
# What a value of the gene field means besides a gene's name.
ALL_GENES = {"value": "all", "label": "All genes the section lacks"}


def form(site: Site, served: ServedAtlas) -> Any:
    """Where a section is chosen."""
    settings = site.settings
    return dmc.Grid(
        [
            dmc.GridCol(
                dmc.Stack(
                    [
                        html.Div(
                            [
                                dmc.Title("Map a section", order=1, size="h2"),
                                dmc.Text(
                                    "Place your own spatial section onto "
                                    f"{served.description['title']}: every spot gets factors, a "
                                    "domain, a stage and how far each can be trusted.",
                                    c="dimmed",
                                ),
                            ]
                        ),
                        dmc.MultiSelect(
                            id=ids.MAP_IMPUTE,
                            label="Genes to impute (optional)",
                            description="Genes predicted from the atlas; one that your section "
                            "measured is predicted without its counts, to compare. Search by "
                            "symbol or Ensembl id."
                            + (EXPECTED if served.estimates.imputation_tested else ""),
                            placeholder="Search a gene",
                            data=gene_options(served, "", []),
                            value=[],
                            searchable=True,
                            clearable=True,
                            hidePickedOptions=True,
                            maxValues=100,
                            nothingFoundMessage="No such gene in this atlas",
                            # The server has searched already, by more than the label.
                            filter={"function": "keepAll"},
                        ),
                        dmc.TextInput(
                            id=ids.MAP_SECTION,
                            label="Section column (optional)",
                            description="Column of spots that names the section of each, where the "
                            "file holds several. If left empty it is looked for by its name: "
                            "slice, section, library_id, sample, slide, batch, replicate; the word "
                            "none takes all spots as one section.",
                            placeholder="As in adata.obs",
                            value="",
                            autoComplete="off",
                            inputProps={"maxLength": LONGEST_COLUMN},
                        ),
                        html.Div(
                            id=ids.MAP_UPLOAD,
                            className="atlas-upload",
                            **upload_attributes(served, settings.upload_bytes),
                        ),
                        demonstration(served),
                    ],
                    gap="lg",
                ),
                span={"base": 12, "md": 7},
            ),
            dmc.GridCol(
                dmc.Stack([what_is_needed(served.atlas.orthologs), privacy(site, served)]),
                span={"base": 12, "md": 5},
            ),
        ],
        gutter="xl",
    )


def upload_attributes(served: ServedAtlas, limit: int) -> dict[str, Any]:
    """What the upload's script reads: where to, how large at most, what to impute."""
    return {
        "data-url": f"{served.base}/uploads",
        "data-limit": str(limit),
        "data-impute": "",
        "data-section": "",
    }


def demonstration(served: ServedAtlas) -> Any:
    """A section to try the page with, at one click, called what it is."""
    name = served.atlas.slices[len(served.atlas.slices) // 2].name
    return parts.card(
        dmc.Text(
            f"No section at hand? Map {name}, a section of this very atlas of whose counts half "
            "were taken away at random. It shows what comes out. The atlas was fitted to it: a "
            "section of your own will fit less well.",
            size="sm",
        ),
        dmc.Group([dmc.Button("Map the demonstration", id=ids.MAP_DEMO, variant="light")]),
        html.Div(id=ids.MAP_DEMO_NOTE, role="alert"),
        title="Try it",
    )


def what_is_needed(orthologs: Orthologs | None) -> Any:
    return parts.card(
        dmc.List(
            [
                dmc.ListItem("An AnnData file (.h5ad) with raw counts and obsm['spatial']."),
                dmc.ListItem(
                    "Or a zip of a Space Ranger folder: filtered_feature_bc_matrix and "
                    "spatial/tissue_positions."
                ),
                dmc.ListItem(
                    "Or a zip of two tables, CSV or TSV: counts, and coordinates with the same "
                    "spot names and columns x and y."
                ),
                dmc.ListItem("Raw counts: whole numbers, not normalised."),
                dmc.ListItem(
                    "Genes by symbol or Ensembl id, in any case, with or without version"
                    + (
                        f"; those of {orthologs.organism} too, by {orthologs.n_pairs:,} one-to-one "
                        "orthologs."
                        if orthologs
                        else "."
                    )
                ),
                dmc.ListItem(
                    "One section, or several that a column tells apart: each is mapped on its own."
                ),
            ],
            size="sm",
            spacing="xs",
        ),
        dmc.Text(
            "Raw counts in layers['counts'] or .raw are found, and normalisation that can be "
            "undone exactly is undone; the result says so.",
            size="sm",
            c="dimmed",
        ),
        title="What is needed",
    )


def privacy(site: Site, served: ServedAtlas) -> Any:
    hours = site.settings.result_hours
    return parts.card(
        dmc.Text(
            "The file goes to this server and nowhere else. It is deleted as soon as the "
            f"projection has ended; the result is kept for {hours:g} hours behind a link that "
            "cannot be guessed — whoever has the link can see it — and you can delete it at once.",
            size="sm",
        ),
        dmc.Text(
            "If the data may not leave your machine, download the atlas and run the same "
            "projection there:",
            size="sm",
        ),
        parts.command(f"atlas project {served.atlas.location.name} query.h5ad --out result.h5ad"),
        title="Where your data goes",
    )


def gene_options(
    served: ServedAtlas, text: str, chosen: list[str], before: Sequence[dict[str, str]] = ()
) -> list[dict[str, str]]:
    """Options of the gene field: what matches `text`, and what is chosen already.

    A choice empties the text, and is not told before that: the field drops what is no option any
    more, so with no text those of `before` stay.
    """
    hits = served.atlas.find_genes(text, limit=GENES_OFFERED)
    options = [ALL_GENES] if text.strip().lower() in "all genes" else []
    for hit in hits:
        extra = hit.ensembl_id if hit.ensembl_id and hit.ensembl_id != hit.name else ""
        if hit.symbol and hit.symbol != hit.name:
            extra = hit.symbol
        told = (hit.name, accuracy_text(served, hit.name), extra)
        options.append({"value": hit.name, "label": " · ".join(filter(None, told))})
    known = {option["value"] for option in options}
    options += [
        ALL_GENES if name == "all" else {"value": name, "label": name}
        for name in chosen
        if name not in known
    ]
    if not text:
        known |= set(chosen)
        options += [option for option in before if option["value"] not in known]
    return options


def accuracy_text(served: ServedAtlas, gene: str) -> str:
    """How well a gene can be imputed, by the slices of the atlas; '' where nobody looked."""
    if not served.estimates.imputation_tested:
        return ""
    accuracy = served.estimates.imputation_accuracy(gene)
    return f"expected r {accuracy:.2f}" if math.isfinite(accuracy) else "not testable"
