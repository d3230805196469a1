"""One password in front of everything, for an atlas that is not public yet.

HTTP Basic authentication (RFC 7617), as a browser, curl and programs know it. The server knows a
salted scrypt hash, never the password. It is asked for on every address but that of health checks:
pages, their scripts, the interface for programs, downloads.
"""

from __future__ import annotations

import hmac
import math
import os
import threading
import time
from collections import OrderedDict, deque
from urllib.parse import urlsplit

import flask
from werkzeug.security import check_password_hash

from atlas_app.http.errors import ApiError

TRUSTED = "inspire_atlas.trusted"
"""Key of the WSGI environment of the process's own requests; no header can set it."""
FAILURES, WITHIN = 10, 60.0
"""Wrong passwords that one address may send in so many seconds; those who gave the right one before
are not held up."""
ADDRESSES = 4096
"""Addresses whose failures are remembered at a time."""
READING = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Tells right passwords from wrong ones, and guessing from mistakes; one per server process."""

    def __init__(self, hashed: str) -> None:
        self._hashed = hashed
        self._secret = os.urandom(32)
        self._right: bytes | None = None
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def judge(self, password: str, address: str) -> tuple[bool, int]:
        """Whether a password is right, and the seconds an address that guesses has to wait.

        The slow hash is computed once for the right password. For others it is computed one after
        the other, so that guessing costs one core, and many tries at once count like any.
        """
        mark = hmac.digest(self._secret, password.encode(), "sha256")
        if self._was_right(mark):
            return True, 0
        with self._lock:
            # A page asks for many things at once, and one of them has been here meanwhile.
            if self._was_right(mark):
                return True, 0
            seconds = self._wait(address)
            if seconds:
                return False, seconds
            if check_password_hash(self._hashed, password):
                self._right = mark
                self._failures.pop(address, None)
                return True, 0
            self._remember(address)
            return False, 0

    def _was_right(self, mark: bytes) -> bool:
        return self._right is not None and hmac.compare_digest(self._right, mark)

    def _wait(self, address: str) -> int:
        times = self._failures.get(address)
        if times is None or len(times) < FAILURES:
            return 0
        return math.ceil(max(times[0] + WITHIN - time.monotonic(), 0.0))

    def _remember(self, address: str) -> None:
        self._failures.setdefault(address, deque(maxlen=FAILURES)).append(time.monotonic())
        self._failures.move_to_end(address)
        while len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)


def register_password(server: flask.Flask, hashed: str, realm: str, prefix: str) -> None:
    """Ask for the password before every request but health checks.

    What is answered then may be kept by the reader's own browser only, and another site's page
    cannot send anything in the reader's name.
    """
    guard = Guard(hashed)
    plain = "".join(letter for letter in realm if letter.isprintable() and letter not in '"\\')
    shown = plain.encode("ascii", "replace").decode()
    question = {"WWW-Authenticate": f'Basic realm="{shown}", charset="UTF-8"'}

    @server.before_request
    def ask() -> flask.Response | None:
        request = flask.request
        if request.path == f"{prefix}/health" or request.environ.get(TRUSTED):
            return None
        given = request.authorization
        right, seconds = False, 0
        if given is not None and given.type == "basic" and given.password is not None:
            right, seconds = guard.judge(given.password, request.remote_addr or "")
        if seconds:
            error = f"Too many wrong passwords from this address. Try again in {seconds} s."
            return _refuse(429, error, prefix, {"Retry-After": str(seconds)})
        if not right:
            error = "This atlas is behind a password. Any user name will do."
            return _refuse(401, error, prefix, question)
        if request.method not in READING and not _of_our_own_pages(request):
            error = "A page of another site may not send anything to this atlas."
            return _refuse(403, error, prefix, {})
        return None

    @server.after_request
    def keep_private(response: flask.Response) -> flask.Response:
        control = response.headers.get("Cache-Control", "") or "private, no-cache"
        response.headers["Cache-Control"] = control.replace("public", "private")
        return response


def _of_our_own_pages(request: flask.Request) -> bool:
    """Whether no page of another site sends this; programs name no site at all."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _refuse(status: int, error: str, prefix: str, headers: dict[str, str]) -> flask.Response:
    """A line for whoever reads a page; the interface answers as it does all errors."""
    if flask.request.path.startswith(f"{prefix}/api/"):
        raise ApiError(status, error, headers=headers)
    response = flask.Response(error + "\n", status, mimetype="text/plain")
    response.headers.update({"Cache-Control": "no-store", **headers})
    return response
