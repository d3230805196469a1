"""10x Visium folders and SpatialData stores, written here in their published layouts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Literal

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from anndata import AnnData
from scipy import io, sparse

from training.config import DataConfig, QualityConfig
from training.errors import DataError, Problem
from training.slices.load import load_slices
from training.slices.readers.discovery import find_sources, natural_key

N_SPOTS, N_GENES = 30, 25
HEADER = "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres"


def counts(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(3.0, (N_SPOTS, N_GENES))


def barcodes() -> list[str]:
    return [f"ACGT{i:04d}-1" for i in range(N_SPOTS)]


def features() -> list[tuple[str, str, str]]:
    """Two genes share a symbol; the last feature is an antibody."""
    rows = [(f"ENSG{i:011d}", f"SYM{i}", "Gene Expression") for i in range(N_GENES)]
    rows[4] = (rows[4][0], "SYM3", "Gene Expression")
    rows[-1] = ("AB1", "CD3", "Antibody Capture")
    return rows


def write_h5(path: Path, values: np.ndarray) -> None:
    """Matrix as Space Ranger writes it: genes x barcodes, compressed along barcodes."""
    stored = sparse.csc_matrix(values.T)
    rows = features()
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(barcodes(), dtype="S")
        group["data"] = stored.data.astype(np.int32)
        group["indices"] = stored.indices.astype(np.int64)
        group["indptr"] = stored.indptr.astype(np.int64)
        group["shape"] = np.array(stored.shape, dtype=np.int32)
        part = group.create_group("features")
        part["_all_tag_keys"] = np.array(["genome"], dtype="S")
        part["id"] = np.array([row[0] for row in rows], dtype="S")
        part["name"] = np.array([row[1] for row in rows], dtype="S")
        part["feature_type"] = np.array([row[2] for row in rows], dtype="S")
        part["genome"] = np.array(["GRCh38"] * len(rows), dtype="S")


def write_triplet(folder: Path, values: np.ndarray, *, packed: bool) -> None:
    folder.mkdir()
    io.mmwrite(folder / "matrix.mtx", sparse.coo_matrix(values.T))
    (folder / "barcodes.tsv").write_text("\n".join(barcodes()) + "\n")
    (folder / "features.tsv").write_text("".join("\t".join(row) + "\n" for row in features()))
    if packed:
        for path in list(folder.iterdir()):
            with gzip.open(f"{path}.gz", "wb") as file:
                file.write(path.read_bytes())
            path.unlink()


def write_visium(
    folder: Path, *, matrix: str = "h5", header: bool = True, seed: int = 0, outside: int = 3
) -> np.ndarray:
    """A folder of one capture area; the first `outside` spots lie outside the tissue."""
    values = counts(seed)
    (folder / "spatial").mkdir(parents=True)
    if matrix == "h5":
        write_h5(folder / "filtered_feature_bc_matrix.h5", values)
    else:
        write_triplet(folder / "filtered_feature_bc_matrix", values, packed=matrix == "mtx.gz")
    lines = [
        f"{name},{int(i >= outside)},{i // 6},{i % 6},{1000 + i},{5000 + 2 * i}"
        for i, name in enumerate(barcodes())
    ]
    lines = ["TTTT-1,0,70,70,9,9", *reversed(lines)]
    if header:
        (folder / "spatial/tissue_positions.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    else:
        (folder / "spatial/tissue_positions_list.csv").write_text("\n".join(lines) + "\n")
    (folder / "spatial/scalefactors_json.json").write_text(
        json.dumps({"spot_diameter_fullres": 89.4, "tissue_hires_scalef": 0.17})
    )
    (folder / "spatial/tissue_lowres_image.png").write_bytes(b"\x89PNG")
    return values


def write_spatialdata(
    store: Path,
    tables: dict[str, AnnData],
    *,
    zarr_format: Literal[2, 3] = 3,
    region_key: str = "region",
) -> None:
    """A store with tables as the present SpatialData writes them, and an empty shapes group."""
    anndata.settings.zarr_write_format = zarr_format
    root = zarr.open_group(store, mode="w", zarr_format=zarr_format)
    root.attrs["spatialdata_attrs"] = {
        "version": "0.2",
        "spatialdata_software_version": "0.5.0",
    }
    root.create_group("shapes")
    group = root.create_group("tables")
    for name, adata in tables.items():
        adata.write_zarr(store / "tables" / name)
        table = zarr.open_group(store / "tables" / name, mode="r+")
        table.attrs["spatialdata-encoding-type"] = "ngff:regions_table"
        table.attrs["region"] = sorted(adata.obs[region_key].unique())
        table.attrs["region_key"] = region_key
        table.attrs["instance_key"] = "instance_id"
        table.attrs["version"] = "0.2"
    assert sorted(group.keys()) == sorted(tables)
    if zarr_format == 3:
        zarr.consolidate_metadata(store)


def table(*, seed: int = 0, regions: int = 1, spatial: bool = True) -> AnnData:
    adata = AnnData(
        X=sparse.csr_matrix(counts(seed).astype(np.float32)),
        obs=pd.DataFrame(
            {
                "region": pd.Categorical([f"area{i % regions}" for i in range(N_SPOTS)]),
                "instance_id": np.arange(N_SPOTS),
            },
            index=barcodes(),
        ),
        var=pd.DataFrame(index=[f"SYM{i}" for i in range(N_GENES)]),
    )
    if spatial:
        adata.obsm["spatial"] = np.random.default_rng(seed).uniform(0, 9, (N_SPOTS, 2))
    return adata


@pytest.fixture(autouse=True)
def _restore_format() -> Any:
    before = anndata.settings.zarr_write_format
    yield
    anndata.settings.zarr_write_format = before


def load(path: Path, **stages: float) -> tuple[AnnData, list[Any]]:
    return load_slices(
        path,
        data=DataConfig.model_validate({}),
        quality=QualityConfig.model_validate({}),
        stages=stages,
    )


def only_fault(path: Path) -> Problem:
    with pytest.raises(DataError) as caught:
        load(path)
    assert len(caught.value.problems) == 1, str(caught.value)
    return caught.value.problems[0]


@pytest.mark.parametrize("matrix", ["h5", "mtx", "mtx.gz"])
@pytest.mark.parametrize("header", [True, False])
def test_a_visium_folder(tmp_path: Path, matrix: str, header: bool) -> None:
    values = write_visium(tmp_path / "V1", matrix=matrix, header=header)
    adata, (report,) = load(tmp_path / "V1")
    assert (report.slice, report.n_read, report.n_outside) == ("V1", N_SPOTS - 3, 3)
    assert adata.obs["spot"].tolist() == barcodes()[3:]
    assert np.array_equal(adata.X.toarray(), values[3:, :-1])
    # x is the column of the image, y the row.
    assert adata.obsm["spatial"][0].tolist() == [5006, 1003]
    assert adata.obs["array_row"].tolist() == [i // 6 for i in range(3, N_SPOTS)]
    assert adata.var_names[:6].tolist() == [
        "SYM0",
        "SYM1",
        "SYM2",
        "ENSG00000000003",
        "ENSG00000000004",
        "SYM5",
    ]
    assert adata.var["symbol"].iloc[3:5].tolist() == ["SYM3", "SYM3"]
    assert adata.var["gene_id"].iloc[0] == "ENSG00000000000"


def test_a_folder_of_visium_folders_with_stages(tmp_path: Path) -> None:
    write_visium(tmp_path / "D14_a", seed=1)
    write_visium(tmp_path / "D4_a" / "outs", seed=2, matrix="mtx.gz")
    (tmp_path / "slices.csv").write_text("slice,stage,donor\nD14_a,D14,hen1\nD4_a,D4,hen2\n")
    (tmp_path / "notes.txt").write_text("unrelated")
    adata, reports = load(tmp_path)
    assert [(report.slice, report.time) for report in reports] == [("D4_a", 4.0), ("D14_a", 14.0)]
    assert adata.obs["donor"].astype(str).unique().tolist() == ["hen2", "hen1"]


def test_a_matrix_with_a_sample_name(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1")
    (tmp_path / "V1/filtered_feature_bc_matrix.h5").rename(
        tmp_path / "V1/GSM1_filtered_feature_bc_matrix.h5"
    )
    assert load(tmp_path)[0].n_obs == N_SPOTS - 3


def test_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_visium(tmp_path / "V1")
    monkeypatch.chdir(tmp_path / "V1")
    (report,) = load(Path())[1]
    assert (report.slice, report.source) == ("V1", "V1")


def test_visium_without_positions(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1")
    (tmp_path / "V1/spatial/tissue_positions.csv").unlink()
    problem = only_fault(tmp_path)
    assert problem.place == "V1"
    assert "tissue_positions.csv" in problem.expected


def test_visium_positions_of_another_run(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1")
    path = tmp_path / "V1/spatial/tissue_positions.csv"
    path.write_text(path.read_text().replace("-1,", "-2,"))
    problem = only_fault(tmp_path)
    assert f"{N_SPOTS} of {N_SPOTS} spots" in problem.found
    assert problem.examples[0] == barcodes()[0]


def test_visium_positions_that_are_no_table(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1")
    (tmp_path / "V1/spatial/tissue_positions.csv").write_text("a,b\n1,x\n")
    assert "spatial/tissue_positions.csv" in only_fault(tmp_path).place


def test_a_damaged_visium_matrix(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1")
    path = tmp_path / "V1/filtered_feature_bc_matrix.h5"
    path.write_bytes(path.read_bytes()[:1000])
    assert "filtered_feature_bc_matrix.h5" in only_fault(tmp_path).place


def test_a_triplet_whose_parts_do_not_agree(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1", matrix="mtx")
    path = tmp_path / "V1/filtered_feature_bc_matrix/barcodes.tsv"
    path.write_text("\n".join(barcodes()[:-2]))
    assert "28 barcodes" in only_fault(tmp_path).found


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_spatialdata_table(tmp_path: Path, zarr_format: Literal[2, 3]) -> None:
    adata = table()
    write_spatialdata(tmp_path / "E9.zarr", {"table": adata}, zarr_format=zarr_format)
    joined, (report,) = load(tmp_path / "E9.zarr")
    assert report.slice == "E9"
    assert (joined.X != adata.X).nnz == 0
    assert np.array_equal(joined.obsm["spatial"], adata.obsm["spatial"].astype(np.float32))
    assert joined.obs["instance_id"].tolist() == list(range(N_SPOTS))


def test_a_folder_of_spatialdata_stores(tmp_path: Path) -> None:
    for at, name in enumerate(["b.zarr", "a.zarr"]):
        adata = table(seed=at)
        adata.obs["stage"] = f"E{10 - at}.5"
        write_spatialdata(tmp_path / name, {"counts": adata})
    _, reports = load(tmp_path)
    assert [(report.slice, report.stage) for report in reports] == [("a", "E9.5"), ("b", "E10.5")]
    assert reports[0].source == "a.zarr, table 'counts'"


def test_each_region_of_a_table_is_a_slice(tmp_path: Path) -> None:
    adata = table(regions=2)
    write_spatialdata(tmp_path / "x.zarr", {"table": adata})
    joined, reports = load(tmp_path)
    assert [report.slice for report in reports] == ["area0", "area1"]
    assert joined.obs["spot"].tolist() == barcodes()[::2] + barcodes()[1::2]


def test_the_table_named_table_is_taken_among_several(tmp_path: Path) -> None:
    write_spatialdata(tmp_path / "x.zarr", {"table": table(), "other": table(seed=1)})
    assert (load(tmp_path)[0].X != table().X).nnz == 0


def test_several_tables_none_named_table(tmp_path: Path) -> None:
    write_spatialdata(tmp_path / "x.zarr", {"bins8": table(), "bins16": table(seed=1)})
    problem = only_fault(tmp_path)
    assert list(problem.examples) == ["bins16", "bins8"]
    assert "x.zarr/tables/bins16" in problem.remedy
    assert load(tmp_path / "x.zarr/tables/bins8")[0].n_obs == N_SPOTS


def test_a_table_without_coordinates(tmp_path: Path) -> None:
    write_spatialdata(tmp_path / "x.zarr", {"table": table(spatial=False)})
    assert "centres of the table's shapes" in only_fault(tmp_path).remedy


def test_a_store_without_a_table(tmp_path: Path) -> None:
    write_spatialdata(tmp_path / "x.zarr", {})
    assert "without a table" in only_fault(tmp_path).found


def test_a_damaged_table(tmp_path: Path) -> None:
    write_spatialdata(tmp_path / "x.zarr", {"table": table()})
    (chunk,) = (tmp_path / "x.zarr/tables/table/X/data/c").iterdir()
    chunk.write_bytes(chunk.read_bytes()[:-9])
    assert "cannot be read" in only_fault(tmp_path).found
    chunk.unlink()
    assert "1 of 1 chunks lost" in only_fault(tmp_path).found


def test_anndata_written_as_zarr(tmp_path: Path) -> None:
    anndata.settings.zarr_write_format = 3
    adata = table()
    adata.write_zarr(tmp_path / "plain.zarr")
    joined, (report,) = load(tmp_path)
    assert report.slice == "plain"
    assert (joined.X != adata.X).nnz == 0


def test_kinds_of_slices_may_be_mixed(tmp_path: Path) -> None:
    write_visium(tmp_path / "v")
    write_spatialdata(tmp_path / "s.zarr", {"table": table()})
    table(seed=3).write_h5ad(tmp_path / "h.h5ad")
    sources, problems = find_sources(tmp_path, spatial_key="spatial")
    assert problems == []
    assert [source.stem for source in sources] == ["h", "s", "v"]


def test_a_table_of_slices_that_names_none(tmp_path: Path) -> None:
    write_visium(tmp_path / "V1")
    (tmp_path / "slices.csv").write_text("name,stage\nV1,E9.5\n")
    problem = only_fault(tmp_path)
    assert problem.place == "slices.csv"
    assert "column 'slice'" in problem.expected


def test_numbers_in_names_sort_by_value() -> None:
    names = ["s10", "s9", "S2b", "s2a"]
    assert sorted(names, key=natural_key) == ["s2a", "S2b", "s9", "s10"]
