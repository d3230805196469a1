"""HTTP interface of selections: what differs in them, and their spots as files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import flask
import numpy as np
from numpy.typing import NDArray

from atlas_app.api.atlases import SET, whole_number
from atlas_app.api.genesets import score_bytes
from atlas_app.api.stages import choice, csv_file
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.atlases.estimates import KINDS, estimated, estimated_in
from atlas_app.genesets.address import read_set
from atlas_app.http.errors import ApiError
from atlas_app.selection import export, rows
from atlas_app.selection.addresses import EXAMPLE, MOST_TEXT, SIGN
from atlas_app.selection.composition import compose_rows
from atlas_app.selection.contrast import TESTS, Contrast
from atlas_app.selection.outline import Mask
from atlas_app.selection.sides import Sides, Values, find_sides, find_spots
from atlas_app.stages.rows import Row
from atlas_app.words.csv_cells import ended
from atlas_app.words.told_columns import with_told
from training.store.genes.significance import told_p

ATLAS = "/api/v1/atlases/<atlas_id>"
SELECTION = f"{ATLAS}/selection"
MOST_ROWS = 100_000


def selection_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1/atlases/{id}/selection."""
    routes = flask.Blueprint("selection", __name__)

    @routes.get(f"{SELECTION}/genes")
    def genes(atlas_id: str) -> flask.Response:
        served, found = asked_contrast(atlases, atlas_id)
        asked = flask.request.args
        limit = whole_number("limit", 500, 1, MOST_ROWS)
        direction = choice("direction", rows.DIRECTIONS)
        table = rows.contrast_rows(found, limit, asked.get("gene", ""), direction)
        return flask.jsonify(
            digest=served.atlas.digest,
            **rows.contrast_facts(served.atlas, found),
            rows=[
                row | {"estimated": estimated_in(served, row["gene"])}
                for row in with_told(table, told_p, "p", "q")
            ],
        )

    @routes.get(f"{SELECTION}/genes.csv")
    def genes_csv(atlas_id: str) -> flask.Response:
        served, found = asked_contrast(atlases, atlas_id)
        name = "selection-genes" if found.rest else "selections-genes"
        table, shared = rows.contrast_rows(found), rows.contrast_columns(found)
        return as_table(served, name, table, shared)

    @routes.get(f"{SELECTION}/composition")
    def composition(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        sides = asked_sides(atlases, served, alone=True)
        return flask.jsonify(
            digest=served.atlas.digest,
            spots_a=int(sides.a.sum()),
            spots_b=int(sides.b.sum()),
            b_is="the rest" if sides.rest else "a second selection",
            rows=compose_rows(served.atlas, sides),
        )

    @routes.get(f"{SELECTION}/composition.csv")
    def composition_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        sides = asked_sides(atlases, served, alone=True)
        return as_table(served, "selection-composition", compose_rows(served.atlas, sides))

    @routes.get(f"{SELECTION}/spots.csv")
    def spots_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        spots = asked_spots(atlases, served)
        export.check_size(spots, export.MOST_TABLE_SPOTS, "a table")
        told = {"atlas_digest": served.atlas.digest}
        lines = ended(export.table_lines(served.atlas, spots), told)
        return as_file(served, flask.Response(lines, mimetype="text/csv"), spots, "csv")

    @routes.get(f"{SELECTION}/spots.h5ad")
    def spots_file(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        spots = asked_spots(atlases, served)
        export.check_size(spots, export.MOST_FILE_SPOTS, "an AnnData file")
        about = {
            "id": served.id,
            "digest": served.atlas.digest,
            "title": str(served.atlas.card.get("title") or ""),
            "licence": str(served.atlas.card.get("licence") or ""),
            "citation": str(served.atlas.card.get("citation") or ""),
            "selection": whole_text(atlases, flask.request.args["sel"]),
        }
        with tempfile.TemporaryDirectory(prefix="atlas-selection-") as folder:
            path = Path(folder) / "selection.h5ad"
            with served.selections.turn():
                export.write_anndata(path, served.atlas, spots, about)
            # An open file outlives its folder, and is gone as soon as it is sent.
            file = path.open("rb")
        return as_file(served, flask.send_file(file, "application/x-hdf5"), spots, "h5ad")

    @routes.post(f"{ATLAS}/selections")
    def keep(atlas_id: str) -> tuple[flask.Response, int]:
        served = atlases.get(atlas_id)
        client = flask.request.remote_addr or ""
        atlases.selections.sent.admit(client)
        text = sent_text(flask.request)
        atlases.selections.sent.weigh(client, text)
        address = atlases.selections.put(served.atlas, text)
        url = f"{served.base}/selections/{address.removeprefix(SIGN)}"
        return flask.jsonify(address=address, url=url), 201

    @routes.get(f"{ATLAS}/selections/<key>")
    def kept(atlas_id: str, key: str) -> flask.Response:
        atlases.get(atlas_id)
        answer = flask.jsonify(address=f"{SIGN}{key}", selection=atlases.selections.text(key))
        # Whether it is kept may change; what it is does not.
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return routes


def sent_text(request: flask.Request) -> str:
    """The selection in a request's body. Raises ApiError: 413 for too much, 400 for no text."""
    body = request.stream.read(MOST_TEXT + 1)
    if len(body) > MOST_TEXT:
        raise ApiError(
            413,
            "This selection is too large.",
            found=f"more than {MOST_TEXT:,} bytes",
            expected=f"at most {MOST_TEXT:,}",
        )
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise ApiError(
            400,
            "This is no selection.",
            found=f"byte {body[error.start]} at position {error.start:,}",
            expected="outlines as the address of the page Explore holds them",
            examples=[EXAMPLE],
        ) from error


def whole_text(atlases: Atlases, sel: str) -> str:
    """A selection as its outlines, also where an address names it."""
    return atlases.selections.text(sel) if sel.startswith(SIGN) else sel


def as_table(
    served: ServedAtlas, name: str, table: list[Row], shared: Row | None = None
) -> flask.Response:
    """Rows as a CSV file."""
    body, headers = csv_file(served, name, table, shared)
    headers["X-Atlas-Digest"] = served.atlas.digest
    return flask.Response(body, mimetype="text/csv", headers=headers)


def asked_spots(atlases: Atlases, served: ServedAtlas) -> Mask:
    """The spots of the parameters sel and without."""
    asked = flask.request.args
    return find_spots(
        served.atlas,
        asked.get("sel", ""),
        asked.getlist("without"),
        values=drawn_values(served),
        kept=atlases.selections,
        turn=served.selections.turn,
    )


def as_file(
    served: ServedAtlas, response: flask.Response, spots: Mask, ending: str
) -> flask.Response:
    """A response to save, named after atlas, number of spots and digest."""
    name = f"{served.id}-selection-{int(spots.sum())}-spots-{served.atlas.digest[:8]}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Atlas-Digest"] = served.atlas.digest
    response.headers["Cache-Control"] = "no-store"
    return response


def asked_contrast(atlases: Atlases, atlas_id: str) -> tuple[ServedAtlas, Contrast]:
    """The comparison of the parameters sel, against, without and test."""
    served = atlases.get(atlas_id)
    test = choice("test", TESTS)
    return served, served.selections.contrast(asked_sides(atlases, served), test)


def asked_sides(atlases: Atlases, served: ServedAtlas, *, alone: bool = False) -> Sides:
    """Both sides of the parameters sel, against and without; side B may be empty if `alone`."""
    asked = flask.request.args
    return find_sides(
        served.atlas,
        asked.get("sel", ""),
        asked.get("against", ""),
        asked.getlist("without"),
        alone=alone,
        values=drawn_values(served),
        kept=atlases.selections,
        turn=served.selections.turn,
    )


def drawn_values(served: ServedAtlas) -> Values:
    """The bytes that the page draws of this atlas, scores of gene sets included."""

    def values(kind: str, name: str) -> NDArray[np.uint8]:
        if kind == SET:
            return score_bytes(served, read_set(served.atlas, name).genes)[0]
        if kind in KINDS:
            return estimated(served, kind, name).data
        return served.atlas.values(kind, name).data

    return values
