"""A mapped section drawn: what it is coloured by, and which value of an imputed gene is shown."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update

from atlas_app.components import ids, parts
from atlas_app.http.errors import ApiError
from atlas_app.http.links import parse_search, search
from atlas_app.pages.map.colors import FIRST_COLOR, base_color, color_choices
from atlas_app.results.expression import (
    DIFFERENCE,
    IMPUTED,
    INTERVAL,
    MEASURED,
    PARTS,
    available_parts,
)
from atlas_app.results.imputation import GeneTrust, read_trust
from atlas_app.results.mapped import ResultView
from atlas_app.results.sections import counted_text
from atlas_app.site import Site

LABELS = {
    MEASURED: "Measured",
    IMPUTED: "Imputed",
    DIFFERENCE: "Difference",
    "low": "Low end",
    "high": "High end",
    "width": "Width",
}


def drawing(view: ResultView, color: str) -> Any:
    """The map with its controls."""
    gene = imputed_gene(color)
    return parts.card(
        dmc.Select(
            id=ids.MAP_COLOR,
            label="Colour by",
            data=color_choices(view),
            value=base_color(color),
            searchable=True,
            allowDeselect=False,
            maw=420,
        ),
        html.Div(
            dmc.ChipGroup(
                part_chips(view, gene), id=ids.MAP_PART, value=kind_of(color), multiple=False
            ),
            id=ids.MAP_PARTS,
            className="map-parts",
            hidden=not gene,
            role="radiogroup",
            **cast(Any, {"aria-label": "Which value of the gene"}),
        ),
        parts.canvas(
            view.base, color, view="/view", id=ids.MAP_CANVAS, label="Map of the query's spots"
        ),
        html.Div(below(view, color), id=ids.MAP_BELOW, **cast(Any, {"aria-live": "polite"})),
    )


def kind_of(color: str) -> str:
    return color.partition(":")[0]


def imputed_gene(color: str) -> str:
    """The imputed gene that a colour shows some value of; "" for other colours."""
    kind, _, name = color.partition(":")
    return name if kind in PARTS else ""


def part_chips(view: ResultView, gene: str) -> list[Any]:
    """A choice for each value that the gene has; those that it lacks cannot be chosen."""
    known = available_parts(view, gene) if gene else ()
    return [
        dmc.Chip(label, value=part, disabled=part not in known, size="sm")
        for part, label in LABELS.items()
    ]


def below(view: ResultView, color: str) -> list[Any]:
    """What is to be known of the colours shown, and where an imputed gene's values are."""
    gene = imputed_gene(color)
    counted = counted_text(view, "Numbers beside the colours")
    if not gene:
        text = "Coloured by domain or stage, the map has the colours of the atlas."
        return [dmc.Text(f"{text} {counted}".rstrip(), size="sm", c="dimmed")]
    trust = next((row for row in read_trust(view) if row.gene == gene), None)
    measured = gene in view.measured_genes
    text = part_text(kind_of(color), gene, measured, trust)
    return [
        dmc.Text(f"{text} {counted}".rstrip(), size="sm", c="dimmed"),
        html.A(
            f"{gene} in every spot, CSV: {'measured, ' if measured else ''}imputed, interval",
            href=f"{view.base}/expression.csv?of={quote(gene, safe='')}",
            className="link-button light",
            download="",
        ),
    ]


def part_text(kind: str, gene: str, measured: bool, trust: GeneTrust | None) -> str:
    """What one value of an imputed gene means, and how far to trust it."""
    if kind == MEASURED:
        text = "As this section measured it, on the scale of the imputed values."
    elif kind == DIFFERENCE:
        text = (
            "Measured less imputed. How high a gene is overall, imputation takes from the atlas: a "
            "difference that all spots share may be the technology's. A spot of few counts differs "
            "by chance alone."
        )
    elif kind in INTERVAL:
        text = (
            "Nine in ten spots of left-out slices of the atlas were measured between the low and "
            "the high end. Both share the scale of the imputed values; the width has its own."
        )
    else:
        text = "Predicted from the other genes of the section, by the atlas."
    said = [text]
    if measured and kind != MEASURED:
        said.append(f"The section's own counts of {gene} took no part in it.")
    if trust is None:
        return " ".join(said)
    if trust.pearson == trust.pearson:
        said.append(f"Correlation on left-out slices of the atlas: {trust.pearson:.2f}.")
    else:
        said.append(f"{gene} is not testable on the atlas: nobody knows how well it comes out.")
    if trust.measured:
        said.append(f"In this section: {trust.here_pearson:.2f}")
        if trust.here_inside == trust.here_inside:
            said[-1] += f", with {trust.here_inside:.0%} of its spots within the 90% interval"
        said[-1] += "."
    elif not measured:
        said.append(f"The section did not measure {gene}.")
    return " ".join(said)


def color_chosen(view: ResultView, base: str, now: str) -> str:
    """The colour after `base` was chosen while `now` was shown: another gene keeps the part."""
    gene, part = imputed_gene(base), kind_of(now)
    if gene and imputed_gene(now) and part in available_parts(view, gene):
        return f"{part}:{gene}"
    return base


def register(app: dash.Dash, site: Site) -> None:
    """The colour is part of the address."""

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input(ids.MAP_COLOR, "value"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def choose(base: str | None, address: str) -> Any:
        query = parse_search(address)
        now = query.get("color", FIRST_COLOR)
        if not base or base == base_color(now):
            return no_update
        try:
            view = site.queries.view(query.get("job", ""))
            return search({**query, "color": color_chosen(view, base, now)})
        except ApiError:  # deleted in the meantime
            return no_update

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Input(ids.MAP_PART, "value"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def choose_part(part: str | None, address: str) -> Any:
        query = parse_search(address)
        now = query.get("color", FIRST_COLOR)
        gene = imputed_gene(now)
        if part not in PARTS or not gene or part == kind_of(now):
            return no_update
        return search({**query, "color": f"{part}:{gene}"})

    @app.callback(
        Output(ids.MAP_CANVAS, "data-color"),
        Output(ids.MAP_COLOR, "value"),
        Output(ids.MAP_PART, "value"),
        Output(ids.MAP_PART, "children"),
        Output(ids.MAP_PARTS, "hidden"),
        Output(ids.MAP_BELOW, "children"),
        Input(ids.LOCATION, "search"),
        State(ids.MAP_CANVAS, "data-color"),
        State(ids.MAP_COLOR, "value"),
        prevent_initial_call=True,
    )
    def follow(address: str, before: str, shown: str) -> tuple[Any, ...]:
        nothing = (no_update,) * 6
        query = parse_search(address)
        color = query.get("color", FIRST_COLOR)
        if not query.get("job"):  # left or deleted: its canvas is about to go
            return nothing
        try:
            view = site.queries.view(query["job"])
        except ApiError:
            return nothing
        if not is_offered(view, color):
            return nothing
        gene, base = imputed_gene(color), base_color(color)
        # Chips made anew would lose the focus of who walks along them.
        chips = part_chips(view, gene) if gene != imputed_gene(before) else no_update
        return (
            color,
            no_update if base == shown else base,
            kind_of(color) if gene else no_update,
            chips,
            not gene,
            below(view, color),
        )


def is_offered(view: ResultView, color: str) -> bool:
    """Whether the result can be coloured so."""
    gene = imputed_gene(color)
    if gene:
        return gene in view.imputed_genes and kind_of(color) in available_parts(view, gene)
    return color in {item["value"] for group in color_choices(view) for item in group["items"]}


def usable_color(view: ResultView, color: str) -> str:
    """`color` if the result can be coloured so; else its gene, or the first colour there is."""
    if is_offered(view, color):
        return color
    base = base_color(color)
    return base if is_offered(view, base) else color_choices(view)[0]["items"][0]["value"]
