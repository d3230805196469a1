"""An atlas of many genes in which one slice lacks some of them; read by tests through `runpy`."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from training.export import export_atlas
from training.store import ModelPart

SMALL = runpy.run_path(str(Path(__file__).with_name("small_atlas.py")))
NAMES, STAGES, TIMES = ["a1", "a2", "b1"], ["E9", "E9", "E10"], [9.0, 9.0, 10.0]
N_GENES = 160
LACKING = slice(100, 130)


def write_panels(path: Path) -> Path:
    """160 genes, the last of no counts; slice a2 did not measure G100 to G129."""
    import anndata as ad

    base = SMALL["tissue"](3, NAMES, STAGES, TIMES)
    rng = np.random.default_rng(4)
    rate = rng.gamma(0.8, 1.5, N_GENES)
    counts = rng.poisson(rate, (base.n_obs, N_GENES)).astype(np.float32)
    counts[:, -1] = 0
    counts[60:120, LACKING] = 0
    genes = [f"G{i}" for i in range(N_GENES)]
    var = pd.DataFrame({"highly_variable": np.arange(N_GENES) < 60}, index=genes)
    data: Any = ad.AnnData(sp.csr_matrix(counts), obs=base.obs, var=var, obsm=dict(base.obsm))
    loadings = np.full((N_GENES, 4), np.nan, np.float32)
    loadings[:60] = rng.dirichlet(np.ones(60), 4).T
    data.varm["loadings"] = loadings
    measured = np.ones((N_GENES, 3), dtype=bool)
    measured[LACKING, 1] = False
    data.varm["measured"] = measured
    export_atlas(path, data, ModelPart({"w": np.zeros(2, np.float32)}, {}), {"title": "Panels"})
    return path
