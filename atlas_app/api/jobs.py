"""HTTP interface of jobs: how one stands, its result to fetch and to draw."""

from __future__ import annotations

from dataclasses import asdict

import flask

from atlas_app.api.atlases import KINDS, MOST_GENES, whole_number
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import binary, number, private, unshared
from atlas_app.jobs.queries import Queries
from atlas_app.results.expression import PARTS, draw_part
from training.store import GeneHit


def query_routes(queries: Queries) -> flask.Blueprint:
    """The routes under /api/v1/jobs."""
    routes = flask.Blueprint("queries", __name__)
    jobs = queries.jobs

    @routes.get("/api/v1/jobs/<job_id>")
    def status(job_id: str) -> flask.Response:
        return unshared(flask.jsonify(queries.status(queries.look(job_id))))

    @routes.delete("/api/v1/jobs/<job_id>")
    def stop(job_id: str) -> flask.Response:
        job = queries.look(job_id)
        cancelled = jobs.cancel(job_id)
        if cancelled is not None:
            return unshared(flask.jsonify(queries.status(cancelled)))
        jobs.discard(job_id)
        return unshared(flask.jsonify(job=job.id, state="deleted"))

    @routes.get("/api/v1/jobs/<job_id>/view")
    def view(job_id: str) -> flask.Response:
        return unshared(flask.jsonify(queries.view(job_id).description))

    @routes.get("/api/v1/jobs/<job_id>/coordinates/spatial")
    def coordinates(job_id: str) -> flask.Response:
        view = queries.view(job_id)

        def make() -> tuple[bytes, dict[str, str]]:
            return view.spatial().tobytes(), {}

        key = (job_id, "coordinates")
        return private(binary(queries.atlases.cache, key, view.atlas.digest, make))

    @routes.get("/api/v1/jobs/<job_id>/genes")
    def genes(job_id: str) -> flask.Response:
        names = queries.view(job_id).imputed_genes
        prefix = flask.request.args.get("prefix", "")
        limit = whole_number("limit", 20, 1, MOST_GENES)
        wanted = prefix.strip().lower()
        hits = sorted(
            (name for name in names if wanted in name.lower()),
            key=lambda name: (not name.lower().startswith(wanted), name.lower()),
        )
        return unshared(
            flask.jsonify(
                prefix=prefix,
                genes=[asdict(GeneHit(name, name, "", False)) for name in hits[:limit]],
            )
        )

    @routes.get("/api/v1/jobs/<job_id>/values/<kind>/<path:name>")
    def values(job_id: str, kind: str, name: str) -> flask.Response:
        view = queries.view(job_id)
        kinds = tuple(dict.fromkeys((*KINDS, *PARTS)))
        if kind not in kinds:
            raise ApiError(
                404,
                "No such kind of value.",
                found=kind,
                expected=" or ".join((", ".join(kinds[:-1]), kinds[-1])),
                examples=kinds,
            )

        def make() -> tuple[bytes, dict[str, str]]:
            headers = {}
            if kind in PARTS:
                found, ends = draw_part(view, kind, name)
                headers["X-Atlas-Clip"] = " ".join(number(end) for end in ends)
            else:
                found = view.values(kind, name)
                if kind == "obs" and view.is_probability(name):
                    headers["X-Atlas-Clip"] = "0 1"
            return found.data.tobytes(), headers | {
                "X-Atlas-Lo": number(found.lo),
                "X-Atlas-Hi": number(found.hi),
                "X-Atlas-Kind": found.kind,
            }

        key = (job_id, "values", kind, name)
        return private(binary(queries.atlases.cache, key, view.atlas.digest, make))

    return routes
