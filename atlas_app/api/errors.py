"""How errors are answered: JSON under /api and /health, 503 where storage or the queue fails."""

from __future__ import annotations

import logging

import flask
from werkzeug.exceptions import HTTPException

from atlas_app.http.errors import ApiError
from atlas_app.jobs.backends.backend import JobsUnavailable
from training.store import StoreUnreachable

LOG = logging.getLogger("atlas_app")
# Seconds after which storage that did not answer is worth asking again.
STORAGE_RETRY = "10"


def register_errors(server: flask.Flask, prefix: str) -> None:
    """Make every error under `prefix`/api and /health answer in JSON; 503 where storage fails."""

    def api_error(error: ApiError) -> flask.Response:
        response = flask.jsonify(error.as_dict())
        response.status_code = error.status
        response.headers.update(error.headers)
        response.headers["Cache-Control"] = "no-store"
        return response

    def http_error(error: HTTPException) -> flask.Response | HTTPException:
        if not flask.request.path.startswith(f"{prefix}/api/"):
            return error
        return api_error(
            ApiError(
                error.code or 500,
                error.name,
                found=f"{flask.request.method} {flask.request.path}",
                expected=error.description or "",
            )
        )

    def unavailable(error: JobsUnavailable) -> flask.Response:
        LOG.warning("the queue does not answer: %s", error)
        return api_error(
            ApiError(
                503,
                "Queries cannot be taken or looked up at the moment.",
                found="a queue that does not answer",
                expected="to try again in a while; atlases can be browsed meanwhile",
                headers={"Retry-After": "5"},
            )
        )

    def storage_error(error: StoreUnreachable) -> flask.Response:
        LOG.warning("%s", error)
        told = ApiError(
            503,
            "The atlas cannot be read now.",
            found=error.reason,
            expected="to try again in a while",
            headers={"Retry-After": STORAGE_RETRY},
        )
        if flask.request.path.startswith(f"{prefix}/api/"):
            return api_error(told)
        text = f"{told.error} Where it is kept, {error.reason}. Try again in a while."
        return flask.Response(text, 503, told.headers, mimetype="text/plain")

    server.register_error_handler(ApiError, api_error)
    server.register_error_handler(JobsUnavailable, unavailable)
    server.register_error_handler(StoreUnreachable, storage_error)
    server.register_error_handler(HTTPException, http_error)
