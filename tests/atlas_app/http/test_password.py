"""A password in front of an atlas: what it covers, what it lets through, and guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import ValidationError
from typer.testing import CliRunner
from werkzeug.security import check_password_hash, generate_password_hash

from atlas_app.app import create_app
from atlas_app.http import password as passwords
from atlas_app.http.password import FAILURES, Guard
from atlas_app.http.responses import ANSWERS
from atlas_app.serve import register
from atlas_app.settings import Settings

cli = typer.Typer()
register(cli)
PASSWORD = "pässword of three"
# As strong as the real ones in kind, but quick to compute.
HASHED = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
ATLAS = "/api/v1/atlases/test"
COVERED = (
    "/",
    "/explore",
    "/_dash-layout",
    "/_dash-dependencies",
    "/assets/styles/app.css",
    "/assets/bridge.mjs",
    "/api/v1/",
    "/api/v1/atlases",
    f"{ATLAS}/values/factor/1",
    f"{ATLAS}/factors.csv",
    "/no/such/page",
)


@pytest.fixture(scope="module")
def guarded_app(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    jobs = tmp_path_factory.mktemp("guarded") / "jobs"
    return create_app(Settings(stores=(store,), job_folder=jobs, password_hash=HASHED)).server


@pytest.fixture
def guarded(guarded_app: Any) -> Any:
    """For tests without a wrong password: the app counts those."""
    return guarded_app.test_client()


def signed(client: Any, path: str, password: str = PASSWORD, **given: Any) -> Any:
    return client.open(path, auth=("anyone", password), **given)


@pytest.mark.parametrize("path", COVERED)
def test_nothing_is_answered_without_it(guarded: Any, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="')
    assert answer.headers["Cache-Control"] == "no-store"
    assert "behind a password" in answer.text
    # Programs read JSON wherever they ask the interface, people a line.
    assert answer.is_json == path.startswith("/api/")
    for method in ("post", "delete", "put"):
        assert getattr(guarded, method)(path).status_code == 401


def test_with_it_everything_is_as_ever_but_kept_by_the_reader_alone(
    guarded: Any, client: Any
) -> None:
    for path in (f"{ATLAS}/values/factor/1", f"{ATLAS}/factors.csv", "/"):
        plain, answer = client.get(path), signed(guarded, path)
        assert answer.status_code == plain.status_code == 200
        assert "public" not in answer.headers["Cache-Control"]
        if path != "/":
            assert answer.data == plain.data
    digest = client.get(ATLAS).json["digest"]
    scripts = re.findall(r"/assets/[0-9a-f]{12}/bridge\.mjs", signed(guarded, "/").text)
    for path in (f"{ATLAS}/values/factor/1?v={digest}-{ANSWERS}", scripts[0]):
        kept = signed(guarded, path)
        assert kept.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_health_needs_none_under_a_prefix_too(client_for: Callable[..., Any]) -> None:
    client = client_for(password_hash=HASHED, prefix="/atlas")
    assert client.get("/atlas/health").status_code == 200
    assert client.get("/atlas/").status_code == 401
    # As a proxy that strips the path asks for it.
    assert client.get("/health").status_code == 200
    assert client.get("/explore").status_code == 401
    assert client.get("/atlas/atlas/health").status_code == 401
    assert signed(client, "/atlas/").status_code == 200


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!", "Basic YQ==", "Bearer abc", "Basic " + "A" * 5000, "Digest x=1", ""],
)
def test_odd_headers_are_no_password(client_for: Callable[..., Any], header: str) -> None:
    guarded = client_for(password_hash=HASHED)
    assert guarded.get("/", headers={"Authorization": header}).status_code == 401


def test_no_header_makes_a_request_the_process_s_own(guarded: Any) -> None:
    for name in (passwords.TRUSTED, "HTTP_" + passwords.TRUSTED, "X-Inspire-Atlas-Trusted"):
        assert guarded.get("/", headers={name: "True"}).status_code == 401


def test_many_tries_at_once_are_held_up_as_well() -> None:
    guard = Guard(HASHED)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: guard.judge(f"guess {n}", "there"), range(3 * FAILURES)))
    assert not any(right for right, _ in found)
    assert sum(seconds == 0 for _, seconds in found) == FAILURES
    # Another address is not held up, and the right password from there is known everywhere.
    assert guard.judge(PASSWORD, "elsewhere") == (True, 0)
    assert guard.judge(PASSWORD, "there") == (True, 0)


def test_the_slow_hash_is_computed_once_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []

    def count(hashed: str, password: str) -> bool:
        computed.append(password)
        return check_password_hash(hashed, password)

    monkeypatch.setattr(passwords, "check_password_hash", count)
    guard = Guard(HASHED)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: guard.judge(PASSWORD, "there")[0], range(20)))
    assert computed == [PASSWORD]


def test_a_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WITHIN", 0.0)
    guard = Guard(HASHED)
    for _ in range(FAILURES + 1):
        assert guard.judge("wrong", "there") == (False, 0)
    assert guard.judge(PASSWORD, "there") == (True, 0)


def test_guessing_is_held_up_and_those_inside_are_not(client_for: Callable[..., Any]) -> None:
    guarded = client_for(password_hash=HASHED)
    assert signed(guarded, "/api/v1/").status_code == 200
    for _ in range(FAILURES):
        assert signed(guarded, "/api/v1/", "wrong").status_code == 401
    held = signed(guarded, "/api/v1/", "wrong again")
    assert held.status_code == 429
    assert 0 < int(held.headers["Retry-After"]) <= 61
    assert signed(guarded, "/api/v1/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_another_site_cannot_send_anything(guarded: Any, headers: dict[str, str]) -> None:
    path = f"{ATLAS}/queries"
    assert signed(guarded, path, method="POST", headers=headers).status_code == 403
    assert signed(guarded, "/api/v1/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}]
)
def test_programs_and_its_own_pages_can(guarded: Any, headers: dict[str, str]) -> None:
    # What is answered is about the empty query.
    answer = signed(guarded, f"{ATLAS}/queries", method="POST", headers=headers)
    assert answer.status_code == 400


def test_without_a_password_nothing_changes(client: Any) -> None:
    assert client.get("/api/v1/").status_code == 200
    assert "public" in client.get(f"{ATLAS}/values/factor/1").headers["Cache-Control"]


def test_the_command_prints_a_hash_that_the_setting_takes() -> None:
    done = CliRunner().invoke(cli, ["password"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    hashed = done.stdout.strip().splitlines()[-1]
    assert PASSWORD not in done.output
    assert check_password_hash(Settings(password_hash=hashed).password_hash, PASSWORD)


def test_a_short_password_is_refused() -> None:
    done = CliRunner().invoke(cli, ["password"], input="short\nshort\n")
    assert done.exit_code == 1
    assert "8 or more" in done.output


@pytest.mark.parametrize(
    "bare",
    [
        "secret",
        "scrypt:abc$x$y",
        "scrypt:2:1:1$a$b",
        "pbkdf2:sha256:0$a$" + "b" * 64,
        "pbkdf2:nope:1$a$" + "b" * 64,
        "scrypt:32768:8:1$$",
        "scrypt:32768:8:1$salt$" + "b" * 12,
    ],
)
def test_what_is_no_hash_is_refused_before_anything_is_served(bare: str) -> None:
    with pytest.raises(ValidationError, match="atlas password"):
        Settings(password_hash=bare)


def test_the_hash_is_not_shown_with_the_settings() -> None:
    assert HASHED not in repr(Settings(password_hash=HASHED))
