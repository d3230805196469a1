"""Headers that keep a browser from doing what the app never asks it to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import flask

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def script_hash(script: str) -> str:
    """The source expression that allows exactly this inline script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def content_policy(script_hashes: list[str]) -> str:
    """A Content-Security-Policy: everything from this server, and only the named inline scripts.

    Components set style attributes, and charts draw pictures from memory, so inline styles and
    data: and blob: images stay allowed.
    """
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' " + " ".join(script_hashes),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


def register_headers(server: flask.Flask, script_hashes: Callable[[], list[str]]) -> None:
    """Put the headers on every answer; `script_hashes` is asked once, at the first page."""
    policy: list[str] = []

    @server.after_request
    def add(response: flask.Response) -> flask.Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if response.mimetype == "text/html":
            if not policy:
                policy.append(content_policy(script_hashes()))
            response.headers.setdefault("Content-Security-Policy", policy[0])
        return response
