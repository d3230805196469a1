"""A small atlas with simple numbers, and a query for it; read by tests through `runpy`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from training.downstream.relations import connect_domains, match_stages, tabulate_relations
from training.export import export_atlas
from training.store import ModelPart

GENES = ["MYH7", "NPPA", "SOX2", "ALB", "Col1a1", *(f"GENE{i}" for i in range(35))]
STAGES = {"E9": (9.0, 2), "E10": (10.0, 2), "E11": (11.0, 1)}
DOMAINS = ["heart", "brain", "liver", "gut"]
CARD: dict[str, Any] = {
    "title": "A test tissue",
    "summary": "Five slices of made-up tissue.",
    "citation": "Nobody (2024)",
    "licence": "CC0-1.0",
    "organism": "Homo fictus",
    "coordinate_unit": "µm",
    "time_unit": "days",
    "settings": {"model": {"n_factors": 4}},
    "seeds": [7],
    "report": [{"slice": "E9_1", "spots": 60}, {"slice": "E9_2", "spots": 60}],
    "scores": {"ari": 0.5, "per_slice": {"E9_1": {"ari": 0.4}, "E9_2": {"ari": 0.6}}},
}


def tissue(seed: int, names: list[str], stages: list[str], times: list[float]) -> ad.AnnData:
    """Slices of 60 spots each, four domains with their own genes, factors that follow domains."""
    rng = np.random.default_rng(seed)
    n = 60 * len(names)
    domain = np.tile(np.repeat(np.arange(4), 15), len(names))
    rate = np.full((4, len(GENES)), 0.3)
    for k in range(4):
        rate[k, k * 8 : (k + 1) * 8] += 4.0
    factors = np.full((n, 4), 0.1)
    factors[np.arange(n), domain] = 0.7
    counts = rng.poisson(rate[domain]).astype(np.float32)
    counts[:, -1] = 0
    obs = pd.DataFrame(
        {
            "slice": pd.Categorical(np.repeat(names, 60), categories=names),
            "stage": pd.Categorical(
                np.repeat(stages, 60), categories=list(dict.fromkeys(stages)), ordered=True
            ),
            "time": np.repeat(times, 60),
            "spot": [f"s{i % 60}" for i in range(n)],
            "domain": pd.Categorical(np.array(DOMAINS)[domain], categories=DOMAINS),
        },
        index=[f"{name}:s{i}" for name in names for i in range(60)],
    )
    var = pd.DataFrame(
        {
            "symbol": GENES,
            "ensembl_id": [f"ENSG{i:011d}" for i in range(len(GENES))],
            "highly_variable": [i < 32 for i in range(len(GENES))],
        },
        index=GENES,
    )
    data = ad.AnnData(sp.csr_matrix(counts), obs=obs, var=var)
    position = rng.uniform(0, 100, (n, 2)) + 40 * np.c_[domain % 2, domain // 2]
    loadings = np.full((len(GENES), 4), np.nan, np.float32)
    loadings[:32] = (rate[:, :32] / rate[:, :32].sum(1, keepdims=True)).T
    data.obsm.update(
        latent=factors.astype(np.float32) @ rng.normal(size=(4, 6)).astype(np.float32),
        factors=factors.astype(np.float32),
        spatial=position.astype(np.float32),
        umap=rng.normal(size=(n, 2)).astype(np.float32),
    )
    data.varm["loadings"] = loadings
    data.uns["factors"] = pd.DataFrame(
        {
            "factor": range(4),
            "name": ["MYH7 NPPA", "GENE4 GENE5", "GENE11 GENE12", "GENE19 GENE20"],
            "stability": [np.nan, 0.9, 0.25, 0.7],
        },
        index=[str(k) for k in range(4)],
    )
    order = list(dict.fromkeys(stages))
    codes = np.repeat([order.index(stage) for stage in stages], 60)
    data.uns["domain_relations"] = tabulate_relations(
        connect_domains(np.arange(n)[:, None], domain, 4),
        match_stages(data.obsm["latent"], domain, codes, 4),
        DOMAINS,
        order,
    )
    data.uns["domain_colors"] = ["#aa0000", "#00aa00", "#0000aa", "#aaaa00"]
    return data


def write_store(path: Path, card: dict[str, Any], seed: int = 0) -> Path:
    names = [f"{stage}_{i + 1}" for stage, (_, count) in STAGES.items() for i in range(count)]
    stages = [name.split("_")[0] for name in names]
    times = [STAGES[stage][0] for stage in stages]
    data = tissue(seed, names, stages, times)
    # Of genes that were not fitted a model has rates too.
    rates = np.nan_to_num(data.varm["loadings"], nan=0.01).T.astype(np.float32)
    model = ModelPart({"weight": np.zeros((2, 2), np.float32), "rates": rates}, {"n_factors": 4})
    export_atlas(path, data, model, card)
    return path


def write_stores(folder: Path) -> None:
    """Two atlases, `test` and `bare`, whose builder left the card empty."""
    write_store(folder / "test.atlas.zarr", CARD)
    write_store(folder / "bare.atlas.zarr", {}, seed=1)


def copy_with(store: Path, copy: Path, columns: dict[str, np.ndarray]) -> Path:
    """A copy of a store whose table of genes has further columns (n_genes,)."""
    import zarr

    from training.store.places.location import count_files

    shutil.copytree(store, copy)
    group = zarr.open_group(copy / "reference" / "var", mode="r+")
    for name, values in columns.items():
        ad.io.write_elem(group, name, values)
        group.attrs["column-order"] = [*group.attrs["column-order"], name]
    root = json.loads((copy / "zarr.json").read_text())
    files, size = count_files(copy)
    root["attributes"]["inspire_atlas"] |= {"n_files": files, "n_bytes": size}
    root.pop("consolidated_metadata", None)
    (copy / "zarr.json").write_text(json.dumps(root))
    return copy


def write_query(path: Path) -> Path:
    """A query of two slices whose spots are mixed in the file."""
    data = tissue(3, ["left", "right"], ["E9", "E9"], [9.0, 9.0])
    order = np.random.default_rng(5).permutation(data.n_obs)
    plain = ad.AnnData(data.X, obs=data.obs[["slice"]], var=data.var[[]])
    plain.obsm["spatial"] = data.obsm["spatial"]
    plain[order].copy().write_h5ad(path)
    return path


def write_stacks(
    path: Path,
    *,
    depths: list[float] | None = None,
    donors: list[str] | None = None,
    unit: str = "µm",
    z_column: str = "",
    registered: bool = True,
) -> Path:
    """Six sections of three stages; registered ones are shifted by 1,000 along x."""
    names = ["a1", "a2", "a3", "b1", "b2", "c1"]
    stages = ["E9"] * 3 + ["E10"] * 2 + ["E11"]
    data = tissue(0, names, stages, [STAGES[stage][0] for stage in stages])
    if donors:
        data.obs["donor"] = pd.Categorical(np.repeat(donors, 60))
    records: list[dict[str, Any]] = []
    if registered:
        plane = np.asarray(data.obsm["spatial"]) + np.array([1000, 0], np.float32)
        if depths:
            column = np.repeat(np.array(depths, np.float32), 60)
            plane = np.column_stack([plane, column]).astype(np.float32)
        data.obsm["spatial_aligned"] = plane
        for i, name in enumerate(names):
            record = {"slice": name, "reference": "a1", "registered": i != 2, "rotation": 3.0}
            record |= {"reflected": i == 1, "scale": 1.0, "shift": [1000.0, 0.0], "joined": []}
            record |= {"z": depths[i] if depths else None, "matches": 40, "inliers": 30}
            record |= {"inlier_share": 0.75, "residual": 4.5 if i else None, "score": 0.6}
            records.append(record | ({"z_column": z_column} if z_column else {}))
    card = {"title": "Stacks", "coordinate_unit": unit, "alignment": records}
    model = ModelPart({"weight": np.zeros((2, 2), np.float32)}, {"n_factors": 4})
    export_atlas(path, data, model, card)
    return path
