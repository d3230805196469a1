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

from atlas_app.responses import IMMUTABLE, REVALIDATE

KINDS = (".mjs", ".js", ".css", ".svg")
VERSION = re.compile(r"[0-9a-f]{12}")


def assets_version(folder: Path) -> str:
    """Twelve hexadecimal digits of the names and content of what a browser loads."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in KINDS:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def register_assets(server: flask.Flask, folder: Path, version: str, prefix: str) -> None:
    """Serve `folder` under `{prefix}/assets`, and let what names `version` be kept for ever.

    A page that was opened before the files changed gets what there is now for what it loads late.
    """

    @server.get(f"{prefix}/assets/<path:name>")
    def asset(name: str) -> flask.Response:
        first, _, rest = name.partition("/")
        return flask.send_from_directory(folder, rest if VERSION.fullmatch(first) else name)

    @server.after_request
    def keep(response: flask.Response) -> flask.Response:
        path = flask.request.path
        if path.startswith(f"{prefix}/assets/") and response.status_code in (200, 206, 304):
            same = path.startswith(f"{prefix}/assets/{version}/")
            response.headers["Cache-Control"] = IMMUTABLE if same else REVALIDATE
        return response
