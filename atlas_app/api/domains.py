"""HTTP interface of domains: what marks them, and genes with a pattern; as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Callable

import flask
import numpy as np

from atlas_app.api.stages import Body, csv_file
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.http.responses import as_json, binary
from atlas_app.stages.connectivity import connectivity_rows
from atlas_app.stages.markers import marker_rows, spatial_rows

DOMAINS = "/api/v1/atlases/<atlas_id>/domains"


def domain_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1/atlases/{id}/domains."""
    routes = flask.Blueprint("domains", __name__)

    def answer(
        atlas_id: str,
        what: str,
        make: Callable[[ServedAtlas, str], Body],
        of_domain: bool = False,
    ) -> flask.Response:
        """What follows from the atlas and, where `of_domain`, from the domain asked for."""
        served = atlases.get(atlas_id)
        domain = flask.request.args.get("domain", "") if of_domain else ""
        mimetype = "text/csv" if what.endswith(".csv") else "application/json"
        key = ("domains", what, domain)
        digest = served.atlas.digest
        return binary(atlases.cache, key, digest, lambda: make(served, domain), mimetype)

    @routes.get(DOMAINS)
    def listing(atlas_id: str) -> flask.Response:
        return answer(atlas_id, "list", lambda served, _: as_json(domain_facts(served)))

    @routes.get(f"{DOMAINS}/markers")
    def markers(atlas_id: str) -> flask.Response:
        def make(served: ServedAtlas, domain: str) -> Body:
            rows = marker_rows(served.atlas, domain)
            return as_json({"digest": served.atlas.digest, "domain": domain, "rows": rows})

        return answer(atlas_id, "markers", make, of_domain=True)

    @routes.get(f"{DOMAINS}/markers.csv")
    def markers_csv(atlas_id: str) -> flask.Response:
        def make(served: ServedAtlas, domain: str) -> Body:
            name = f"markers-of-{domain}" if domain else "markers"
            return csv_file(served, name, marker_rows(served.atlas, domain))

        return answer(atlas_id, "markers.csv", make, of_domain=True)

    @routes.get(f"{DOMAINS}/spatial-genes.csv")
    def spatial_csv(atlas_id: str) -> flask.Response:
        def make(served: ServedAtlas, _: str) -> Body:
            return csv_file(served, "spatial-genes", spatial_rows(served.atlas))

        return answer(atlas_id, "spatial-genes.csv", make)

    @routes.get(f"{DOMAINS}/connectivity.csv")
    def connectivity_csv(atlas_id: str) -> flask.Response:
        def make(served: ServedAtlas, _: str) -> Body:
            return csv_file(served, "domain-connectivity", connectivity_rows(served.atlas))

        return answer(atlas_id, "connectivity.csv", make)

    return routes


def domain_facts(served: ServedAtlas) -> dict[str, object]:
    """The domains of an atlas: their spots, and the slices that hold any."""
    groups = served.stages.groups
    return {
        "digest": served.atlas.digest,
        "domains": [
            {
                "name": name,
                "spots": int(groups.spots[:, place].sum()),
                "slices": int(np.count_nonzero(groups.spots[:, place])),
            }
            for place, name in enumerate(groups.domains)
        ],
    }
