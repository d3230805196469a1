"""What all tests share: the built-in slices, an atlas fitted to them, real data where it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

# Before anything loads an OpenMP runtime: spinning threads slow a shared machine several times.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # several processes at once: one thread for each
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests begin, or one process would be busy with the last when others ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real slices; the test is skipped where ATLAS_TEST_DATA does not name one."""
    named = os.environ.get("ATLAS_TEST_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("ATLAS_TEST_DATA does not name a folder of real slices")
    return Path(named).resolve()


MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)`: a folder that `make` filled, once for all processes of a run.

    The first to ask makes it while others that ask for the same wait; nobody may write to it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def give(name: str, make: Callable[[Path], None]) -> Path:
        folder, whole = shared / f"once-{name}", shared / f"once-{name}.whole"
        with FileLock(shared / f"once-{name}.lock"):
            if not whole.exists():
                folder.mkdir(exist_ok=True)
                make(folder)
                whole.touch()
        return folder

    return give


@pytest.fixture(scope="session")
def tiny_slices(made_once: MadeOnce) -> Path:
    """The built-in series at preset tiny: 12 slices of 6 stages, with truth.npz beside them."""
    from training.synthetic.simulate import write_simulation

    return made_once("tiny", lambda at: write_simulation(at / "slices", "tiny", seed=0)) / "slices"


@pytest.fixture(scope="session")
def tiny_atlas(tiny_slices: Path, made_once: MadeOnce) -> Path:
    """An atlas fitted to `tiny_slices` with few steps; read-only, shared by all tests."""
    from training.config import load_config
    from training.fit import fit_atlas

    settings = ["train.steps=150", "model.n_factors=16", "atlas.title=A tiny embryo"]

    def fit(folder: Path) -> None:
        out = folder / "tiny.atlas.zarr"
        fit_atlas(tiny_slices, out, load_config(None, settings), device="cpu")

    return made_once("atlas", fit) / "tiny.atlas.zarr"
