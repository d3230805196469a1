"""Kept selections where two server processes share them: what one keeps the other gives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from atlas_app.http.kept_texts import LEAST_COUNTED, MOST_BYTES

PROGRAM = (
    "import typer; from atlas_app.serve import register; app = typer.Typer(); "
    "app.callback()(lambda: None); register(app); app()"
)
PATIENCE = 120.0
MOST_SHORT = MOST_BYTES // LEAST_COUNTED
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the processes")


class Workers:
    """`atlas serve` with two worker processes, of which one can be made to answer alone."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stdout is not None
        self.process = process
        self.folder = folder
        found = process.stdout.readline().split()[-1]
        self.base = f"{found}api/v1/atlases/test/selections"

    def ids(self) -> list[int]:
        """The worker processes, once there are two."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return until(lambda: len(found := [*map(int, children.read_text().split())]) == 2 and found)

    @contextmanager
    def alone(self, worker: int) -> Iterator[None]:
        """The others stand still."""
        others = [each for each in self.ids() if each != worker]
        for each in others:
            os.kill(each, signal.SIGSTOP)
            until(lambda each=each: state_of(each) == "T")
        try:
            yield
        finally:
            for each in others:
                os.kill(each, signal.SIGCONT)

    def keep(self, text: str) -> str:
        with self.ask(urllib.request.Request(self.base, text.encode(), method="POST")) as answer:
            address: str = json.load(answer)["address"]
        return address.removeprefix("@")

    def text(self, key: str) -> str:
        with self.ask(f"{self.base}/{key}") as answer:
            found: str = json.load(answer)["selection"]
        return found

    def ask(self, what: Any) -> Any:
        return urllib.request.urlopen(what, timeout=PATIENCE)


def until(asked: Callable[[], Any]) -> Any:
    """The first answer that is true."""
    end = time.monotonic() + PATIENCE
    while not (found := asked()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def state_of(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def workers(store: Path, tmp_path: Path) -> Iterator[Workers]:
    command = [sys.executable, "-u", "-c", PROGRAM, "serve", str(store), "--port", "0"]
    command += ["--workers", "2", "--job-folder", str(tmp_path / "jobs")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Workers(process, tmp_path / "jobs" / "selections")
    finally:
        process.terminate()
        process.wait(30)


def outline(number: int) -> str:
    return f"spatial*20_20_{120 + number}_20_120_80*1"


def test_what_one_process_keeps_every_other_gives(workers: Workers) -> None:
    first, second = workers.ids()
    with workers.alone(first):
        key = workers.keep(outline(0))
    with workers.alone(second):
        assert workers.text(key) == outline(0)
        assert workers.keep(outline(0)) == key
    # One that is killed takes nothing along, and the one in its place finds it too.
    os.kill(first, signal.SIGKILL)
    until(lambda: first not in workers.ids())
    (fresh,) = set(workers.ids()) - {second}
    with workers.alone(fresh):
        assert workers.text(key) == outline(0)
        other = workers.keep(outline(1))
    with workers.alone(second):
        assert workers.text(other) == outline(1)

    # A folder that is full makes room in either process: what was opened last stays.
    then = time.time() - 86_400
    for number in range(MOST_SHORT):
        path = workers.folder / f"{number:032x}"
        path.touch()
        os.utime(path, (then + number, then + number))
    for worker, number in ((fresh, 2), (second, 3)):
        with workers.alone(worker):
            newest = workers.keep(outline(number))
            assert workers.text(newest) == outline(number)
    share = MOST_SHORT // 64
    assert MOST_SHORT <= len([*workers.folder.iterdir()]) <= MOST_SHORT + 2 * share
    for kept, number in ((key, 0), (other, 1)):
        assert workers.text(kept) == outline(number)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        workers.text("f" * 32)
