"""Gene sets on the Factors page: the atlas's or given as GMT, tested against the chosen factor."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Any

import dash
import dash_mantine_components as dmc
import flask
from dash import Input, Output, State, ctx, dcc, html, no_update

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.factors.enrichment import GONE, MOST_BYTES, OWN, read_sets
from atlas_app.factors.state import FactorView, read_view, write_view
from atlas_app.http.errors import ApiError
from atlas_app.http.links import parse_search, search
from atlas_app.site import Site
from atlas_app.words.readable import counted
from atlas_app.words.told_columns import told_column, with_told
from training.store.genes.significance import told_p

SETS_SHOWN = 300
# Other sets are being tested.
BUSY = 503


def sets_card(site: Site, served: ServedAtlas, view: FactorView) -> Any:
    """Where gene sets are given, and what they come to in the chosen factor."""
    csv = f"{served.base}/enrichments/{view.sets}.csv?factor={view.factor}"
    title = f"Gene sets in factor {view.factor}"
    return parts.card(
        parts.heading(title, csv) if view.sets else html.H2(title, className="card-title"),
        *own_sets(site, served, view),
        dmc.Text(
            "Give gene sets as GMT: a line is name, description and genes, with tabs between. Each "
            "is tested against every factor.",
            size="sm",
            c="dimmed",
        ),
        dmc.Textarea(
            id=ids.FACTORS_SETS_TEXT,
            placeholder="HEART\tabout it\tMYH7\tNPPA",
            minRows=2,
            maxRows=6,
            autosize=True,
            size="sm",
            **{"aria-label": "Gene sets as GMT"},
        ),
        dmc.Group(
            [
                dmc.Button("Test these sets", id=ids.FACTORS_SETS_RUN, size="xs"),
                dcc.Upload(
                    html.Button("Take a .gmt file", type="button", className="figure-save"),
                    id=ids.FACTORS_SETS_FILE,
                    accept=".gmt,.txt,.tsv",
                    max_size=MOST_BYTES,
                ),
            ],
            gap="sm",
        ),
        html.Div(id=ids.FACTORS_SETS_FAULT, role="alert", className="sets-fault"),
        *(result(site, served, view) if view.sets else []),
    )


def own_sets(site: Site, served: ServedAtlas, view: FactorView) -> list[Any]:
    """What the builder's sets are, and the way to test them; nothing where there are none."""
    sets = served.atlas.gene_sets
    if not sets:
        return []
    n = counted(len(sets), "gene set")
    sources = ", ".join(dict.fromkeys(each.source for each in sets if each.source))
    told = f"This atlas brings {n}" + (f", from {sources}" if sources else "") + "."
    address = site.href("factors", served, **write_view(replace(view, sets=OWN)))
    test = dmc.Anchor("Test the sets of this atlas", href=address, size="sm")
    return [
        dmc.Group(
            [
                dmc.Text(told, size="sm"),
                dmc.Text("Tested below.", size="sm", c="dimmed") if view.sets == OWN else test,
                html.A(
                    "GMT",
                    href=f"{served.base}/genesets.gmt",
                    className="download-link",
                    download="",
                ),
            ],
            gap="sm",
        ),
    ]


def result(site: Site, served: ServedAtlas, view: FactorView) -> list[Any]:
    """The tested sets in the chosen factor, or why there are none."""
    text = site.atlases.gene_sets(served, view.sets)
    if text is None:
        return [parts.notice(GONE)]
    try:
        sets, found = served.enrichments.test(view.sets, text)
        rows = served.enrichments.rows(view.sets, text, view.factor, SETS_SHOWN)
    except ApiError as error:
        if error.status != BUSY:
            return [fault(error)]
        again = site.href("factors", served, **write_view(view))
        return [fault(error), dmc.Anchor("Try again", href=again, refresh=True)]
    left = len(sets) - len(found.tested)
    low = sum(row["q"] < 0.05 for row in rows)
    ranked = sum(row["q_rank"] < 0.05 for row in rows)
    return [
        dmc.Text(
            f"{counted(len(found.tested), 'set')} tested among {found.universe:,} fitted genes"
            + (f" ({left:,} without a fitted gene left out)" if left else "")
            + f"; q is adjusted over all sets and factors. With q < 0.05: {low} by the "
            f"{len(found.top[view.factor])} first genes, {ranked} by rank.",
            size="sm",
        ),
        parts.grid(
            with_told(rows, told_p, "p", "q", "q_rank"),
            set_columns(),
            id=ids.FACTORS_SETS_GRID,
            height=min(420, 60 + 36 * max(len(rows), 2)),
            getRowId="params.data.set",
            grid_options={"rowHeight": 34},
        ),
    ]


def fault(error: ApiError) -> Any:
    """What is wrong with sets that were given: found, expected, the first lines."""
    return dmc.Alert(
        [
            html.P(f"Found {error.found}; expected {error.expected}."),
            html.Ul([html.Li(example) for example in error.examples]) if error.examples else None,
        ],
        title=error.error,
        color="red",
        variant="light",
    )


def refused(error: ApiError, view: FactorView) -> list[Any]:
    """What is wrong with sets that were given, while those given before stand below."""
    earlier = "What stands below is of the sets that were tested before."
    return [fault(error), *([dmc.Text(earlier, size="sm", mt="xs")] if view.sets else [])]


def set_columns() -> list[dict[str, Any]]:
    def number(field: str, name: str, form: str, about: str) -> dict[str, Any]:
        return {
            "field": field,
            "headerName": name,
            "headerTooltip": about,
            "valueFormatter": {"function": f"d3.format('{form}')(params.value)"},
            "type": "numericColumn",
            "width": 96,
            "minWidth": 84,
        }

    return [
        {
            "field": "set",
            "headerName": "Set",
            "width": 200,
            "minWidth": 150,
            "tooltipField": "description",
        },
        number("overlap", "Overlap", "d", "Genes of the set among the first genes of the factor"),
        number("set_size", "Of", "d", "Genes of the set that were fitted"),
        number("fold", "Fold", ".1f", "Overlap over what chance gives"),
        told_column("p", "p", "Hypergeometric probability of at least this overlap"),
        told_column("q", "q", "The same after Benjamini–Hochberg over all sets and factors"),
        number(
            "area",
            "Area",
            ".2f",
            "Probability that a gene of the set has a higher score than one outside it",
        ),
        told_column("q_rank", "q, ranks", "Of a rank-sum test of that over all fitted genes"),
        {"field": "genes", "headerName": "Genes in common", "width": 300, "minWidth": 180},
    ]


def uploaded(contents: str) -> str:
    """The text of what dcc.Upload gives. Raises ApiError (400) where it is none."""
    try:
        return base64.b64decode(contents.partition(",")[2]).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ApiError(
            400,
            "This file is no text.",
            found="bytes that are not UTF-8",
            expected="a GMT file, unpacked, saved as UTF-8",
        ) from error


def register(app: dash.Dash, site: Site) -> None:
    """Sets are kept by their content, and the address names them."""

    @app.callback(
        Output(ids.LOCATION, "search", allow_duplicate=True),
        Output(ids.FACTORS_SETS_FAULT, "children"),
        Input(ids.FACTORS_SETS_RUN, "n_clicks"),
        Input(ids.FACTORS_SETS_FILE, "contents"),
        State(ids.FACTORS_SETS_TEXT, "value"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def give(
        clicks: int | None, contents: str | None, text: str | None, address: str | None
    ) -> Any:
        query = parse_search(address)
        served = site.atlas(query)
        from_file = ctx.triggered_id == ids.FACTORS_SETS_FILE
        if served is None or (from_file and not contents) or not (from_file or clicks):
            return no_update, no_update
        view = read_view(query, served.atlas.n_factors)
        try:
            client = flask.request.remote_addr or ""
            site.atlases.texts.admit(client)
            given = uploaded(contents or "") if from_file else text or ""
            read_sets(given)
            site.atlases.texts.weigh(client, given)
            key = site.atlases.texts.put(given)
            served.enrichments.test(key, given)
        except ApiError as error:
            return no_update, refused(error, view)
        named = write_view(replace(view, sets=key))
        return search({"atlas": query.get("atlas"), **named}), None
