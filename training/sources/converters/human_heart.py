"""Human heart at 6.5 weeks: one R file of all sections, a gene table, a section table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.errors import DataError, Problem
from training.sources.converters.assemble import make_slice
from training.sources.converters.rfiles import read_r_file
from training.sources.manifest import Dataset, SliceEntry, SourceFile

if TYPE_CHECKING:
    from anndata import AnnData

COUNTS = "data/ST_heart_spot_data.RData"
SYMBOLS = "datasets/heart_development_ST/ens2symbol.txt"
SECTIONS = "data/Sample-info.tab.txt"
LABELS = {"": "unassigned", "whole heart": "unassigned (whole heart)"}


def convert(dataset: Dataset, folder: Path) -> Iterator[tuple[SliceEntry, AnnData]]:
    """Slices of the manifest, in its order.

    Genes without a count in the whole file are left out; the rest are named by symbol, by Ensembl
    id where the table has none. Of spots written twice the first is kept. Labels are the authors'
    regions; spots without one, or of the whole heart, are 'unassigned...'.

    Raises:
        DataError: when the file lacks a slice of the manifest.
        MissingExtraError: without the reader of R files.
    """
    import pandas as pd

    source = _file(dataset, COUNTS)
    heart = read_r_file(folder / source.path)["heart"]
    spots = heart["atlas"].reset_index(drop=True)
    ids = pd.Index([str(gene) for gene in heart["genes"].columns])
    counts = heart["genes"].to_numpy(dtype=np.float32)
    seen = counts.sum(axis=0) > 0
    counts, ids = counts[:, seen], ids[seen]
    symbols = pd.read_csv(
        folder / _file(dataset, SYMBOLS).path,
        sep=r"\s+",
        header=None,
        names=["id", "symbol"],
        keep_default_na=False,
    )
    named = pd.Series(symbols["symbol"].to_numpy(), index=symbols["id"]).reindex(ids)
    names = named.where(named.notna(), ids.to_series()).astype(str).to_numpy()
    var = pd.DataFrame({"gene_id": ids.to_numpy(), "symbol": names}, index=names)
    sections = pd.read_csv(folder / _file(dataset, SECTIONS).path, sep="\t").set_index("Sample")
    section_of = {str(name).split("_", 2)[-1]: str(name) for name in sections.index}
    times = {stage.name: stage.time for stage in dataset.stages}
    images = spots["image"].astype(str)
    for entry in dataset.slices:
        mine = spots[images.str.startswith(f"{entry.section}_{entry.name}_")]
        mine = mine[~mine["spot.pos"].astype(str).duplicated()]
        if mine.empty:
            raise DataError([_absent(source, entry)])
        rows = mine.index.to_numpy()
        positions = mine["spot.pos"].astype(str).tolist()
        array = np.array([position.split("x") for position in positions], dtype=np.float64)
        section = section_of[entry.name]
        label = mine["name"].astype(object).fillna("").astype(str)
        yield (
            entry,
            make_slice(
                dataset,
                entry,
                counts=counts[rows],
                spots=[f"{entry.name}_{position}" for position in positions],
                var=var,
                coordinates=mine[["x", "y"]].to_numpy(dtype=np.float64),
                columns={
                    "section_id": [section] * len(rows),
                    "week": np.full(len(rows), times[entry.stage], dtype=np.float64),
                    "z_um": np.full(len(rows), sections.at[section, "z"], dtype=np.float64),
                    "label": label.replace(LABELS).to_numpy(dtype=object),
                    "label_acronym": mine["acronym"].astype(str).to_numpy(dtype=object),
                    "n_nuclei": mine["nuclei"].to_numpy(dtype=np.float64),
                    "pixel_x": mine["x"].to_numpy(dtype=np.float64),
                    "pixel_y": mine["y"].to_numpy(dtype=np.float64),
                    "array_x": array[:, 0],
                    "array_y": array[:, 1],
                    "atlas_x": mine["right.left"].to_numpy(dtype=np.float64),
                    "atlas_y": mine["rostral.caudal"].to_numpy(dtype=np.float64),
                    "atlas_z": mine["anterior.posterior"].to_numpy(dtype=np.float64),
                },
                source=source,
            ),
        )


def _file(dataset: Dataset, ending: str) -> SourceFile:
    file = dataset.find(ending)
    if file is None:
        raise DataError(
            [Problem(f"manifest {dataset.name}", f"no file {ending}", "the files of the heart set")]
        )
    return file


def _absent(source: SourceFile, entry: SliceEntry) -> Problem:
    return Problem(
        f"slice '{entry.name}'", f"no spots in {source.path.name}", "the slices of the manifest"
    )
