"""An atlas of four early and late slices with changes that are known."""

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
NAMES = ["a1", "a2", "a3", "b1", "b2", "b3", "c1"]
STAGES = ["E9"] * 3 + ["E10"] * 3 + ["E11"]
RISEN, LACKING = "GENE12", "GENE30"


@pytest.fixture(scope="session")
def changed(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Atlas:
    """GENE12 is three times as high in the liver at E10, factor 1 higher in the brain at E10, the
    slice a2 did not measure GENE30, and E11 is one slice."""
    folder = made_once("changed", lambda at: write_changed(at / "changed.atlas.zarr"))
    return open_atlas(folder / "changed.atlas.zarr")


def write_changed(path: Path) -> None:
    times = [float(stage[1:]) for stage in STAGES]
    data = SMALL["tissue"](11, NAMES, STAGES, times)
    counts = data.X.toarray()
    genes = list(data.var_names)
    late = (data.obs["stage"] == "E10").to_numpy()
    liver = (data.obs["domain"] == "liver").to_numpy()
    counts[late & liver, genes.index(RISEN)] *= 3
    counts[60:120, genes.index(LACKING)] = 0
    data.X = sp.csr_matrix(counts)
    measured = np.ones((len(genes), len(NAMES)), dtype=bool)
    measured[genes.index(LACKING), 1] = False
    data.varm["measured"] = measured
    rng = np.random.default_rng(0)
    factors = np.array(data.obsm["factors"], dtype=np.float64)
    brain = (data.obs["domain"] == "brain").to_numpy()
    factors[late & brain, 1] *= 2
    factors *= np.exp(rng.normal(0, 0.02, (len(NAMES), 4)))[np.repeat(np.arange(len(NAMES)), 60)]
    data.obsm["factors"] = (factors / factors.sum(axis=1, keepdims=True)).astype(np.float32)
    export_atlas(path, data, ModelPart({"w": np.zeros(2, np.float32)}, {}), SMALL["CARD"])
