"""HTTP interface of selections: what differs in them."""

from __future__ import annotations

import flask

from atlas_app.api import whole_number
from atlas_app.api_stages import choice, csv_file
from atlas_app.data import Atlases, ServedAtlas
from atlas_app.selection import rows
from atlas_app.selection.contrast import TESTS, Contrast
from atlas_app.selection.sides import find_sides

SELECTION = "/api/v1/atlases/<atlas_id>/selection"
MOST_ROWS = 100_000


def selection_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1/atlases/{id}/selection."""
    routes = flask.Blueprint("selection", __name__)

    @routes.get(f"{SELECTION}/genes")
    def genes(atlas_id: str) -> flask.Response:
        served, found = asked_contrast(atlases.get(atlas_id))
        asked = flask.request.args
        limit = whole_number("limit", 500, 1, MOST_ROWS)
        direction = choice("direction", rows.DIRECTIONS)
        return flask.jsonify(
            digest=served.atlas.digest,
            **rows.contrast_facts(served.atlas, found),
            rows=rows.contrast_rows(found, limit, asked.get("gene", ""), direction),
        )

    @routes.get(f"{SELECTION}/genes.csv")
    def genes_csv(atlas_id: str) -> flask.Response:
        served, found = asked_contrast(atlases.get(atlas_id))
        name = "selection-genes" if found.rest else "selections-genes"
        return csv_file(served, name, rows.contrast_rows(found), rows.contrast_columns(found))

    return routes


def asked_contrast(served: ServedAtlas) -> tuple[ServedAtlas, Contrast]:
    """The comparison of the parameters sel, against, without and test."""
    asked = flask.request.args
    test = choice("test", TESTS)
    sides = find_sides(
        served.atlas, asked.get("sel", ""), asked.get("against", ""), asked.getlist("without")
    )
    return served, served.selections.contrast(sides, test)
