"""Errors of the HTTP interface: JSON that says what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from atlas_app.backends.backend import JobsUnavailable
from training.store import StoreUnreachable

LOG = logging.getLogger("atlas_app")
EXAMPLES = 5
# Seconds after which storage that did not answer is worth asking again.
STORAGE_RETRY = "10"


class ApiError(Exception):
    """An answer with an error status. `examples` holds at most five values that would work."""

    def __init__(
        self,
        status: int,
        error: str,
        *,
        found: str = "",
        expected: str = "",
        examples: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.found = found
        self.expected = expected
        self.examples = [str(e) for e in examples][:EXAMPLES]
        self.headers = headers or {}

    def as_dict(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "found": self.found,
            "expected": self.expected,
            "examples": self.examples,
        }


def closest(name: str, known: Iterable[str]) -> list[str]:
    """The five of `known` most like `name`, whatever the case; the first five if none is."""
    by_lower: dict[str, str] = {}
    for item in known:
        by_lower.setdefault(item.lower(), item)
    matches = difflib.get_close_matches(name.lower(), by_lower, n=EXAMPLES, cutoff=0.3)
    return [by_lower[match] for match in matches or list(by_lower)[:EXAMPLES]]


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
