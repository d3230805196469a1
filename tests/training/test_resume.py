"""A fit killed outright goes on where it was and ends bit for bit where an unbroken one ends."""

from __future__ import annotations

import json
import resource
import runpy
import shutil
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


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process: Linux")
def test_a_full_disk_is_told_each_time_and_gone_on_from(
    forks: Any, few_slices: Path, unbroken: Path, tmp_path: Path
) -> None:
    """Files grow no further from some moment on, once for each kind of file that a fit writes: one
    error, the last checkpoint whole; with room again the fit ends as if nothing had been."""
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    resume = command(few_slices, out, "--resume")
    # From when on the disk is full, how far a file may grow then, what is told.
    moments = (
        ((work / "identity.json").exists, 10_000, "the start of the fit cannot be written"),
        ((work / "checkpoint.pt").exists, 100_000, "the checkpoint cannot be written"),
        (lambda: "Finding domains" in forks.told(), 50_000, "the report cannot be written"),
        (out.with_name("embryo.report.html").exists, 20_000, "no room while writing"),
    )
    for number, (ready, size, told) in enumerate(moments):

        def fill(process: int, size: int = size) -> None:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, size))

        arguments = resume if number else command(few_slices, out)
        assert forks.run(arguments, ready=ready, act=fill) == [1], forks.told()
        found = forks.told()
        assert told in found
        assert "--resume goes on" in found
        assert "Traceback" not in found
        assert not out.exists()
        assert not list(work.glob("*.tmp"))
        assert (work / "checkpoint.pt").exists() == (number > 0)
    assert forks.run(resume) == [0], forks.told()
    assert logged(out) == logged(unbroken)
    assert open_atlas(out).digest == open_atlas(unbroken).digest
    assert not work.exists()


def test_a_fit_killed_when_its_store_was_whole_is_ended(
    forks: Any, few_slices: Path, unbroken: Path, tmp_path: Path
) -> None:
    """The store is in its place and the folder of the fit still beside it."""
    out = tmp_path / "embryo.atlas.zarr"
    work = out.with_name(out.name + ".fit")
    forks.kill_when(command(few_slices, out), (work / "identity.json").exists)
    # Files keep their times: a store from before this fit began is no end of it.
    shutil.copytree(unbroken, out)
    assert forks.run(command(few_slices, out, "--resume")) == [1]
    assert "exists; choose another name" in forks.told()
    (out / "zarr.json").touch()
    digest = open_atlas(unbroken).digest
    for other in (("--resume", "--set", "train.seed=5"), ()):
        assert forks.run(command(few_slices, out, *other)) == [1]
        assert "exists; choose another name" in forks.told()
    assert work.exists()
    assert forks.run(command(few_slices, out, "--resume")) == [0]
    assert f"whole already, of the same slices and settings: digest {digest[:12]}" in (forks.told())
    assert not work.exists()
    assert open_atlas(out).digest == digest
    # Damaged, it is no end of a fit.
    next(path for path in (out / "view").rglob("c/*") if path.is_file()).unlink()
    assert forks.run(command(few_slices, out, "--resume")) == [1]
    assert "exists; choose another name" in forks.told()
