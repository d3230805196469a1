"""Known proportions and profiles of a data set, in the order of its spots and genes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.benchmark.sets import DataSet

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Courses:
    """What was planted to change over stages inside cell types.

    Attributes:
        names: (P,) of the programmes.
        slopes: (P, n_genes) of log2 expression over time.
        members: (P, T) cell types that each programme is in.
        stages: (n,) index of each spot's stage; times: (S,) of the stages.
    """

    names: list[str]
    slopes: NDArray[np.floating]
    members: NDArray[np.bool_]
    stages: NDArray[np.integer]
    times: NDArray[np.floating]


@dataclass(frozen=True)
class Truth:
    """What is known: programme proportions (n, T), their profiles over genes (T, n_genes), and how
    they change over stages, if they were made to."""

    proportions: NDArray[np.floating]
    profiles: NDArray[np.floating]
    courses: Courses | None = None


def read_truth(dataset: DataSet, folder: Path, spots: AnnData) -> Truth | None:
    """The truth of a set for the spots and genes of a collection; None where nobody knows it."""
    if dataset.truth == "simulation":
        return _of_simulation(folder, spots)
    if dataset.truth == "cell types":
        return _of_cell_types(folder, spots)
    return None


def _of_simulation(folder: Path, spots: AnnData) -> Truth:
    """Programmes of the built-in series, but the one that fills every spot alike."""
    from training.synthetic.embryo import HOUSEKEEPING

    with np.load(folder / "truth.npz") as stored:
        keep = stored["programmes"] != HOUSEKEEPING
        rows = _positions(stored["spots"], spots.obs["spot"])
        genes = _positions(stored["genes"], spots.var_names)
        return Truth(stored["proportions"][rows][:, keep], stored["profiles"][keep][:, genes])


def _of_cell_types(folder: Path, spots: AnnData) -> Truth:
    """Cell types whose proportions stand in each slice and whose signatures in truth.npz."""
    import anndata

    names: list[str] = []
    parts = []
    for file in sorted(folder.glob("*.h5ad")):
        slice_ = anndata.read_h5ad(file, backed="r")
        try:
            names += _spot_names(slice_.obs["slice"], slice_.obs_names)
            parts.append(np.asarray(slice_.obsm["cell_type_proportions"]))
            types = [str(name) for name in slice_.uns["cell_type_names"]]
        finally:
            slice_.file.close()
    rows = _positions(names, _spot_names(spots.obs["slice"], spots.obs["spot"]))
    proportions = np.concatenate(parts)[rows]
    with np.load(folder / "truth.npz") as stored:
        order = _positions(stored["cell_type_names"], types)
        genes = _positions(stored["gene_names"], spots.var_names)
        courses = None
        if "programme_log2_slope" in stored:
            listed = [set(str(each).split(",")) for each in stored["programme_cell_types"]]
            courses = Courses(
                names=[str(name) for name in stored["programme_names"]],
                slopes=stored["programme_log2_slope"][:, genes],
                members=np.array([[name in each for name in types] for each in listed]),
                stages=_positions(stored["stage_names"], spots.obs["stage"]),
                times=stored["stage_time_pcw"],
            )
        return Truth(proportions, stored["signatures"][order][:, genes], courses)


def _spot_names(slices: Iterable[object], spots: Iterable[object]) -> list[str]:
    return [f"{slice_}:{spot}" for slice_, spot in zip(slices, spots, strict=True)]


def _positions(names: Iterable[object], wanted: Iterable[object]) -> NDArray[np.intp]:
    position = {str(name): index for index, name in enumerate(names)}
    return np.array([position[str(name)] for name in wanted], dtype=np.intp)
