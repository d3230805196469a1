"""HTTP interface of spot names: a page of them at a time, for what is pointed at."""

from __future__ import annotations

import json
from collections.abc import Sequence

import flask

from atlas_app.api.atlases import whole_number
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import binary, private
from atlas_app.jobs.queries import Queries

# Names in one answer. More are asked for in several pages.
MOST_NAMES = 20_000


def spot_routes(queries: Queries) -> flask.Blueprint:
    """The routes that name the spots of atlases and of mapped queries, in drawing order."""
    routes = flask.Blueprint("spots", __name__)
    cache = queries.atlases.cache

    @routes.get("/api/v1/atlases/<atlas_id>/spots")
    def of_atlas(atlas_id: str) -> flask.Response:
        atlas = queries.atlases.get(atlas_id).atlas
        start, stop = asked_page(atlas.n_spots)
        key = ("spots", str(start), str(stop))
        return as_json(
            binary(cache, key, atlas.digest, lambda: page(atlas.spot_names[start:stop], start))
        )

    @routes.get("/api/v1/jobs/<job_id>/spots")
    def of_job(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        start, stop = asked_page(view.n_spots)
        key = (job_id, "spots", str(start), str(stop))
        return private(
            as_json(
                binary(
                    cache,
                    key,
                    view.atlas.digest,
                    lambda: page(view.drawn(view.spot_names())[start:stop].tolist(), start),
                )
            )
        )

    return routes


def asked_page(n_spots: int) -> tuple[int, int]:
    """The asked rows, `start` to `stop` (excluded) within `n_spots`; an ApiError (400) for others.

    `start` is 0 and `stop` a whole page on where they are not given; `stop` may lie past the end.
    """
    start = whole_number("start", 0, 0, n_spots)
    stop = whole_number("stop", start + MOST_NAMES, 0, n_spots + MOST_NAMES)
    if not start <= stop <= start + MOST_NAMES:
        raise ApiError(
            400,
            "These spots cannot be named at once.",
            found=f"start={start}, stop={stop}",
            expected=f"start ≤ stop ≤ start + {MOST_NAMES}",
            examples=[f"start={start}&stop={start + MOST_NAMES}"],
        )
    return start, min(stop, n_spots)


def page(names: Sequence[str], start: int) -> tuple[bytes, dict[str, str]]:
    return json.dumps({"start": start, "spots": list(names)}).encode(), {}


def as_json(response: flask.Response) -> flask.Response:
    response.mimetype = "application/json"
    return response
