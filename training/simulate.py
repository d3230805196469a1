"""Write a simulated series as slices on disk, with its truth beside them."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from training.errors import AtlasError
from training.synthetic import PRESETS, SimulatedSeries, SimulatedSlice, simulate

SOURCE = "inspire-atlas simulation; every count is simulated"


def write_simulation(folder: Path, preset: str, seed: int) -> list[Path]:
    """Simulate `preset` and write one `.h5ad` per slice and `truth.npz` into `folder`.

    Raises:
        AtlasError: if the preset does not exist or the folder holds other slices.
    """
    if preset not in PRESETS:
        raise AtlasError(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
    series = simulate(PRESETS[preset], seed)
    names = {f"{each.name}.h5ad" for each in series.slices}
    folder.mkdir(parents=True, exist_ok=True)
    foreign = sorted(path.name for path in folder.glob("*.h5ad") if path.name not in names)
    if foreign:
        raise AtlasError(
            f"{folder} already holds other slices ({', '.join(foreign[:5])}); "
            "choose an empty folder"
        )
    paths = []
    for each in series.slices:
        path = folder / f"{each.name}.h5ad"
        to_anndata(each, series).write_h5ad(path, compression="gzip")
        paths.append(path)
    write_truth(folder / "truth.npz", series)
    return paths


def to_anndata(each: SimulatedSlice, series: SimulatedSeries) -> ad.AnnData:
    """One simulated slice as the file format of slices has it."""
    obs = pd.DataFrame(
        {
            "slice": each.name,
            "stage": each.stage,
            "time_days": each.time,
            "organ": pd.Categorical(each.organs.astype(object)),
        },
        index=pd.Index(each.spots, dtype=object),
    )
    var = pd.DataFrame({"ensembl_id": series.gene_ids}, index=pd.Index(series.genes, dtype=object))
    slice_ = ad.AnnData(sparse.csr_matrix(each.counts.astype(np.float32)), obs=obs, var=var)
    slice_.obsm["spatial"] = each.positions
    slice_.uns["source"] = SOURCE
    return slice_


def write_truth(path: Path, series: SimulatedSeries) -> None:
    """Truth of a series: programme proportions per spot, profiles, slice-gene effects, organs, and
    the angle and shift by which each slice was put on its slide."""
    np.savez_compressed(
        path,
        programmes=np.array(series.programmes),
        genes=np.array(series.genes),
        profiles=series.profiles,
        effects=series.effects,
        angles=np.array([each.angle for each in series.slices]),
        shifts=np.stack([each.shift for each in series.slices]),
        slice_names=np.array([each.name for each in series.slices]),
        spots=np.concatenate([np.array(each.spots) for each in series.slices]),
        organs=np.concatenate([each.organs for each in series.slices]),
        proportions=np.concatenate([each.proportions for each in series.slices]),
    )
