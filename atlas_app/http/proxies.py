"""What proxies in front of the server do to a request, undone before the app sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def register_proxies(server: flask.Flask, prefix: str, proxies: int) -> None:
    """Take requests of proxies that strip `prefix` too, and believe `proxies` of them.

    What is believed is the address of the reader, the scheme and the host: each proxy has appended
    one to X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host, and what is further left may be
    a reader's invention.
    """
    inner: Wsgi = server.wsgi_app
    if prefix:
        inner = with_prefix(inner, prefix)
    if proxies:
        inner = ProxyFix(inner, x_for=proxies, x_proto=proxies, x_host=proxies)
    server.wsgi_app = inner  # type: ignore[assignment,method-assign]

    @server.after_request
    def stay(response: flask.Response) -> flask.Response:
        """Redirect without a host: that which the server was asked by need not be the readers'."""
        parts = urlsplit(response.headers.get("Location", ""))
        if parts.netloc and parts.netloc == flask.request.host:
            response.headers["Location"] = urlunsplit(("", "", *parts[2:]))
        return response


def with_prefix(inner: Wsgi, prefix: str) -> Wsgi:
    """`inner`, which lies under `prefix`, for requests whose path has lost it as well.

    No header is asked for: nginx names none when its `proxy_pass` strips a path.
    """

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != prefix and not path.startswith(f"{prefix}/"):
            environ = environ | {"PATH_INFO": prefix + path}
        return inner(environ, start)

    return answer
