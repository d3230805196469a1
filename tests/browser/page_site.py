"""A served site of two small atlases and a watched browser tab; read by tests through `runpy`."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
SMALL = runpy.run_path(str(TESTS / "atlas_app" / "small_atlas.py"))
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


@contextmanager
def served_site(folder: Path, prefix: str = "", **environment: str) -> Iterator[str]:
    """The address of a server of two atlases (`test`, `bare`) with the stand-in worker."""
    stores = [folder / "test.atlas.zarr", folder / "bare.atlas.zarr"]
    for number, (path, card) in enumerate(zip(stores, (SMALL["CARD"], {}), strict=True)):
        if not path.exists():
            SMALL["write_store"](path, card, number)
    worker = TESTS / "atlas_app" / "standin_worker.py"
    with served(
        stores,
        ATLAS_PREFIX=prefix,
        ATLAS_JOB_FOLDER=str(folder / "jobs"),
        ATLAS_WORKER_COMMAND=f"{sys.executable} {worker} file",
        **environment,
    ) as address:
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
        process.wait(20)


@contextmanager
def watched_tab(browser: Any, width: int = 1440, **context: Any) -> Iterator[Any]:
    """A tab; an error in its console, or an answer that failed unasked, fails the test.

    Tests that provoke a refusal append its status to `tab.expected`.
    """
    opened = browser.new_context(viewport={"width": width, "height": 900}, **context)
    tab = opened.new_page()
    tab.set_default_timeout(20_000)
    tab.expected = []
    faults: list[str] = []

    def console(message: Any) -> None:
        if message.type == "error" and not any(str(s) in message.text for s in tab.expected):
            faults.append(f"{message.text} {message.location.get('url', '')}")

    tab.on("console", console)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    opened.close()
    assert not faults, f"the console said: {faults}"
