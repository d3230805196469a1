"""Two processes fit what one fits: every form, whole fits, resumed fits, and one that fails."""

from __future__ import annotations

import importlib.util
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from training.store import open_atlas, validate_store

pytestmark = pytest.mark.slow

FORKS = runpy.run_path(str(Path(__file__).parents[1] / "forks.py"))
find_port = runpy.run_path(str(Path(__file__).parents[2] / "ports.py"))["find_port"]
PROGRAM = Path(__file__).with_name("steps.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
PATIENCE = 1200.0
FIT = ["train.steps=12", "model.n_factors=6", "start.iterations=20", "start.restarts=1"]
FIT.append("imputation.folds=0")
FIT += ["domains.resolution=1", "train.checkpoint_seconds=0"]


@pytest.fixture(scope="module")
def steps() -> ModuleType:
    spec = importlib.util.spec_from_file_location("steps", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with FORKS["opened"](tmp_path_factory.mktemp("forks")) as started:
        yield started


def run_pair(forks: Any, *arguments: str) -> list[int]:
    """A program in two processes at once, each told its place; their exit statuses."""
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(find_port())}
    places = [{"RANK": rank, "LOCAL_RANK": rank} | meeting for rank in ("0", "1")]
    statuses: list[int] = forks.run(list(arguments), list(arguments), environments=places)
    return statuses


def run_torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from training.cli import main; sys.argv[0] = 'atlas'; main()"
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--no-python"]
    return subprocess.run(
        [*start, sys.executable, "-c", program, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_two_processes_step_as_one(steps: ModuleType, forks: Any, tmp_path: Path) -> None:
    """Losses and gradients are one process's, to the last digits of double precision; steps in
    single precision then part by no more than the order of sums explains."""
    ended = run_pair(forks, str(PROGRAM), str(tmp_path / "out.npz"))
    assert ended == [0, 0], forks.told(0) + forks.told(1)
    first, second = (dict(np.load(tmp_path / f"{rank}.npz")) for rank in range(2))
    for name, values in first.items():
        if name != "gathered":
            # Both hold the same parameters and the same losses.
            np.testing.assert_array_equal(values, second[name], err_msg=name)
    for name, encoding in steps.FORMS.items():
        alone = steps.take_steps(encoding)
        assert alone.losses.shape == (steps.STEPS, 5)
        assert np.ptp(alone.losses, axis=0).min() > 0
        expected = steps.find_gradients(encoding)
        assert (expected != 0).mean() > 0.7
        np.testing.assert_allclose(
            first[f"{name}.gradients"], expected, rtol=1e-8, atol=1e-9, err_msg=name
        )
        np.testing.assert_allclose(
            first[f"{name}.losses"], alone.losses, rtol=1e-4, atol=1e-5, err_msg=name
        )
        for part in ("latent", "loadings"):
            expected = getattr(alone, part)
            scale = float(np.abs(expected).max())
            np.testing.assert_allclose(
                first[f"{name}.{part}"], expected, rtol=1e-4, atol=1e-4 * scale, err_msg=name
            )
    for found in (first, second):
        np.testing.assert_array_equal(np.sort(found["gathered"][:, 0]), np.arange(13))


@pytest.mark.parametrize(
    ("failure", "rank", "told"),
    [
        (["fail", "1"], 1, "error: process 1 of 2: the disk is full"),
        (["fail", "0"], 0, "error: the disk is full"),
        (["prepare"], 0, "error: the disk is full"),
    ],
    ids=["other", "leader", "leader that prepares"],
)
def test_one_that_fails_ends_all_with_its_own_message(
    forks: Any, tmp_path: Path, failure: list[str], rank: int, told: str
) -> None:
    assert run_pair(forks, str(PROGRAM), str(tmp_path / "out.npz"), *failure) == [1, 1]
    failed, other = forks.told(rank), forks.told(1 - rank)
    assert failed.count("error:") == 1
    assert told in failed
    assert "error:" not in other
    assert "Traceback" not in failed + other


@pytest.fixture(scope="module")
def two_slices(tiny_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two") / "slices"
    folder.mkdir()
    for name in ("E12.5_A", "E12.5_B"):
        shutil.copy(tiny_slices / f"{name}.h5ad", folder)
    return folder


def read_losses(out: Path) -> np.ndarray:
    lines = out.with_name(out.name.replace(".atlas.zarr", ".losses.jsonl")).read_text().splitlines()
    return np.array([list(json.loads(line).values()) for line in lines])


def test_a_whole_fit_in_two_processes_goes_on_from_one(two_slices: Path, tmp_path: Path) -> None:
    """Begun by one process and interrupted, ended by two: the fit that one would have made."""
    from training.config import load_config
    from training.fit import fit_atlas, fit_model
    from training.network.checkpoint import Workspace
    from training.slices.load import load_slices

    class Interrupted(Exception):
        pass

    def interrupt(phase: str, fraction: float, message: str = "") -> None:
        if phase == "Training" and fraction >= 0.5:
            raise Interrupted

    alone, both = tmp_path / "alone.atlas.zarr", tmp_path / "both.atlas.zarr"
    config = load_config(None, FIT)
    spots, _ = load_slices(
        two_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    workspace = Workspace(alone)
    workspace.begin({}, resume=False)
    expected = fit_model(spots, config, device="cpu", workspace=workspace)
    with pytest.raises(Interrupted):
        fit_atlas(two_slices, both, config, device="cpu", progress=interrupt)
    options = [option for setting in FIT for option in ("--set", setting)]
    fit = ["fit", str(two_slices), "--out", str(both), "--device", "cpu", "--resume", *options]
    done = run_torchrun(*fit)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written") == 1
    assert done.stderr.count("Reading slices …") == 1
    assert validate_store(both) == []
    assert sorted(path.name for path in tmp_path.glob("both*")) == [
        "both.atlas.zarr",
        "both.losses.jsonl",
        "both.report.html",
    ]
    np.testing.assert_allclose(read_losses(both), read_losses(alone), rtol=1e-4, atol=1e-5)
    atlas = open_atlas(both)
    np.testing.assert_allclose(atlas.latent, expected.latent, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(atlas.factors, expected.proportions, rtol=1e-3, atol=1e-4)
    assert atlas.card["command"].startswith("torchrun --nproc-per-node 2 --no-python atlas fit")


def test_slices_that_cannot_be_used_are_told_once(forks: Any, tmp_path: Path) -> None:
    (tmp_path / "slices").mkdir()
    fit = ["fit", str(tmp_path / "slices"), "--out", str(tmp_path / "a.atlas.zarr")]
    assert run_pair(forks, *fit) == [1, 1]
    told = forks.told(0) + forks.told(1)
    assert told.count("error:") == 1
    assert "Traceback" not in told
    assert not (tmp_path / "a.atlas.zarr").exists()
