"""What all tests share: the built-in slices, an atlas fitted to them, real data where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before anything loads an OpenMP runtime: spinning threads slow a shared machine several times.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # several processes at once: one thread for each
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real slices; the test is skipped where ATLAS_TEST_DATA does not name one."""
    named = os.environ.get("ATLAS_TEST_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("ATLAS_TEST_DATA does not name a folder of real slices")
    return Path(named).resolve()


@pytest.fixture(scope="session")
def tiny_slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in series at preset tiny: 12 slices of 6 stages, with truth.npz beside them."""
    from training.synthetic.simulate import write_simulation

    folder = tmp_path_factory.mktemp("tiny") / "slices"
    write_simulation(folder, "tiny", seed=0)
    return folder


@pytest.fixture(scope="session")
def tiny_atlas(tiny_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas fitted to `tiny_slices` with few steps; read-only, shared by all tests."""
    from training.config import load_config
    from training.fit import fit_atlas

    out = tmp_path_factory.mktemp("atlas") / "tiny.atlas.zarr"
    settings = ["train.steps=150", "model.n_factors=16", "atlas.title=A tiny embryo"]
    fit_atlas(tiny_slices, out, load_config(None, settings), device="cpu")
    return out
