"""HTTP interface of the leading factors of spots: a page at a time, for what is pointed at."""

from __future__ import annotations

from typing import Any

import flask
import numpy as np

from atlas_app.api.spot_names import asked_page
from atlas_app.atlases.data import Atlases
from atlas_app.http.responses import as_json, binary
from training.store import Atlas
from training.store.hierarchy.nodes import get_array

LEADING = 3


def spot_factor_routes(atlases: Atlases) -> flask.Blueprint:
    """The route that tells which factors make a spot, in drawing order."""
    routes = flask.Blueprint("spot-factors", __name__)

    @routes.get("/api/v1/atlases/<atlas_id>/spots/factors")
    def of_atlas(atlas_id: str) -> flask.Response:
        atlas = atlases.get(atlas_id).atlas
        start, stop = asked_page(atlas.n_spots)
        return binary(
            atlases.cache,
            ("spots/factors", str(start), str(stop)),
            atlas.digest,
            lambda: as_json(lead(atlas, start, stop)),
            "application/json",
        )

    return routes


def lead(atlas: Atlas, start: int, stop: int) -> dict[str, Any]:
    """The LEADING factors of spots `start` to `stop`, the largest first, and their shares 0..1."""
    array = get_array(atlas.reference_group, "obsm/factors", str(atlas.location))
    shares = np.asarray(array[start:stop])
    order = np.argsort(-shares, axis=1, kind="stable")[:, :LEADING]
    found = np.take_along_axis(shares, order, axis=1)
    return {
        "start": start,
        "factors": order.tolist(),
        "shares": [[round(float(share), 4) for share in row] for row in found],
    }
