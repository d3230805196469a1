"""Answers that follow from an atlas alone: compressed once, cached, validated by ETag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import flask

from atlas_app.http.byte_cache import ByteCache, Encoded
from atlas_app.http.encoding import accepted, encode

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"
# Of what answers mean. To be raised, with the same of assets/values/source.mjs, where an answer of
# the same atlas changes: browsers keep those of older versions for a year.
ANSWERS = "2"


def binary(
    cache: ByteCache,
    key: tuple[str, ...],
    digest: str,
    make: Callable[[], tuple[bytes, dict[str, str]]],
    mimetype: str = "application/octet-stream",
) -> flask.Response:
    """Answer with the (body, headers) of `make()`, from the cache where it is there.

    `key` names the body within the data of content `digest`. The answer may be kept for ever
    when the request names that digest and the version of answers (`?v=DIGEST-ANSWERS`), else it
    is to be revalidated by its ETag.
    """
    request = flask.request
    coding = (accepted(request.headers.get("Accept-Encoding", "")) or [""])[0]
    named = hashlib.sha256("\0".join((ANSWERS, digest, *key, coding)).encode()).hexdigest()[:32]

    if request.if_none_match.contains_weak(named):
        response = flask.Response(status=304)
    else:

        def packed() -> Encoded:
            body, headers = make()
            body, encoding = encode(body, coding)
            return Encoded(body, encoding, headers)

        found = cache.get((ANSWERS, digest, *key, coding), packed)
        response = flask.Response(found.body, mimetype=mimetype)
        response.headers.update(found.headers)
        if found.encoding:
            response.headers["Content-Encoding"] = found.encoding
    response.set_etag(named)
    response.headers["Vary"] = "Accept-Encoding"
    asked, _, answers = request.args.get("v", "").partition("-")
    same = len(asked) >= 12 and digest.startswith(asked) and answers == ANSWERS
    response.headers["Cache-Control"] = IMMUTABLE if same else REVALIDATE
    response.headers["X-Atlas-Digest"] = digest
    return response


def as_json(body: Any) -> tuple[bytes, dict[str, str]]:
    """What `make` of `binary` gives for a JSON document."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(), {}


def as_file(text: str, name: str) -> tuple[bytes, dict[str, str]]:
    """What `make` of `binary` gives for a text to save as the file `name`."""
    return text.encode(), {"Content-Disposition": f'attachment; filename="{name}"'}


def number(value: float) -> str:
    """A float as a header holds it, exact to float32."""
    return f"{value:.9g}"


def unshared(response: flask.Response) -> flask.Response:
    """Keep an answer about somebody's query out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


def private(response: flask.Response) -> flask.Response:
    """Let only the asking browser keep an answer, and have it revalidated."""
    response.headers["Cache-Control"] = "private, no-cache"
    return response
