"""A served site of two small atlases and a watched browser tab; read by tests through `runpy`."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from atlas_app.settings import Settings
from training.store import Atlas

TESTS = Path(__file__).parents[1]
SMALL = runpy.run_path(str(TESTS / "atlas_app" / "small_atlas.py"))
until = runpy.run_path(str(TESTS / "browser" / "waiting.py"))["until"]
STANDIN = (sys.executable, str(TESTS / "atlas_app" / "standin_worker.py"), "file")
PROGRAM = (
    "import typer; from atlas_app.serve import register; app = typer.Typer(); "
    "app.callback()(lambda: None); register(app); app()"
)


def make_query(path: Path, mode: str = "ok") -> Path:
    """A query that the stand-in worker treats as `mode` says."""
    import h5py

    SMALL["write_query"](path)
    with h5py.File(path, "r+") as file:
        file.attrs["standin"] = mode
    return path


def map_section(atlas: str, query: Path, impute: str = "", patience: float = 120.0) -> str:
    """Map a query onto the atlas at this address of the interface; the job, once it is done."""
    given = f"name={quote(query.name)}" + (f"&impute={impute}" if impute else "")
    sent = urllib.request.Request(f"{atlas}/queries?{given}", query.read_bytes(), method="POST")
    with urllib.request.urlopen(sent) as answer:
        job: str = json.load(answer)["job"]
    jobs = atlas.split("/atlases/")[0] + "/jobs/"
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with urllib.request.urlopen(jobs + job) as answer:
            state = json.load(answer)["state"]
        if state == "done":
            return job
        assert state in ("queued", "running"), state
        time.sleep(0.1)
    raise AssertionError(f"not mapped in {patience:.0f} s")


@contextmanager
def served_site(server: Any, stores: list[Path], jobs: Path, **settings: Any) -> Iterator[str]:
    """The address of atlases such as `small_stores` with the stand-in worker."""
    from atlas_app.settings import Settings

    made = Settings(stores=tuple(stores), job_folder=jobs, worker_command=STANDIN, **settings)
    with server.serving(made) as address:
        yield address


@contextmanager
def served(stores: list[Path], **environment: str) -> Iterator[str]:
    """The address of `atlas serve` over `stores`, without a slash at its end."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", PROGRAM, "serve", *map(str, stores), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ATLAS_WORKERS": "1", **environment},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found is not None, line
        yield found.group().rstrip("/")
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def watched_tab(tabs: Any, **options: Any) -> Iterator[Any]:
    """A tab; an error in its console, or an answer that failed unasked, fails the test.

    Tests that provoke a refusal append its status to `tab.expected`.
    """
    faults: list[str] = []

    def console(message: Any) -> None:
        if message.type == "error" and not any(str(s) in message.text for s in tab.expected):
            faults.append(f"{message.text} {message.location.get('url', '')}")

    def failed(error: Any) -> None:
        faults.append(str(error))

    with tabs.lent(**options) as tab:
        tab.expected = []
        tab.on("console", console)
        tab.on("pageerror", failed)
        try:
            yield tab
        finally:
            tab.remove_listener("console", console)
            tab.remove_listener("pageerror", failed)
    assert not faults, f"the console said: {faults}"


@pytest.fixture(scope="module")
def site(
    server: Any, small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the two small atlases, without a slash at its end."""
    with served_site(server, small_stores, tmp_path_factory.mktemp("jobs")) as address:
        yield address


@pytest.fixture(scope="module")
def site_of_atlas(
    server: Any, atlas: Atlas, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of an app over the module's own `atlas`."""
    settings = Settings(stores=(atlas.path,), job_folder=tmp_path_factory.mktemp("jobs"))
    with server.serving(settings) as address:
        yield address
