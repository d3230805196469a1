from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from atlas_app import serve

PROGRAM = """
import typer
from atlas_app.serve import register

app = typer.Typer()
app.callback()(lambda: None)
register(app)
app()
"""


@pytest.fixture
def program() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    serve.register(app)
    return app


def failure(program: typer.Typer, *arguments: object) -> str:
    result = CliRunner().invoke(program, ["serve", *map(str, arguments)])
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.output


def test_what_cannot_be_served_is_said_in_a_line(
    program: typer.Typer, store: Path, tmp_path: Path
) -> None:
    jobs = ("--job-folder", tmp_path / "jobs")
    missing = failure(program, tmp_path / "none.atlas.zarr", *jobs)
    assert "none.atlas.zarr" in missing
    assert "No store was given" in failure(program, *jobs)
    assert "Setting port: found 99999" in failure(program, store, "--port", 99999)
    blocked = tmp_path / "file"
    blocked.touch()
    assert "--job-folder" in failure(program, store, "--job-folder", blocked / "jobs")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = failure(program, store, "--port", port, *jobs)
    assert f"Cannot listen on 127.0.0.1, port {port}" in message
    assert "--port" in message


def test_without_its_part_of_the_installation_it_says_what_to_install(
    program: typer.Typer, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "installed", lambda name: name != "dash")
    message = failure(program, store)
    assert "dash" in message
    assert "pip install 'inspire-atlas[app]'" in message


@pytest.fixture
def served(store: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", PROGRAM, "serve", str(store), "--port", "0"]
    command += ["--workers", "2", "--prefix", "deep/er", "--job-folder", str(tmp_path / "jobs")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ATLAS_TITLE": "From the environment", "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    yield process, found.group()
    if process.poll() is None:
        process.kill()
    process.wait()


def test_it_serves_until_it_is_told_to_stop(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    assert address.endswith("/deep/er/")
    stop = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{address}health", timeout=30) as answer:
                assert json.load(answer)["status"] == "ok"
            break
        except OSError:
            assert time.monotonic() < stop
            time.sleep(0.2)
    with urllib.request.urlopen(address, timeout=60) as answer:
        assert "<title>From the environment</title>" in answer.read().decode()
        assert "gunicorn" in answer.headers["Server"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_what_a_proxy_says_is_believed_only_as_far_as_settings_say(
    client_for: Callable[..., Any],
) -> None:
    said = {"X-Forwarded-Host": "made.up, lab.org", "X-Forwarded-Proto": "https"}
    film = "api/v1/atlases/test/python/stages.py?view=film&of=genes:MYH7,ALB"
    for proxies, host in ((0, "http://localhost"), (1, "https://lab.org")):
        client = client_for(prefix="/deep/er", proxies=proxies)
        for path in (f"/deep/er/{film}", f"/{film}"):
            assert (
                f"{host}/deep/er/api/v1/atlases/test/scores.csv"
                in client.get(path, headers=said).text
            )
        assert client.get("/deep/er", headers=said).headers["Location"] == "/deep/er/"
    wrong = client.get("/api/v1/nothing").get_json()
    assert (wrong["found"], wrong["examples"][0]) == ("/deep/er/api/v1/nothing", "/deep/er/health")
