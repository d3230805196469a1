"""A fit killed outright goes on where it was and ends bit for bit where an unbroken one ends."""

from __future__ import annotations

import json
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from training.store import open_atlas, validate_store

pytestmark = pytest.mark.slow

SETTINGS = (
    "train.steps=40",
    "train.checkpoint_seconds=0",
    "model.n_factors=8",
    "start.iterations=30",
    "start.restarts=1",
    "train.batch=64",
    "domains.resolution=1",
    "imputation.folds=0",
)
PATIENCE = 240.0


def command(slices: Path, out: Path, *extra: str) -> list[str]:
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    return ["fit", str(slices), "--out", str(out), "--device", "cpu", *options, *extra]


def environment() -> dict[str, str]:
    # One thread: the same sums in the same order whatever the machine has to spare.
    return {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


class Forks:
    """Starts fits one after the other, each a process of its own that has its imports done."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment(),
        )

    def run(
        self,
        arguments: list[str],
        ready: Callable[[], bool] = lambda: False,
        act: Callable[[int], None] = lambda number: os.kill(number, signal.SIGKILL),
    ) -> int:
        """The exit status of a fit, to whose process `act`, such as SIGKILL, is done the moment
        `ready` holds."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.log.write_text("")
        self.server.stdin.write(json.dumps([str(self.log), *arguments]).encode() + b"\n")
        number = int(self.server.stdout.readline())
        deadline = time.monotonic() + PATIENCE
        # Waiting for the process is the server's part: until then its number is nobody else's.
        ended = selectors.DefaultSelector()
        ended.register(self.server.stdout, selectors.EVENT_READ)
        waiting = True
        while not ended.select(0.002):
            if waiting and ready():
                act(number)
                waiting = False
            if time.monotonic() > deadline:
                os.kill(number, signal.SIGKILL)
                break
        ended.close()
        return int(self.server.stdout.readline())

    def kill_when(self, arguments: list[str], ready: Callable[[], bool]) -> None:
        assert self.run(arguments, ready) == -signal.SIGKILL, self.log.read_text()


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    started = Forks(tmp_path_factory.mktemp("forks") / "told")
    yield started
    started.server.communicate()


def logged(out: Path) -> list[dict[str, float]]:
    log = out.with_name(out.name.replace(".atlas.zarr", ".losses.jsonl"))
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture(scope="module")
def unbroken(forks: Forks, few_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "embryo.atlas.zarr"
    assert forks.run(command(few_slices, out)) == 0, forks.log.read_text()
    return out


def test_killed_again_and_again_it_ends_in_the_same_place(
    forks: Forks, few_slices: Path, unbroken: Path, tmp_path: Path
) -> None:
    """Killed before any checkpoint, in the midst of training, and after it; then resumed."""
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    checkpoint = work / "checkpoint.pt"
    forks.kill_when(command(few_slices, out), (work / "start.npz").exists)
    assert not checkpoint.exists()
    resume = command(few_slices, out, "--resume")
    forks.kill_when(resume, lambda: checkpoint.exists() and len(logged_lines(out)) >= 13)
    reached = len(logged_lines(out))
    assert 13 <= reached < 40
    # Past the last step: domains, UMAP and the store are still to come.
    forks.kill_when(resume, lambda: len(logged_lines(out)) >= 40)
    assert not out.exists()
    assert forks.run(resume) == 0, forks.log.read_text()
    assert logged(out) == logged(unbroken)
    assert [each["step"] for each in logged(out)] == list(range(1, 41))
    assert open_atlas(out).digest == open_atlas(unbroken).digest
    assert validate_store(out) == []
    assert not work.exists()


def logged_lines(out: Path) -> list[str]:
    """Whole lines of a log that is being written."""
    log = out.with_name(out.name.replace(".atlas.zarr", ".losses.jsonl"))
    if not log.exists():
        return []
    return [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def test_other_settings_are_not_gone_on_with(
    forks: Forks, few_slices: Path, tmp_path: Path
) -> None:
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    forks.kill_when(command(few_slices, out), (work / "identity.json").exists)
    assert forks.run(command(few_slices, out, "--resume", "--set", "train.seed=5")) == 1
    told = forks.log.read_text()
    assert "cannot resume: settings differ" in told
    assert "Traceback" not in told
    assert not out.exists()
    assert work.exists()


FULL = {
    # What is there when the disk is full, how far a file may grow from then on, what is told.
    "start": ("identity.json", 10_000, "the start of the fit cannot be written"),
    "checkpoint": ("checkpoint.pt", 100_000, "the checkpoint cannot be written"),
    "report": ("", 50_000, "the report cannot be written"),
    "store": ("", 20_000, "no room while writing"),
}


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process: Linux")
@pytest.mark.parametrize("case", FULL)
def test_a_full_disk_is_told_and_gone_on_from(
    forks: Forks, few_slices: Path, unbroken: Path, tmp_path: Path, case: str
) -> None:
    """Files grow no further from some moment on: one error, the last checkpoint whole."""
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    there, size, told = FULL[case]
    moments: dict[str, Callable[[], bool]] = {
        "report": lambda: "Finding domains" in forks.log.read_text(),
        "store": out.with_name("embryo.report.html").exists,
    }

    def fill(number: int) -> None:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (size, size))

    full = forks.run(command(few_slices, out), moments.get(case, (work / there).exists), fill)
    found = forks.log.read_text()
    assert full == 1, found
    assert told in found
    assert "--resume goes on" in found
    assert "Traceback" not in found
    assert not out.exists()
    assert not list(work.glob("*.tmp"))
    assert (work / "checkpoint.pt").exists() == (case != "start")
    assert forks.run(command(few_slices, out, "--resume")) == 0, forks.log.read_text()
    assert logged(out) == logged(unbroken)
    assert open_atlas(out).digest == open_atlas(unbroken).digest
    assert not work.exists()


def test_a_fit_killed_when_its_store_was_whole_is_ended(
    forks: Forks, few_slices: Path, unbroken: Path, tmp_path: Path
) -> None:
    """The store is in its place and the folder of the fit still beside it."""
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    forks.kill_when(command(few_slices, out), (work / "identity.json").exists)
    shutil.copytree(unbroken, out)
    digest = open_atlas(unbroken).digest
    for other in (("--resume", "--set", "train.seed=5"), ()):
        assert forks.run(command(few_slices, out, *other)) == 1
        assert "exists; choose another name" in forks.log.read_text()
    assert work.exists()
    assert forks.run(command(few_slices, out, "--resume")) == 0
    assert f"whole already, of the same slices and settings: digest {digest[:12]}" in (
        forks.log.read_text()
    )
    assert not work.exists()
    assert open_atlas(out).digest == digest
    # Damaged, it is no end of a fit.
    next(path for path in (out / "view").rglob("c/*") if path.is_file()).unlink()
    assert forks.run(command(few_slices, out, "--resume")) == 1
    assert "exists; choose another name" in forks.log.read_text()
