"""HTTP interface of the Python that makes the figures of a page again."""

from __future__ import annotations

from collections.abc import Callable

import flask

from atlas_app.api.takeaway import file_name
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.factors.state import GENES_SHOWN
from atlas_app.factors.state import read_view as read_factors
from atlas_app.figure_python.factors import factor_python
from atlas_app.figure_python.home import home_python
from atlas_app.figure_python.mapped import mapped_python
from atlas_app.figure_python.stages import stages_python
from atlas_app.http.errors import ApiError, closest
from atlas_app.http.responses import unshared
from atlas_app.jobs.queries import Queries
from atlas_app.stages.state import read_view as read_stages

MIMETYPE = "text/x-python"


def python_routes(atlases: Atlases, queries: Queries) -> flask.Blueprint:
    """The routes …/python/{page}.py, which take the parameters of the page's address."""
    routes = flask.Blueprint("python", __name__)

    @routes.get("/api/v1/atlases/<atlas_id>/python/<page>.py")
    def figure(atlas_id: str, page: str) -> flask.Response:
        served = atlases.get(atlas_id)
        write = PAGES.get(page)
        if write is None:
            raise ApiError(
                404,
                "No such page has Python of its figures here.",
                found=page,
                expected=" or ".join(PAGES),
                examples=closest(page, PAGES),
            )
        text = write(served)
        response = flask.Response(text, mimetype=MIMETYPE)
        response.headers["X-Atlas-Digest"] = served.atlas.digest
        # The parameters are many and the text is made in no time.
        response.headers["Cache-Control"] = "no-cache"
        return response

    @routes.get("/api/v1/jobs/<job_id>/python/map.py")
    def mapped(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        color = flask.request.args.get("color", "")
        response = flask.Response(
            mapped_python(view, file_name(view, "mapped", "h5ad"), color), mimetype=MIMETYPE
        )
        response.headers["X-Atlas-Digest"] = view.atlas.digest
        return unshared(response)

    return routes


def home(served: ServedAtlas) -> str:
    return home_python(served.atlas)


def stages(served: ServedAtlas) -> str:
    request = flask.request
    return stages_python(served, read_stages(request.args), request.host_url.rstrip("/"))


def factors(served: ServedAtlas) -> str:
    atlas = served.atlas
    return factor_python(atlas, read_factors(flask.request.args, atlas.n_factors), GENES_SHOWN)


PAGES: dict[str, Callable[[ServedAtlas], str]] = {
    "home": home,
    "stages": stages,
    "factors": factors,
}
