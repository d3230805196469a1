"""A fit killed outright goes on where it was and ends bit for bit where an unbroken one ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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
    "imputation.folds=0",
)
PATIENCE = 240.0


def command(slices: Path, out: Path, *extra: str) -> list[str]:
    program = "import sys; from training.cli import main; sys.argv[0] = 'atlas'; main()"
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    fit = ["fit", str(slices), "--out", str(out), "--device", "cpu"]
    return [sys.executable, "-c", program, *fit, *options, *extra]


def environment() -> dict[str, str]:
    # One thread: the same sums in the same order whatever the machine has to spare.
    return {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, capture_output=True, text=True, env=environment(), timeout=PATIENCE, check=False
    )


def kill_when(arguments: list[str], ready: Callable[[], bool]) -> None:
    """Start a fit and end it with SIGKILL the moment `ready` holds."""
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(arguments, stdout=told, stderr=told, env=environment())
        deadline = time.monotonic() + PATIENCE
        try:
            while not ready() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
        finally:
            process.kill()
            process.wait()
        told.seek(0)
        assert process.returncode == -signal.SIGKILL, told.read()


def logged(out: Path) -> list[dict[str, float]]:
    log = out.with_name(out.name.replace(".atlas.zarr", ".losses.jsonl"))
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture(scope="module")
def unbroken(few_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "embryo.atlas.zarr"
    done = run(command(few_slices, out))
    assert done.returncode == 0, done.stderr
    return out


def test_killed_again_and_again_it_ends_in_the_same_place(
    few_slices: Path, unbroken: Path, tmp_path: Path
) -> None:
    """Killed before any checkpoint, in the midst of training, and after it; then resumed."""
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    checkpoint = work / "checkpoint.pt"
    kill_when(command(few_slices, out), (work / "start.npz").exists)
    assert not checkpoint.exists()
    resume = command(few_slices, out, "--resume")
    kill_when(resume, lambda: checkpoint.exists() and len(logged_lines(out)) >= 13)
    reached = len(logged_lines(out))
    assert 13 <= reached < 40
    # Past the last step: domains, UMAP and the store are still to come.
    kill_when(resume, lambda: len(logged_lines(out)) >= 40)
    assert not out.exists()
    done = run(resume)
    assert done.returncode == 0, done.stderr
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


def test_other_settings_are_not_gone_on_with(few_slices: Path, tmp_path: Path) -> None:
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    kill_when(command(few_slices, out), (work / "identity.json").exists)
    other = run(command(few_slices, out, "--resume", "--set", "train.seed=5"))
    assert other.returncode == 1
    assert "cannot resume: settings differ" in other.stderr
    assert "Traceback" not in other.stderr
    assert not out.exists()
    assert work.exists()
