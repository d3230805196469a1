"""HER2-positive breast tumours: count tables, spot files, labels, clusters, tissue images."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.errors import DataError, Problem
from training.sources.converters.assemble import make_slice
from training.sources.manifest import Dataset, SliceEntry, SourceFile

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

NO_LABEL = "unlabelled"
NO_CLUSTER = "-1"
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".tif")
SPOT_COLUMNS = ("new_x", "new_y", "pixel_x", "pixel_y")


def convert(dataset: Dataset, folder: Path) -> Iterator[tuple[SliceEntry, AnnData]]:
    """Slices of the manifest, in its order.

    Spots are those of the count table that the spot file selects, matched by array position
    "XxY"; labels are matched by rounded array position. Genes are those of the slice's own table.

    Raises:
        DataError: when a count table or spot file is not in the manifest or cannot be read.
        MissingExtraError: without the reader of images, where a slice has one.
    """
    for entry in dataset.slices:
        source = _file(dataset, f"ST-cnts/{entry.name}.tsv.gz")
        spot_file = _file(dataset, f"ST-spotfiles/{entry.name}_selection.tsv")
        try:
            slice_ = _slice(dataset, entry, folder, source, folder / spot_file.path)
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                [
                    Problem(
                        f"slice '{entry.name}'",
                        f"files that cannot be read ({error})",
                        "tables as published",
                        remedy=f"check them with: atlas data verify {dataset.name} {folder}",
                    )
                ]
            ) from error
        yield entry, slice_


def _slice(
    dataset: Dataset, entry: SliceEntry, folder: Path, source: SourceFile, spot_file: Path
) -> AnnData:
    import pandas as pd

    spots, genes, counts = _read_counts(folder / source.path)
    table = pd.read_csv(spot_file, sep="\t")
    table = table[table["selected"] != 0]
    table.index = pd.Index(_positions(table))
    kept = np.flatnonzero([spot in table.index for spot in spots])
    names = [spots[row] for row in kept]
    table = table.loc[names]
    labels = _lookup(dataset, folder, f"ST-pat/lbl/{entry.name}_labeled_coordinates.tsv")
    clusters = _lookup(dataset, folder, f"lbl/{entry.name}-cluster-annotation.tsv.gz")
    adata = make_slice(
        dataset,
        entry,
        counts=counts[kept],
        spots=[f"{entry.name}_{name}" for name in names],
        var=pd.DataFrame(index=genes),
        coordinates=table[["pixel_x", "pixel_y"]].to_numpy(dtype=np.float64),
        columns={
            "label": np.array([labels.get(name, NO_LABEL) for name in names], dtype=object),
            "cluster": np.array([clusters.get(name, NO_CLUSTER) for name in names], dtype=object),
            "array_x": table["x"].to_numpy(dtype=np.float64),
            "array_y": table["y"].to_numpy(dtype=np.float64),
            **{name: table[name].to_numpy(dtype=np.float64) for name in SPOT_COLUMNS},
        },
        source=source,
    )
    image = _image(dataset, entry)
    if image is not None:
        from training.sources.converters.tissue import tissue_image

        adata.uns["spatial"] = {
            entry.name: tissue_image(folder / image.path, np.asarray(adata.obsm["spatial"]))
        }
    return adata


def _read_counts(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Spot names, gene names as written, and counts float32 (n spots, n genes)."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        genes = file.readline().rstrip("\n").split("\t")[1:]
        rows = [line.rstrip("\n").partition("\t") for line in file if line.strip()]
    counts = np.zeros((len(rows), len(genes)), dtype=np.float32)
    for at, (name, _, text) in enumerate(rows):
        words = text.split("\t")
        if len(words) != len(genes):
            raise ValueError(f"{path.name}, spot {name}: {len(words)} of {len(genes)} counts")
        # Nearly all are zero, and reading numbers takes longer than passing those over.
        filled = [column for column, word in enumerate(words) if word != "0"]
        try:
            counts[at, filled] = [float(words[column]) for column in filled]
        except ValueError as error:
            raise ValueError(f"{path.name}, spot {name}: {error}") from None
    return [name for name, _, _ in rows], genes, counts


def _positions(table: pd.DataFrame) -> list[str]:
    """Array positions "XxY", rounded: the labels' table has them before rounding."""
    x, y = (table[name].round().astype(int).astype(str) for name in ("x", "y"))
    return (x + "x" + y).tolist()


def _lookup(dataset: Dataset, folder: Path, ending: str) -> dict[str, str]:
    import pandas as pd

    file = dataset.find(ending)
    if file is None:
        return {}
    table = pd.read_csv(folder / file.path, sep="\t").dropna(subset=["x", "y", "label"])
    return dict(zip(_positions(table), table["label"].astype(str), strict=True))


def _image(dataset: Dataset, entry: SliceEntry) -> SourceFile | None:
    """The image in the folder that bears the slice's name."""
    for file in dataset.files:
        if file.path.parent.name == entry.name and file.path.suffix.lower() in IMAGE_ENDINGS:
            return file
    return None


def _file(dataset: Dataset, ending: str) -> SourceFile:
    file = dataset.find(ending)
    if file is None:
        raise DataError([Problem(f"manifest {dataset.name}", f"no file {ending}", "one per slice")])
    return file
