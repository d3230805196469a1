"""The folder of an interrupted fit: what it holds, when it goes on, when it refuses."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from training.errors import AtlasError
from training.network.checkpoint import Workspace

IDENTITY = {"slices": "abc", "settings": "{}"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "heart.atlas.zarr"


def state(step: int) -> dict[str, object]:
    sampler = np.random.Generator(np.random.PCG64(step)).bit_generator.state
    return {"step": step, "model": {"weight": torch.full((2,), float(step))}, "sampler": sampler}


def steps(workspace: Workspace) -> list[int]:
    lines = workspace.log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_names_lie_beside_the_store(out: Path) -> None:
    workspace = Workspace(out)
    assert workspace.folder == out.parent / "heart.atlas.zarr.fit"
    assert workspace.log == out.parent / "heart.losses.jsonl"


def test_nothing_to_go_on_from(out: Path) -> None:
    workspace = Workspace(out)
    assert not workspace.begin(IDENTITY, resume=True)
    assert workspace.load_start() is None
    assert workspace.load() is None


def test_a_start_comes_back_exactly(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    loadings = np.random.default_rng(0).random((3, 5), dtype=np.float32)
    workspace.save_start(loadings=loadings, effects=np.zeros((2, 5)))
    again = Workspace(out)
    assert again.begin(IDENTITY, resume=True)
    stored = again.load_start()
    assert stored is not None
    np.testing.assert_array_equal(stored["loadings"], loadings)
    assert sorted(stored) == ["effects", "loadings"]


def test_a_state_comes_back_with_its_generator(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    workspace.save(state(7))
    loaded = Workspace(out).load()
    assert loaded is not None
    assert loaded["step"] == 7
    assert torch.equal(loaded["model"]["weight"], torch.full((2,), 7.0))
    generator = np.random.Generator(np.random.PCG64(0))
    generator.bit_generator.state = loaded["sampler"]
    assert generator.random() == np.random.Generator(np.random.PCG64(7)).random()


def test_losses_after_the_checkpoint_are_cut_off(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    for step in range(1, 6):
        workspace.record(step, {"poisson": float(step)})
    workspace.save(state(5))
    for step in range(6, 9):
        workspace.record(step, {"poisson": float(step)})
    workspace.flush()
    assert steps(workspace) == list(range(1, 9))
    again = Workspace(out)
    again.begin(IDENTITY, resume=True)
    assert again.load() is not None
    assert steps(again) == list(range(1, 6))
    again.record(6, {"poisson": 6.5})
    again.finish()
    assert steps(again) == list(range(1, 7))


def test_a_line_cut_short_by_a_kill_is_dropped(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    for step in (1, 2):
        workspace.record(step, {"poisson": 1.0})
    workspace.save(state(2))
    with workspace.log.open("a") as log:
        log.write('{"step": 3, "pois')
    Workspace(out).load()
    assert steps(workspace) == [1, 2]


def test_losses_without_a_checkpoint_are_begun_again(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    workspace.record(1, {"poisson": 1.0})
    workspace.flush()
    again = Workspace(out)
    assert again.begin(IDENTITY, resume=True)
    assert again.load() is None
    assert not again.log.exists()


@pytest.mark.parametrize("changed", ["slices", "settings"])
def test_another_fit_is_not_gone_on_with(out: Path, changed: str) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    workspace.save(state(3))
    with pytest.raises(AtlasError, match=rf"cannot resume: {changed} differ.*without --resume"):
        Workspace(out).begin({**IDENTITY, changed: "other"}, resume=True)
    assert (workspace.folder / "checkpoint.pt").exists()


def test_a_fit_begun_anew_forgets_the_earlier_one(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    workspace.record(1, {"poisson": 1.0})
    workspace.save(state(1))
    again = Workspace(out)
    assert not again.begin({**IDENTITY, "slices": "other"}, resume=False)
    assert again.load() is None
    assert not again.log.exists()


def test_a_finished_fit_leaves_its_losses_only(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    workspace.record(1, {"poisson": 1.0, "usage": 0.5})
    workspace.save(state(1))
    workspace.finish()
    assert [path.name for path in out.parent.iterdir()] == ["heart.losses.jsonl"]
    assert json.loads(workspace.log.read_text()) == {"step": 1, "poisson": 1.0, "usage": 0.5}


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, as where a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_fit_that_cannot_begin_promises_nothing_to_go_on_from(out: Path, tmp_path: Path) -> None:
    with files_up_to(1), pytest.raises(AtlasError, match="the note of the fit cannot") as note:
        Workspace(out).begin(IDENTITY, resume=False)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AtlasError, match="the folder of the fit cannot") as folder:
        Workspace(tmp_path / "file" / out.name).begin(IDENTITY, resume=False)
    for error in (note, folder):
        assert "nothing of it is kept" in str(error.value)
        assert "--resume" not in str(error.value)
    assert not Workspace(out).begin(IDENTITY, resume=True)


def test_a_full_disk_leaves_the_last_checkpoint_and_its_losses(out: Path) -> None:
    workspace = Workspace(out)
    workspace.begin(IDENTITY, resume=False)
    workspace.save_start(loadings=np.ones(3))
    for step in (1, 2):
        workspace.record(step, {"poisson": 1.0})
    workspace.save(state(2))
    with files_up_to(200):
        with pytest.raises(AtlasError, match=r"the checkpoint cannot be written to .*--resume"):
            workspace.save(state(3))
        with pytest.raises(AtlasError, match=r"the start of the fit cannot be written"):
            workspace.save_start(loadings=np.zeros(300))
        for step in range(3, 20):
            workspace.record(step, {"poisson": 1.0})
        with pytest.raises(AtlasError, match=r"the log of losses cannot be written"):
            workspace.flush()
    assert {path.name for path in workspace.folder.iterdir()} == {
        "identity.json",
        "start.npz",
        "checkpoint.pt",
    }
    again = Workspace(out)
    assert again.begin(IDENTITY, resume=True)
    loaded, start = again.load(), again.load_start()
    assert loaded is not None
    assert start is not None
    assert loaded["step"] == 2
    assert start["loadings"].tolist() == [1, 1, 1]
    assert steps(again) == [1, 2]
