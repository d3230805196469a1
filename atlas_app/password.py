"""One password in front of everything, for an atlas that is not public yet.

HTTP Basic authentication (RFC 7617), as a browser, curl and programs know it. The server knows a
salted scrypt hash, never the password. It is asked for on every address but that of health checks:
pages, their scripts, the interface for programs, downloads.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections import OrderedDict, deque
from urllib.parse import urlsplit

import flask
from werkzeug.security import check_password_hash

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

    def admits(self, password: str) -> bool:
        """Whether it was found right before: the slow hash is computed once per process."""
        return self._right is not None and hmac.compare_digest(self._right, self._mark(password))

    def check(self, password: str, address: str) -> bool:
        """Whether a password is right. One is hashed at a time, so that guessing costs one core."""
        with self._lock:
            if check_password_hash(self._hashed, password):
                self._right = self._mark(password)
                self._failures.pop(address, None)
                return True
            times = self._failures.setdefault(address, deque(maxlen=FAILURES))
            times.append(time.monotonic())
            self._failures.move_to_end(address)
            while len(self._failures) > ADDRESSES:
                self._failures.popitem(last=False)
            return False

    def wait(self, address: str) -> int:
        """Seconds until an address may try again, 0 where it may now."""
        with self._lock:
            times = self._failures.get(address)
            if not times or len(times) < FAILURES:
                return 0
            left = times[0] + WITHIN - time.monotonic()
            return max(int(left) + 1, 0) if left > 0 else 0

    def _mark(self, password: str) -> bytes:
        return hmac.digest(self._secret, password.encode(), "sha256")


def register_password(server: flask.Flask, hashed: str, realm: str, health: str) -> None:
    """Ask for the password before every request but those of `health`, the path of health checks.

    What is answered then may be kept by the reader's own browser only, and another site's page
    cannot send anything in the reader's name.
    """
    guard = Guard(hashed)
    plain = "".join(letter for letter in realm if letter.isprintable() and letter not in '"\\')
    shown = plain.encode("ascii", "replace").decode()

    @server.before_request
    def ask() -> flask.Response | None:
        request = flask.request
        if request.path == health or request.environ.get(TRUSTED):
            return None
        given = request.authorization
        password = given.password if given is not None and given.type == "basic" else None
        if password is not None:
            address = request.remote_addr or ""
            if not guard.admits(password):
                seconds = guard.wait(address)
                if seconds:
                    return _refuse(
                        429,
                        f"Too many wrong passwords from this address; try again in {seconds} s.",
                        {"Retry-After": str(seconds)},
                    )
                if not guard.check(password, address):
                    password = None
        if password is None:
            return _refuse(
                401,
                "This atlas is behind a password. Any user name will do.",
                {"WWW-Authenticate": f'Basic realm="{shown}", charset="UTF-8"'},
            )
        if request.method not in READING and not _of_our_own_pages(request):
            return _refuse(403, "Another site's page may not send anything to this atlas.", {})
        return None

    @server.after_request
    def keep_private(response: flask.Response) -> flask.Response:
        control = response.headers.get("Cache-Control", "")
        if "public" in control:
            response.headers["Cache-Control"] = control.replace("public", "private")
        elif not control:
            response.headers["Cache-Control"] = "private, no-cache"
        return response


def _of_our_own_pages(request: flask.Request) -> bool:
    """Whether no page of another site sends this; programs name no site at all."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _refuse(status: int, text: str, headers: dict[str, str]) -> flask.Response:
    response = flask.Response(text + "\n", status, mimetype="text/plain")
    response.headers.update({"Cache-Control": "no-store", **headers})
    return response
