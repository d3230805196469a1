"""Writes the golden store of format 1.0 and what it must answer. Run once per format version:

    python tests/contracts/make_golden.py FOLDER

A golden store, once committed, is never written again: every later version has to open it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from training.export import export_atlas
from training.store import Atlas, ModelPart, factors_csv, open_atlas

GENES = ["MYH7", "MYL2", "PAX6", "SOX2", "ALB", "γ-crystallin"]


def golden_atlas() -> anndata.AnnData:
    """18 spots in 3 slices of 2 stages, 6 genes, 2 factors: formulas, no random numbers."""
    i = np.arange(18)
    g = np.arange(6)
    counts = (i[:, None] * (g + 2) + g * g) % 7
    counts[counts < 3] = 0
    share = (1 + i % 5) / 6
    data = anndata.AnnData(
        sparse.csr_matrix(counts.astype(np.float32)),
        obs=pd.DataFrame(
            {
                "slice": pd.Categorical(np.repeat(["E1_a", "E1_b", "E2_a"], 6)),
                "stage": pd.Categorical(
                    np.repeat(["E1", "E1", "E2"], 6), categories=["E1", "E2"], ordered=True
                ),
                "time": np.repeat([1.0, 1.0, 2.5], 6),
                "spot": [f"spot{n % 6}" for n in i],
                "domain": pd.Categorical([str(n % 2) for n in i], categories=["0", "1"]),
                "label": pd.Categorical(
                    [("heart", "liver", None)[n % 3] for n in i], categories=["heart", "liver"]
                ),
                "depth": counts.sum(axis=1).astype(np.int64),
                "donor": [f"donor {n // 9}" for n in i],
            },
            index=[f"{n // 6}:spot{n % 6}" for n in i],
        ),
        var=pd.DataFrame(
            {
                "symbol": GENES,
                "ensembl_id": [f"ENSG{n:011d}" for n in range(1, 7)],
                "highly_variable": [True] * 5 + [False],
            },
            index=GENES,
        ),
    )
    data.obsm["latent"] = np.stack([i / 8, 1 - i / 16, (i % 4) / 4], axis=1)
    data.obsm["factors"] = np.stack([share, 1 - share], axis=1)
    data.obsm["spatial"] = np.stack([i % 6 * 100.0, i // 6 * 50.0], axis=1)
    data.obsm["umap"] = np.stack([i / 4, -i / 2], axis=1)
    loadings = np.array([[5.0, 1], [4, 1], [3, 2], [2, 4], [2, 8], [np.nan, np.nan]])
    data.varm["loadings"] = loadings / 16
    data.uns["domain_colors"] = np.array(["#1b9e77", "#d95f02"])
    return data


def answers(atlas: Atlas) -> dict[str, object]:
    """Everything an atlas answers, as JSON."""
    return {
        "digest": atlas.digest,
        "format_version": atlas.format_version,
        "card": atlas.card,
        "genes": atlas.genes,
        "spot_names": atlas.spot_names,
        "slices": [[s.name, s.stage, s.time, s.start, s.stop] for s in atlas.slices],
        "stages": [[s.name, s.time, s.n_slices, s.n_spots] for s in atlas.stages],
        "columns": {
            name: [c.kind, c.categories, c.colors] for name, c in atlas.obs_columns.items()
        },
        "gene": {name: atlas.gene(name).tolist() for name in atlas.genes},
        "counts": {name: atlas.counts(name).tolist() for name in atlas.genes},
        "factors": atlas.factors.tolist(),
        "latent": atlas.latent.tolist(),
        "spatial": atlas.coordinates("spatial").tolist(),
        "umap": atlas.coordinates("umap").tolist(),
        "usage": atlas.usage().tolist(),
        "values": {
            f"{kind}:{name}": [v.data.tolist(), v.lo, v.hi, v.kind, v.categories]
            for kind, names in (
                ("gene", atlas.genes),
                ("factor", range(atlas.n_factors)),
                ("obs", atlas.obs_columns),
            )
            for name in names
            for v in [atlas.values(kind, name)]
        },
        "hits": [[h.name, h.symbol, h.ensembl_id, h.fitted] for h in atlas.find_genes("my")],
        "csv": factors_csv(atlas),
        "config": atlas.model().config,
        "arrays": {name: values.tolist() for name, values in atlas.model().arrays.items()},
    }


def main(folder: Path) -> None:
    path = folder / "v1.atlas.zarr"
    model = ModelPart(
        {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "panel": np.array(GENES[:5])},
        {"n_factors": 2},
    )
    export_atlas(path, golden_atlas(), model, {"title": "Golden store of format 1.0"})
    expected = json.dumps(answers(open_atlas(path)), indent=1, ensure_ascii=False)
    (folder / "v1.expected.json").write_text(expected + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
