"""Uploads: streamed to disk within a limit of size, and only what begins like a query."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from atlas_app.http.errors import ApiError
from atlas_app.jobs.query_forms import HEAD, require_form

CHUNK = 2**20
# Characters of the name of a column.
LONGEST_COLUMN = 200
FIELD = "query"
# A form carries the file and a little text beside it.
FORM_MEMORY = 64 * 1024
# Disk space that must stay free beside the upload, in bytes.
SPARE_DISK = 256 * 2**20
# What a browser still sends after a refusal is read up to this many bytes, so that it can show
# the answer instead of a broken connection.
DRAINED = 64 * 2**20


def receive(request: flask.Request, target: Path, limit: int) -> str:
    """Write the query that `request` carries to `target`; returns the name it was given.

    The body is the file itself, or a multipart form with the file as its field `query`. The name
    is for showing only: no path is made from it.

    Raises ApiError: 413 over `limit` bytes, 415 when it can be no query, 400 when there is no
    file, 507 when the disk is too full.
    """
    length = request.content_length
    if length is not None:
        check_size(length, target.parent, limit)
    name = (
        _from_form(request, target, limit)
        if request.mimetype == "multipart/form-data"
        else _from_body(request, target, limit)
    )
    if not target.exists() or target.stat().st_size == 0:
        raise ApiError(
            400,
            "No file was sent.",
            found="an empty body",
            expected=f"an .h5ad or .zip file as the body, or as the field '{FIELD}' of a form",
        )
    return name


def check_size(length: int, folder: Path, limit: int) -> None:
    """Raise ApiError for a file of `length` bytes: 413 over `limit`, 507 when the disk is full."""
    if length > limit:
        raise too_large(f"{length:,} bytes", limit)
    free = shutil.disk_usage(folder).free
    if length + SPARE_DISK > free:
        raise ApiError(
            507,
            "The server has no room for this file.",
            found=f"{length:,} bytes, {free:,} bytes free",
            expected="a smaller file, or a server with more disk",
        )


def _from_body(request: flask.Request, target: Path, limit: int) -> str:
    start = b""
    while len(start) < HEAD and (piece := request.stream.read(HEAD - len(start))):
        start += piece
    if start:
        try:
            require_form(start)
        except ApiError:
            drain(request)
            raise
    received = len(start)
    with target.open("wb") as handle:
        handle.write(start)
        while chunk := request.stream.read(CHUNK):
            received += len(chunk)
            if received > limit:
                raise too_large(f"more than {limit:,} bytes", limit)
            handle.write(chunk)
    return shown_name(request.args.get("name", ""))


def _from_form(request: flask.Request, target: Path, limit: int) -> str:
    opened: list[IO[bytes]] = []

    def stream(*_: Any, **__: Any) -> IO[bytes]:
        if opened:
            raise ApiError(
                400,
                "More than one file was sent.",
                found="several files",
                expected=f"one file, as the field '{FIELD}'",
            )
        opened.append(target.open("w+b"))
        return opened[0]

    parser = FormDataParser(
        stream_factory=stream,
        max_form_memory_size=FORM_MEMORY,
        max_content_length=limit,
        max_form_parts=20,
    )
    try:
        _, _, sent = parser.parse_from_environ(request.environ)
    except RequestEntityTooLarge:
        raise too_large(f"more than {limit:,} bytes", limit) from None
    finally:
        for handle in opened:
            handle.flush()
    file = sent.get(FIELD)
    if file is None:
        raise ApiError(
            400,
            f"The form has no file '{FIELD}'.",
            found=", ".join(sent) or "no file",
            expected=f"the .h5ad or .zip file as the field '{FIELD}'",
        )
    name = shown_name(file.filename or "")
    for handle in opened:
        handle.close()
    with target.open("rb") as written:
        start = written.read(HEAD)
    if start:
        require_form(start)
    return name


def drain(request: flask.Request) -> None:
    """Read on what is still being sent, within bounds, and forget it."""
    left = DRAINED
    while left > 0 and (chunk := request.stream.read(CHUNK)):
        left -= len(chunk)


def too_large(found: str, limit: int) -> ApiError:
    return ApiError(
        413,
        "The file is too large for this server.",
        found=found,
        expected=f"at most {limit:,} bytes; run `atlas project` on your own machine instead",
    )


def shown_name(name: str) -> str:
    """A file's name as it may be shown: its last part, printable, at most 80 characters."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(c for c in last if c.isprintable() and c not in '"<>').strip()
    return clean[-80:] or "query.h5ad"


def asked_column(arguments: Mapping[str, str]) -> str:
    """The column of sections that a request names, "" for none.

    An ApiError (400) for what can be no name of one.
    """
    name = arguments.get("section_column", "").strip()
    if len(name) > LONGEST_COLUMN or not name.isprintable():
        raise ApiError(
            400,
            "This can be no name of a column.",
            found=name[:80] if name.isprintable() else "signs that cannot be shown",
            expected=f"the name of a column of obs, of at most {LONGEST_COLUMN} letters, or none",
            examples=("slice", "sample", "library_id"),
        )
    return name


def asked_genes(arguments: Mapping[str, str]) -> list[str]:
    """The genes to impute that a request names, in order, each once."""
    names = (part.strip() for part in arguments.get("impute", "").split(","))
    return list(dict.fromkeys(name for name in names if name))
