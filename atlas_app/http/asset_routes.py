"""The browser's files under an address that names their content, so that it may keep them.

Modules import each other by relative addresses: the version in the address of the first is in that
of all. Without it a browser would ask for each of some eighty files, at every page it opens,
whether it is still the same.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import flask

from atlas_app.http.responses import IMMUTABLE, REVALIDATE

VERSION = re.compile(r"[0-9a-f]{12}")


def assets_version(folder: Path) -> str:
    """Twelve hexadecimal digits of the names and content of what a browser loads."""
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def register_assets(server: flask.Flask, folder: Path, version: str, prefix: str) -> None:
    """Serve `folder` under `{prefix}/assets`, and let what names `version` be kept for ever.

    A page that was opened before the files changed gets what there is now for what it loads late. A
    file that was written after `version` was taken is no longer what that names, and is not kept.
    """
    stamps = {path.relative_to(folder).as_posix(): _stamp(path) for path in _files(folder)}

    def is_as_named(path: str) -> bool:
        named, _, name = path.removeprefix(f"{prefix}/assets/").partition("/")
        return named == version and name in stamps and _stamp(folder / name) == stamps[name]

    @server.get(f"{prefix}/assets/<path:name>")
    def asset(name: str) -> flask.Response:
        first, _, rest = name.partition("/")
        return flask.send_from_directory(folder, rest if VERSION.fullmatch(first) else name)

    @server.after_request
    def keep(response: flask.Response) -> flask.Response:
        path = flask.request.path
        if path.startswith(f"{prefix}/assets/") and response.status_code in (200, 206, 304):
            response.headers["Cache-Control"] = IMMUTABLE if is_as_named(path) else REVALIDATE
        return response
