"""A fit killed outright goes on where it was and ends bit for bit where an unbroken one ends."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
FORKS = runpy.run_path(str(Path(__file__).with_name("forks.py")))


def command(slices: Path, out: Path, *extra: str) -> list[str]:
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    return ["fit", str(slices), "--out", str(out), "--device", "cpu", *options, *extra]


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with FORKS["opened"](tmp_path_factory.mktemp("forks")) as started:
        yield started


def logged(out: Path) -> list[dict[str, float]]:
    log = out.with_name(out.name.replace(".atlas.zarr", ".losses.jsonl"))
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture(scope="module")
def unbroken(forks: Any, few_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "embryo.atlas.zarr"
    assert forks.run(command(few_slices, out)) == [0], forks.told()
    return out


def test_killed_again_and_again_it_ends_in_the_same_place(
    forks: Any, few_slices: Path, unbroken: Path, tmp_path: Path
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
    assert forks.run(resume) == [0], forks.told()
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


def test_other_settings_are_not_gone_on_with(forks: Any, few_slices: Path, tmp_path: Path) -> None:
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    forks.kill_when(command(few_slices, out), (work / "identity.json").exists)
    assert forks.run(command(few_slices, out, "--resume", "--set", "train.seed=5")) == [1]
    told = forks.told()
    assert "cannot resume: settings differ" in told
    assert "Traceback" not in told
    assert not out.exists()
    assert work.exists()
