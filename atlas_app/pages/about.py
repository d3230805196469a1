"""About: how the atlas was made, its model card, how to make it again, how to ask it by program."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.drawing.stacks import unit_words
from atlas_app.http.routes import ROUTES
from atlas_app.site import Site
from atlas_app.words import cards
from atlas_app.words.glossary import TERMS

METHOD = """
Every slice is a set of **spots** with a position and counts of genes. A spot is joined to its
neighbours in the same slice, and an **encoder** that mixes each spot with its neighbourhood turns
its counts into a **latent** vector *z*. Slices are brought together in the latent by a critic that
tries to tell which slice a spot came from while the encoder tries to prevent it.

A **decoder** reads from *z* the **proportions** of a fixed number of factors, β, which are positive
and add up to one in every spot. Each factor has one list of **loadings** over genes, *B*, shared by
all slices. Expected counts of gene *g* in spot *i* of slice *s* are then
"""
EQUATION = "μ(i, g) = depth(i) · exp( γ(s, g) ) · Σₖ β(i, k) · B(k, g)"
METHOD_AFTER = """
where γ is what a gene does in one slice only (a batch effect), kept apart so that it colours no
map. **Domains** are groups of spots that lie together in the latent; they are found without labels,
as finely as they come back when part of the spots is left out.

**Mapping a section** leaves all of this as it is: the encoder and the loadings stay frozen, only
the query's own γ and depth are estimated. Slices of the atlas are mapped onto the others with the
query's genes, to learn how often that comes out right. A domain's *confidence* is the probability
that it is right, as learnt there; *out of reference*, that a spot resembles nothing in the atlas.
These are different questions. Imputed values are predictions, never measurements; each gene stands
with the accuracy that it had there.
"""
# Entries of the card with a place of their own on this or another page.
APART = (
    "title",
    "summary",
    "citation",
    "licence",
    "organism",
    "assay",
    "coordinate_unit",
    "time_unit",
    "created_by",
    "command",
    "method",
)
HEADINGS = {
    "settings": "Settings of the fit",
    "seeds": "Seeds",
    "versions": "Versions of the software",
    "software": "Versions of the software",
    "report": "Quality control",
    "domains": "Stability of the domains",
    "factors": "Stability of the factors",
    "alignment": "Registration of the slices",
    "extensions": "Slices added later",
    "added_slices": "How well added slices fit",
    "panels": "Genes that each slice measured",
    "sketch": "Sketch of a large collection",
    "scores": "Scores",
    "made_of": "Digests of what was fitted",
    "seconds": "Seconds that the fit took",
    "width": "How many neighbours describe a spot best",
    "neighbours": "Mean number of neighbours",
    "fitted_genes": "Number of fitted genes",
    "label_columns": "Columns with labels",
    "losses": "Losses at the end",
    "findings": "What the report found",
}
LONGEST_TABLE = 200
SENTENCE = 60
"""Letters from which a cell of a table is a sentence, which wants a column of some width."""


def layout(site: Site, served: ServedAtlas) -> Any:
    """The page of one atlas; whatever its card lacks is left out or said to be missing."""
    card = served.atlas.card
    return dmc.Container(
        dmc.Stack(
            [
                dmc.Title("About this atlas", order=1, size="h2"),
                provenance(served),
                parts.card(
                    html.Div(parts.prose(METHOD), className="prose"),
                    html.P(EQUATION, className="equation"),
                    html.Div(parts.prose(METHOD_AFTER), className="prose"),
                    title="Method",
                ),
                glossary(),
                parts.card(*model_card(card), title="Model card", id="model-card"),
                again(served),
                interface(site, served),
            ],
            gap="lg",
        ),
        size="lg",
        py="lg",
    )


def provenance(served: ServedAtlas) -> Any:
    atlas = served.atlas
    card = atlas.card
    rows: list[tuple[Any, Any]] = [
        ("Title", served.description["title"]),
        ("Organism", str(card.get("organism") or "not stated")),
        ("Assay", str(card.get("assay") or "not stated")),
        ("Unit of coordinates", unit_words(str(card.get("coordinate_unit") or "not stated"))),
        ("Unit of time", str(card.get("time_unit") or "not stated")),
        ("Citation", str(card.get("citation") or "not stated")),
        ("Licence", str(card.get("licence") or "not stated")),
        ("Built by", str(card.get("created_by") or "not stated")),
        ("Model", cards.shown(card.get("method") or "not stated")),
        ("Format", f"version {atlas.format_version}"),
        (parts.explained("Content digest", "digest"), html.Code(atlas.digest, className="digest")),
    ]
    return parts.card(
        parts.pairs(rows),
        dmc.Text(
            "To cite a view, name the atlas and its digest: the same digest is the same content, "
            "byte for byte.",
            size="sm",
            c="dimmed",
        ),
        title="Provenance",
    )


def glossary() -> Any:
    """Every term that a "?" explains somewhere on the pages."""
    terms = sorted(TERMS.values(), key=lambda term: term[0].lower())
    return parts.card(
        html.Dl(
            [html.Div([html.Dt(name), html.Dd(text)]) for name, text in terms],
            className="glossary-list",
        ),
        title="Terms",
        id="terms",
    )


def model_card(card: dict[str, Any]) -> list[Any]:
    """Sections of the card, each as the table or list that suits it."""
    sections = [
        section(HEADINGS.get(name, name.replace("_", " ").capitalize()), value)
        for name, value in card.items()
        if name not in APART and value not in (None, "", {}, [])
    ]
    if not sections:
        return [dmc.Text("The builder of this atlas left the card empty.", c="dimmed")]
    return [dmc.Accordion(sections, multiple=True, variant="contained")]


def section(heading: str, value: Any) -> Any:
    return dmc.AccordionItem(
        [dmc.AccordionControl(heading), dmc.AccordionPanel(body(value))], value=heading
    )


def body(value: Any) -> Any:
    """A value of the card: a table where it is one, else names and values, else text."""
    found = cards.records(value)
    if found is not None:
        columns, rows = found
        left = len(rows) - LONGEST_TABLE
        caption = f"{left} further rows are in the store's card" if left > 0 else ""
        told = [list(row) for row in rows[:LONGEST_TABLE]]
        # Sentences in a narrow column would be read word by word down a phone.
        wide = any(len(cell) > SENTENCE for row in told for cell in row)
        return parts.table(columns, told, caption, min_width=760 if wide else 320)
    if isinstance(value, dict):
        plain = {k: v for k, v in value.items() if cards.records(v) is None}
        nested = {k: v for k, v in value.items() if cards.records(v) is not None}
        return dmc.Stack(
            [
                parts.text_table(["Name", "Value"], cards.flat(plain), className="card-values"),
                *[
                    html.Div([dmc.Title(str(name), order=3, size="h6"), body(v)])
                    for name, v in nested.items()
                ],
            ],
            gap="sm",
        )
    return dmc.Text(cards.shown(value), size="sm")


def again(served: ServedAtlas) -> Any:
    """Commands that rebuild, check, read and serve the atlas."""
    atlas = served.atlas
    store = atlas.location.name
    built = str(atlas.card.get("command") or f"atlas fit SLICES --out {store}")
    python = (
        "from training.store import open_atlas\n"
        f'atlas = open_atlas("{store}")\n'
        f'atlas.gene("{atlas.genes[0] if atlas.genes else "GENE"}"), atlas.factor(0), atlas.slices'
    )
    return parts.card(
        dmc.Text("Build it again from its slices:", size="sm"),
        parts.command(built),
        dmc.Text("Check that the store is whole, and serve it:", size="sm"),
        parts.command(f"atlas validate {store}\natlas serve {store}"),
        dmc.Text("Read it from Python:", size="sm"),
        parts.command(python),
        title="Run it again",
    )


def interface(site: Site, served: ServedAtlas) -> Any:
    """The documented HTTP interface."""
    prefix = site.settings.prefix
    rows = [
        [
            route.method,
            prefix + route.path + (f"\n?{route.query}" if route.query else ""),
            route.does,
            route.gives,
        ]
        for route in ROUTES
    ]
    example = f"curl -O -J SERVER{served.base}/factors.csv"
    return parts.folding_card(
        dmc.Text(
            "Everything the pages show can be fetched by program. Errors are JSON with what was "
            "found, what was expected and examples.",
            size="sm",
        ),
        parts.command(example),
        # Texts alone: with a component for each cell this page would be the slowest of all.
        parts.text_table(
            ["Method", "Address", "What it does", "What it gives"], rows, className="routes"
        ),
        title="HTTP interface",
        id="http-interface",
    )
