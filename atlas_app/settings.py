"""Every setting of the app, in one table; each can be set as ATLAS_<NAME> in the environment."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from atlas_app.http.links import PAGES
from training.store.places.location import is_url

ENVIRONMENT_PREFIX = "ATLAS_"
# Settings whose values are shown nowhere.
SECRETS = ("password_hash", "jobs")
# Hexadecimal digits of the shortest digest of a password, that of SHA-256.
LEAST_DIGEST = 64
# Settings that name several values, and what separates them in an environment variable.
SEPARATORS = {"worker_command": " "}
# First parts of the app's own addresses. A prefix that begins with one could not be told from an
# address whose prefix a proxy has stripped.
OWN_PATHS = (*filter(None, PAGES), "api", "assets", "health")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
PORT = re.compile(r"\d+(/|$)")


def default_job_folder() -> Path:
    """A folder of this user's own under the system's temporary folder."""
    return Path(tempfile.gettempdir()) / f"inspire-atlas-jobs-{os.getuid()}"


def split_stores(text: str) -> list[str]:
    """Paths and URLs with ':' between them; one that belongs to a URL separates nothing."""
    found: list[str] = []
    for piece in text.split(os.pathsep):
        last = found[-1] if found else ""
        scheme = SCHEME.fullmatch(last) and piece.startswith("//")
        if scheme or (is_url(last) and PORT.match(piece)):
            found[-1] += f":{piece}"
        else:
            found.append(piece)
    return [piece for piece in found if piece]


def _can_be_checked(hashed: str) -> bool:
    """Whether a password can be compared with a hash: method, salt and a digest of full length."""
    from werkzeug.security import check_password_hash

    method, _, rest = hashed.partition("$")
    salt, _, digest = rest.partition("$")
    if not method.startswith(("scrypt:", "pbkdf2:")) or not salt or len(digest) < LEAST_DIGEST:
        return False
    try:
        check_password_hash(hashed, "")
    except Exception:
        return False
    return True


def _is_redis(address: str) -> bool:
    """Whether an address names a Redis, by TCP, and at most the number of a database in it."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    database = parts.path.strip("/")
    numbered = database == "" or (database.isascii() and database.isdigit())
    return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and port != 0 and numbered


class Settings(BaseModel):
    """What one app is made from. Immutable; `create_app` reads nothing else."""

    # What was given may hold a password, and is in no message of an error.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stores: tuple[Path | str, ...] = Field(
        default=(), description="Atlas stores to serve, in order: folders or URLs."
    )
    anonymous: bool = Field(
        default=False, description="Read object storage without credentials, for public buckets."
    )
    title: str = Field(
        default="", description="Name in the browser's tab; the first atlas's if empty."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8050, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(default=2, ge=1, le=64, description="Server processes.")
    threads: int = Field(default=4, ge=1, le=64, description="Threads in each server process.")
    prefix: str = Field(default="", description="Path under which everything lies, such as /atlas.")
    proxies: int = Field(
        default=0,
        ge=0,
        le=16,
        description="Proxies in front, one after the other, whose X-Forwarded-For, -Proto and "
        "-Host are believed.",
    )
    password_hash: str = Field(
        default="",
        repr=False,
        description="Hash of a password that everything lies behind, as `atlas password` makes it.",
    )
    cache_bytes: int = Field(
        default=128 * 2**20,
        ge=0,
        description="Memory for encoded genes, factors and columns, per server process, in bytes.",
    )
    job_folder: Path = Field(
        default_factory=default_job_folder,
        description="Where uploads and results are kept; readable by this user only.",
    )
    upload_bytes: int = Field(
        default=2 * 10**9, ge=1, description="Largest query accepted, in bytes."
    )
    jobs: str = Field(
        default="",
        repr=False,
        description="Redis that several machines share for queries, redis://:PASSWORD@HOST:PORT/0; "
        "empty: this machine maps them itself.",
    )
    jobs_queued: int = Field(
        default=20, ge=1, description="Queries that may wait; further ones are turned away."
    )
    jobs_per_client: int = Field(
        default=6,
        ge=1,
        description="Queries and uploads of one address that may be under way at once.",
    )
    result_hours: float = Field(
        default=24.0, gt=0, description="Hours after which a query and its result are deleted."
    )
    selection_days: float = Field(
        default=180.0,
        gt=0,
        description="Days after which a selection that a link names is deleted if nobody opens it.",
    )
    job_minutes: float = Field(
        default=60.0, gt=0, description="Minutes after which a projection is stopped."
    )
    job_bytes: int = Field(
        default=16 * 2**30, ge=1, description="Memory at which a projection is stopped, in bytes."
    )
    worker_command: tuple[str, ...] = Field(
        default=(sys.executable, "-m", "training.cli"),
        min_length=1,
        description="Command that `project STORE QUERY --out RESULT …` is given to.",
    )

    @field_validator("stores", mode="before")
    @classmethod
    def _paths_or_urls(cls, value: Any) -> Any:
        if isinstance(value, tuple | list):
            return tuple(
                Path(each) if isinstance(each, str) and not is_url(each) else each for each in value
            )
        return value

    @field_validator("prefix")
    @classmethod
    def _normal_prefix(cls, value: str) -> str:
        parts = [part for part in value.strip().split("/") if part]
        if parts and parts[0] in OWN_PATHS:
            raise ValueError(
                f"found {value.strip()!r}, which begins with an address of the app's own; expected "
                f"a path whose first part is none of {', '.join(OWN_PATHS)}, such as /atlas"
            )
        return "".join(f"/{part}" for part in parts)

    @field_validator("jobs")
    @classmethod
    def _redis_address(cls, value: str) -> str:
        value = value.strip()
        if value and not _is_redis(value):
            raise ValueError(
                "expected redis://HOST:PORT/NUMBER or rediss:// with TLS, where needed with "
                ":PASSWORD@ before HOST, in which special characters are written as %XX"
            )
        return value

    @field_validator("password_hash")
    @classmethod
    def _real_hash(cls, value: str) -> str:
        value = value.strip()
        if value and not _can_be_checked(value):
            raise ValueError("expected a hash as `atlas password` prints it, scrypt:…$…$…")
        return value

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **given: Any
    ) -> Settings:
        """Settings from ATLAS_<NAME> variables; those `given` (and not None) win.

        Raises pydantic.ValidationError (a ValueError) for impossible values.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for name in cls.model_fields:
            text = environment.get(ENVIRONMENT_PREFIX + name.upper())
            if text and name == "stores":
                values[name] = split_stores(text)
            elif text:
                values[name] = text.split(SEPARATORS[name]) if name in SEPARATORS else text
        values.update({name: value for name, value in given.items() if value is not None})
        return cls.model_validate(values)
