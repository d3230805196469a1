"""Write a simulated series as slices on disk, with its truth beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from training.errors import AtlasError
from training.synthetic.presets import PRESETS, Preset
from training.synthetic.series import SimulatedSlice, SimulatedTruth, draw_series, slice_names

SOURCE = "inspire-atlas simulation; every count is simulated"


@dataclass(frozen=True)
class _Place:
    """What the truth keeps of a slice once its counts are written."""

    name: str
    spots: NDArray[np.str_]
    organs: NDArray[np.str_]
    proportions: NDArray[np.float32]
    effects: NDArray[np.float32]
    angle: float
    shift: NDArray[np.float64]


def write_simulation(folder: Path, preset: str, seed: int) -> list[Path]:
    """Simulate `preset` and write one `.h5ad` per slice and `truth.npz` into `folder`.

    Slices are written as they are drawn: memory is that of one slice.

    Raises:
        AtlasError: if the preset does not exist or the folder holds other slices.
    """
    if preset not in PRESETS:
        raise AtlasError(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
    return write_series(folder, PRESETS[preset], seed)


def write_series(folder: Path, preset: Preset, seed: int) -> list[Path]:
    """The same for any preset.

    Raises:
        AtlasError: if the folder holds other slices.
    """
    truth, slices = draw_series(preset, seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = {f"{name}.h5ad" for name in slice_names(preset)}
    foreign = sorted(path.name for path in folder.glob("*.h5ad") if path.name not in names)
    if foreign:
        raise AtlasError(
            f"{folder} already holds other slices ({', '.join(foreign[:5])}); "
            "choose an empty folder"
        )
    paths, places = [], []
    for each in slices:
        path = folder / f"{each.name}.h5ad"
        to_anndata(each, truth).write_h5ad(path, compression="gzip")
        paths.append(path)
        places.append(
            _Place(
                each.name,
                np.array(each.spots),
                each.organs,
                each.proportions,
                each.effects,
                each.angle,
                each.shift,
            )
        )
    write_truth(folder / "truth.npz", truth, places)
    return paths


def to_anndata(each: SimulatedSlice, truth: SimulatedTruth) -> ad.AnnData:
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
    var = pd.DataFrame({"ensembl_id": truth.gene_ids}, index=pd.Index(truth.genes, dtype=object))
    slice_ = ad.AnnData(sparse.csr_matrix(each.matrix, dtype=np.float32), obs=obs, var=var)
    slice_.obsm["spatial"] = each.positions
    slice_.uns["source"] = SOURCE
    return slice_


def write_truth(path: Path, truth: SimulatedTruth, slices: Sequence[_Place]) -> None:
    """Truth of a series: programme proportions per spot, profiles, slice-gene effects, organs, and
    the angle and shift by which each slice was put on its slide."""
    np.savez_compressed(
        path,
        programmes=np.array(truth.programmes),
        genes=np.array(truth.genes),
        profiles=truth.profiles,
        effects=np.stack([each.effects for each in slices]),
        angles=np.array([each.angle for each in slices]),
        shifts=np.stack([each.shift for each in slices]),
        slice_names=np.array([each.name for each in slices]),
        spots=np.concatenate([each.spots for each in slices]),
        organs=np.concatenate([each.organs for each in slices]),
        proportions=np.concatenate([each.proportions for each in slices]),
    )
