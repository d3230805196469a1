"""10x Visium folders as Space Ranger writes them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import IO, TYPE_CHECKING

from training.errors import Problem
from training.slices.readers.source import Source, Unreadable, damaged
from training.slices.tissue import TissueImage, read_visium_image

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

MATRIX = "filtered_feature_bc_matrix"
POSITION_FILES = ("tissue_positions.csv", "tissue_positions_list.csv")
# Columns of the file without a header; the later file with one has the same order.
POSITION_COLUMNS = (
    "barcode",
    "in_tissue",
    "array_row",
    "array_col",
    "pxl_row_in_fullres",
    "pxl_col_in_fullres",
)
GENE_TYPE = "Gene Expression"


def is_visium(path: Path) -> bool:
    """Whether a folder holds a filtered matrix, as .h5 or as a folder of .mtx."""
    return _matrix(path) is not None


def read_visium(path: Path, *, place: str) -> Source:
    """Source of one Visium folder: spots in tissue, coordinates in full-resolution pixels.

    Genes are named by symbol; genes that share a symbol by their id. `coordinates` are (x, y) =
    (column, row) of the image.

    Raises:
        Unreadable: for a damaged matrix, or missing or odd tissue positions.
    """
    import numpy as np

    matrix = _matrix(path)
    assert matrix is not None
    try:
        counts, barcodes, features = _h5(matrix) if matrix.is_file() else _triplet(matrix)
    # h5py, gzip and scipy raise many types on broken files: all mean the same here.
    except Exception as error:
        raise Unreadable(damaged(matrix, f"{place}/{matrix.name}", error)) from error
    expression = (features["feature_type"] == GENE_TYPE).to_numpy()
    if not expression.any():
        expression[:] = True
    positions = _positions(path, place)
    rows = positions.index.get_indexer(barcodes)
    if (rows < 0).any():
        lost = np.flatnonzero(rows < 0)
        raise Unreadable(
            Problem(
                place,
                f"{lost.size} of {len(barcodes)} spots of the matrix without a position",
                "each barcode of the matrix in the tissue positions",
                examples=[str(barcodes[i]) for i in lost[:5]],
                remedy="take the spatial folder of the same run as the matrix",
            )
        )
    obs = positions.iloc[rows]
    inside = obs["in_tissue"].to_numpy() != 0
    obs = obs[inside]
    coordinates = obs[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(dtype=np.float64)
    kept = counts[inside][:, expression]
    return Source(
        place=place,
        stem=path.resolve().parent.name if path.name == "outs" else path.resolve().name,
        obs=obs[["in_tissue", "array_row", "array_col"]].copy(),
        var=_genes(features[expression]),
        coordinates=coordinates,
        counts=lambda: kept,
        n_outside=int((~inside).sum()),
        images=lambda: _images(path, place),
    )


def _images(path: Path, place: str) -> dict[str, TissueImage]:
    folder = path / "spatial"
    try:
        image = read_visium_image(folder)
    # Pillow raises many types on broken files: all mean the same here.
    except Exception as error:
        raise Unreadable(damaged(folder, f"{place}/spatial", error)) from error
    return {} if image is None else {"": image}


def _matrix(path: Path) -> Path | None:
    """File or folder of the matrix; a sample name may precede the file's usual name."""
    if not path.is_dir():
        return None
    files = sorted(path.glob(f"*{MATRIX}.h5"))
    if files:
        return files[0]
    folder = path / MATRIX
    return folder if any(folder.glob("matrix.mtx*")) else None


def _h5(path: Path) -> tuple[csr_matrix, np.ndarray, pd.DataFrame]:
    import h5py
    import pandas as pd
    from scipy.sparse import csc_matrix

    with h5py.File(path, "r") as file:
        group = file["matrix"]
        # The file is compressed along barcodes: genes x spots by column is spots x genes by row.
        stored = csc_matrix(
            (group["data"][:], group["indices"][:], group["indptr"][:]),
            shape=tuple(int(n) for n in group["shape"][:]),
        )
        # Positions outside the matrix would be written to memory that is not its own.
        stored.check_format(full_check=True)
        features = group["features"]
        table = pd.DataFrame(
            {
                "gene_id": _text(features["id"][:]),
                "symbol": _text(features["name"][:]),
                "feature_type": _text(features["feature_type"][:]),
            }
        )
        return stored.T.tocsr(), _text(group["barcodes"][:]), table


def _text(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.array(
        [value.decode() if isinstance(value, bytes) else str(value) for value in values],
        dtype=object,
    )


def _triplet(folder: Path) -> tuple[csr_matrix, np.ndarray, pd.DataFrame]:
    import numpy as np
    import pandas as pd
    from scipy.io import mmread
    from scipy.sparse import csr_matrix

    with _open(folder, "matrix.mtx") as file:
        stored = mmread(file)
    with _open(folder, "barcodes.tsv") as file:
        barcodes = np.array([line.strip().decode() for line in file if line.strip()], dtype=object)
    names = "features.tsv" if any(folder.glob("features.tsv*")) else "genes.tsv"
    with _open(folder, names) as file:
        rows = [line.rstrip(b"\r\n").decode().split("\t") for line in file if line.strip()]
    table = pd.DataFrame(
        {
            "gene_id": [row[0] for row in rows],
            "symbol": [row[1] if len(row) > 1 else row[0] for row in rows],
            "feature_type": [row[2] if len(row) > 2 else GENE_TYPE for row in rows],
        }
    )
    counts = csr_matrix(stored.T)
    if counts.shape != (len(barcodes), len(table)):
        raise ValueError(
            f"matrix of {counts.shape[1]} genes x {counts.shape[0]} spots, but "
            f"{len(table)} genes and {len(barcodes)} barcodes are named"
        )
    return counts, barcodes, table


def _open(folder: Path, name: str) -> IO[bytes] | gzip.GzipFile:
    packed = folder / f"{name}.gz"
    return gzip.open(packed, "rb") if packed.is_file() else (folder / name).open("rb")


def _genes(features: pd.DataFrame) -> pd.DataFrame:
    shared = features["symbol"].duplicated(keep=False)
    names = features["symbol"].where(~shared, features["gene_id"])
    table = features[["gene_id", "symbol"]].copy()
    table.index = names.astype(str).to_numpy()
    return table


def _positions(path: Path, place: str) -> pd.DataFrame:
    import pandas as pd

    folder = path / "spatial"
    files = [folder / name for name in POSITION_FILES if (folder / name).is_file()]
    if not files:
        raise Unreadable(
            Problem(
                place,
                "no tissue positions",
                "spatial/" + " or spatial/".join(POSITION_FILES),
                examples=sorted(entry.name for entry in folder.glob("*"))[:5],
                remedy="copy the spatial folder of the run beside the matrix",
            )
        )
    file = files[0]
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = [row for row in csv.reader(text) if row]
    if rows and rows[0][0] == POSITION_COLUMNS[0]:
        rows = rows[1:]
    table = pd.DataFrame(rows).iloc[:, : len(POSITION_COLUMNS)]
    if table.shape[1] == len(POSITION_COLUMNS):
        table.columns = pd.Index(POSITION_COLUMNS)
        numbers = table[list(POSITION_COLUMNS[1:])].apply(pd.to_numeric, errors="coerce")
        if not numbers.isna().to_numpy().any() and table["barcode"].is_unique:
            numbers.index = pd.Index(table["barcode"].astype(str).to_numpy())
            whole = ["in_tissue", "array_row", "array_col"]
            return numbers.astype(dict.fromkeys(whole, int))
    raise Unreadable(
        Problem(
            f"{place}/spatial/{file.name}",
            "rows that are not one barcode and five numbers each",
            "columns " + ", ".join(POSITION_COLUMNS),
            examples=[",".join(row) for row in rows[:2]],
            remedy="copy the file as Space Ranger wrote it",
        )
    )
