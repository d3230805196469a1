"""Atlases whose tissue has a patch that is known, and selections of it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from training.export import export_atlas
from training.store import Atlas, ModelPart, open_atlas

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))
NAMES = ["a1", "a2", "a3", "b1", "b2", "c1"]
STAGES = ["E9"] * 3 + ["E10"] * 2 + ["E11"]
RISEN, LACKING = "GENE33", "GENE30"


@pytest.fixture(scope="session")
def patched(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Atlas:
    """Spots lie on a grid of 10 x 6, five counts of everything in each on average. Where x < 3,
    GENE33 is four times as high, in all slices. The slice a2 did not measure GENE30."""
    folder = made_once("patched", lambda at: write_patched(at / "patched.atlas.zarr"))
    return open_atlas(folder / "patched.atlas.zarr")


def write_patched(path: Path) -> None:
    rng = np.random.default_rng(4)
    times = [float(stage[1:]) for stage in STAGES]
    data = SMALL["tissue"](3, NAMES, STAGES, times)
    genes = list(data.var_names)
    grid = np.stack(np.meshgrid(np.arange(10), np.arange(6)), axis=-1).reshape(-1, 2)
    data.obsm["spatial"] = np.tile(grid, (len(NAMES), 1)).astype(np.float32)
    counts = rng.poisson(5.0, data.shape).astype(np.float32)
    inside = data.obsm["spatial"][:, 0] < 3
    counts[inside, genes.index(RISEN)] = rng.poisson(20.0, inside.sum())
    counts[:, genes.index("GENE34")] = 0
    counts[60:120, genes.index(LACKING)] = 0
    data.X = sp.csr_matrix(counts)
    measured = np.ones((len(genes), len(NAMES)), dtype=bool)
    measured[genes.index(LACKING), 1] = False
    data.varm["measured"] = measured
    export_atlas(path, data, ModelPart({"w": np.zeros(2, np.float32)}, {}), SMALL["CARD"])


def box(x: float, slices: str, right: float = 100.0) -> str:
    """The selection of what lies between x and `right`, in slices such as '0*1'."""
    return f"spatial*{x}_-9_{right}_-9_{right}_99_{x}_99*{slices}"


@pytest.fixture(scope="session")
def patch() -> str:
    """The patch, in all six slices: 18 of 60 spots of each."""
    return box(-5, "0*1*2*3*4*5", 2.5)
