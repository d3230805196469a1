"""Every form a query may have on disk gives the same section."""

from __future__ import annotations

import gzip
import runpy
import zipfile
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

from training.errors import DataError
from training.mapping.reading.query import Query, read_query
from training.mapping.reading.queryfiles import table_pair
from training.slices.readers.h5ad import read_h5ad
from training.store import Atlas

VISIUM = runpy.run_path(str(Path(__file__).parents[2] / "slices" / "test_readers.py"))


def read(path: Path, atlas: Atlas) -> Query:
    fitted = [gene for gene, used in zip(atlas.genes, atlas.highly_variable, strict=True) if used]
    return read_query(path, atlas, fitted)


def counts_table(section: ad.AnnData) -> pd.DataFrame:
    return pd.DataFrame(
        section.X.toarray().astype(int), index=section.obs_names, columns=section.var_names
    )


def coordinates_table(section: ad.AnnData) -> pd.DataFrame:
    return pd.DataFrame(section.obsm["spatial"], index=section.obs_names, columns=["x", "y"])


def pack(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def same(query: Query, section: ad.AnnData) -> None:
    np.testing.assert_array_equal(query.counts.toarray(), section.X.toarray())
    np.testing.assert_allclose(query.positions, section.obsm["spatial"], rtol=1e-6)
    assert query.obs.index.tolist() == section.obs_names.tolist()
    assert query.var.index.tolist() == section.var_names.tolist()


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("turned", [False, True], ids=["spots as rows", "genes as rows"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_a_zip_of_two_tables(
    small_section: ad.AnnData,
    small_atlas: Atlas,
    tmp_path: Path,
    separator: str,
    turned: bool,
    packed: bool,
) -> None:
    table = counts_table(small_section)
    counts = (table.T if turned else table).to_csv(sep=separator).encode()
    # The coordinates lie in another order, know a spot more, and say which slice a spot is of.
    coordinates = coordinates_table(small_section)[::-1]
    coordinates.insert(0, "slice", ["left", "right"] * 30)
    coordinates.loc["outside"] = ["left", 1.0, 2.0]
    written = coordinates.to_csv(sep=separator).encode()
    ending = ".csv.gz" if packed else ".csv"
    content = {f"data/my counts{ending}": counts, f"data/spots{ending}": written}
    if packed:
        content = {name: gzip.compress(each) for name, each in content.items()}
    content |= {"__MACOSX/data/._spots.csv": b"\0\5\x16\7", "data/image.png": b"\x89PNG"}
    query = read(pack(tmp_path / "query.zip", content), small_atlas)
    same(query, small_section)
    assert query.obs["slice"].tolist() == ["right", "left"] * 30
    assert query.slices.tolist() == [1, 0] * 30
    assert "1 spots without tissue or counts were left out" in query.warnings


def test_tables_as_r_writes_them_and_without_a_head(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    """R leaves out the name over the row names; numbers may be names; a head may be missing."""
    small_section.obs_names = [f"{i:04d}" for i in range(60)]
    counts = counts_table(small_section).to_csv(quoting=2).partition(",")[2]
    coordinates = coordinates_table(small_section).to_csv(header=False)
    files: dict[str, str | bytes] = {"counts.csv": counts, "xy.csv": coordinates}
    same(read(pack(tmp_path / "query.zip", files), small_atlas), small_section)


def test_two_tables_of_different_folders(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    counts, coordinates = tmp_path / "a" / "section.csv.gz", tmp_path / "b" / "section.tsv"
    counts_table(small_section).to_csv(counts)
    coordinates_table(small_section).to_csv(coordinates, sep="\t")
    with table_pair(counts, coordinates) as folder:
        same(read(folder, small_atlas), small_section)
    with pytest.raises(DataError, match="--coordinates FILE"):
        read(counts, small_atlas)
    with (
        pytest.raises(DataError, match="no such file"),
        table_pair(counts, tmp_path / "none.csv"),
    ):
        pass


def test_repeated_genes_of_a_table_are_seen(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    """pandas would call them MYH7 and MYH7.1, and the first would pass for the gene."""
    table = counts_table(small_section).rename(columns={"SOX2": "MYH7"})
    files: dict[str, str | bytes] = {
        "counts.csv": table.to_csv(),
        "coordinates.csv": coordinates_table(small_section).to_csv(),
    }
    query = read(pack(tmp_path / "query.zip", files), small_atlas)
    assert "MYH7" not in query.genes
    assert query.var.index[0] == "MYH7__1"
    assert "1 gene names occur more than once (MYH7)" in query.warnings[0]


def write_spaceranger(folder: Path, section: ad.AnnData, matrix: str) -> None:
    """A Space Ranger folder with the section's genes, by names of the atlas's."""
    values = section.X.toarray().astype(int)
    names = [f"ACGT{i:04d}-1" for i in range(section.n_obs)]
    rows = [(f"ENSG{i:011d}", gene, "Gene Expression") for i, gene in enumerate(section.var_names)]
    write = VISIUM["write_h5"].__globals__
    before = {key: write[key] for key in ("barcodes", "features")}
    write |= {"barcodes": lambda: names, "features": lambda: rows}
    try:
        (folder / "spatial").mkdir(parents=True)
        if matrix == "h5":
            VISIUM["write_h5"](folder / "filtered_feature_bc_matrix.h5", values)
        else:
            target = folder / "filtered_feature_bc_matrix"
            VISIUM["write_triplet"](target, values, packed=matrix == "mtx.gz")
    finally:
        write |= before
    xy = section.obsm["spatial"]
    lines = [f"{name},1,{i},{i},{xy[i, 1]},{xy[i, 0]}" for i, name in enumerate(names)]
    head = [VISIUM["HEADER"]]
    (folder / "spatial/tissue_positions.csv").write_text("\n".join(head + lines) + "\n")
    (folder / "spatial/tissue_hires_image.png").write_bytes(b"\x89PNG")


def zip_folder(path: Path, folder: Path) -> Path:
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    names = [each.relative_to(folder.parent).as_posix() for each in files]
    contents = [each.read_bytes() for each in files]
    return pack(path, dict(zip(names, contents, strict=True)))


@pytest.mark.parametrize("matrix", ["h5", "mtx", "mtx.gz"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
def test_a_space_ranger_folder(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path, matrix: str, zipped: bool
) -> None:
    folder = tmp_path / "run7"
    write_spaceranger(folder / "outs", small_section, matrix)
    query = read(zip_folder(tmp_path / "q.zip", folder) if zipped else folder / "outs", small_atlas)
    np.testing.assert_array_equal(query.counts.toarray(), small_section.X.toarray())
    np.testing.assert_allclose(query.positions, small_section.obsm["spatial"], rtol=1e-5)
    assert query.genes == small_section.var_names.tolist()


def test_the_unit_of_a_query_is_that_of_all_its_files(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    for name, unit in (("a", "um"), ("b", "microns"), ("c", "mm")):
        small_section.uns["source"] = {"coordinate_unit": unit}
        small_section.write_h5ad(tmp_path / f"{name}.h5ad")
    files = {name: (tmp_path / f"{name}.h5ad").read_bytes() for name in "abc"}

    def unit_of(names: str) -> str:
        packed = pack(tmp_path / "q.zip", {f"{name}.h5ad": files[name] for name in names})
        return read(packed, small_atlas).coordinate_unit

    assert [unit_of(names) for names in ("a", "ab", "ac")] == ["um", "um", ""]


def test_several_space_ranger_folders_are_several_sections(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    write_spaceranger(tmp_path / "runs" / "first" / "outs", small_section, "h5")
    write_spaceranger(tmp_path / "runs" / "second" / "outs", small_section[:50, :30].copy(), "mtx")
    query = read(zip_folder(tmp_path / "q.zip", tmp_path / "runs"), small_atlas)
    assert query.slices.tolist() == [0] * 60 + [1] * 50
    assert query.several_files
    assert query.obs["slice"].unique().tolist() == ["first", "second"]
    assert query.obs.index.is_unique
    assert query.counts.shape == (110, 30)
    assert "the 30 they share count" in "\n".join(query.warnings)
    np.testing.assert_array_equal(query.counts.toarray()[60:], small_section.X.toarray()[:50, :30])


def test_a_zipped_h5ad(small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path) -> None:
    small_section.write_h5ad(tmp_path / "section.h5ad")
    content = (tmp_path / "section.h5ad").read_bytes()
    same(read(pack(tmp_path / "q.zip", {"section.h5ad": content}), small_atlas), small_section)


def test_a_folder_of_slices_may_hold_tables_beside_them(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    for name in ("left", "right"):
        small_section.write_h5ad(tmp_path / f"{name}.h5ad")
    (tmp_path / "slices.csv").write_text("slice,stage\nleft,E9\nright,E9\n")
    query = read(tmp_path, small_atlas)
    assert query.obs["slice"].tolist() == ["left"] * 60 + ["right"] * 60


COUNTS = "spot,MYH7,NPPA\na,1,2\nb,3,4\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"notes.md": "hello"}, "an archive without a section in it"),
        ({"counts.csv": COUNTS}, "one table alone"),
        ({"a.csv": COUNTS, "b.csv": COUNTS}, "2 tables, 0 of them with coordinates"),
        ({"a.csv": COUNTS, "b.csv": "spot,x,y\nc,1,2\n"}, "2 of 2 rows whose names have no coord"),
        ({"a.csv": COUNTS, "b.csv": "spot,x,y\na,1,2\n"}, "1 of 2 rows whose names have no coord"),
        ({"a.csv": COUNTS, "b.csv": "spot,x,y\na,1,2\na,1,2\n"}, "1 spot names that occur more"),
        ({"a.csv": COUNTS, "b.csv": "x,y\n1,2\n3,4\n"}, "coordinates in the first column"),
        ({"a.csv": "s,G\na,one\nb,2\n", "b.csv": "s,x,y\na,1,2\nb,3,4\n"}, "with words in them"),
        ({"a.csv": b"\0\1\2", "b.csv": "s,x,y\na,1,2\n"}, "no table"),
        ({"a.csv": "", "b.csv": "s,x,y\na,1,2\n"}, "an empty file"),
        ({"a.csv": "s,G\n", "b.csv": "s,x,y\na,1,2\n"}, "no table"),
        ({"a.csv": "s,G\na,1\nb,2,3,4\n", "b.csv": "s,x,y\na,1,2\n"}, "cannot be read"),
        ({"a.csv": COUNTS, "b.csv": "s,x,y\na,here,2\nb,3,4\n"}, "coordinates that are NaN"),
        ({"matrix.h5ad": b"\x89HDF\r\n\x1a\n broken"}, "cannot be read"),
    ],
)
def test_archives_that_hold_no_section_are_told_why(
    small_atlas: Atlas, tmp_path: Path, files: dict[str, str | bytes], found: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(pack(tmp_path / "query.zip", files), small_atlas)
    assert found in str(caught.value)
    assert "expected" in str(caught.value)


def test_empty_cells_of_a_table_are_not_taken_for_zeros(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path
) -> None:
    table = counts_table(small_section).astype(object)
    table.iloc[3, 5] = ""
    files: dict[str, str | bytes] = {
        "counts.csv": table.to_csv(),
        "coordinates.csv": coordinates_table(small_section).to_csv(),
    }
    with pytest.raises(DataError, match="1 counts that are NaN") as caught:
        read(pack(tmp_path / "query.zip", files), small_atlas)
    assert f"s3, {small_section.var_names[5]}: nan" in str(caught.value)


def test_files_of_one_name_in_two_folders_are_two_sections(
    tmp_path: Path, small_atlas: Atlas, small_section: ad.AnnData
) -> None:
    small_section.write_h5ad(tmp_path / "section.h5ad")
    content = (tmp_path / "section.h5ad").read_bytes()
    files: dict[str, str | bytes] = {"mutant/section.h5ad": content, "wild/section.h5ad": content}
    query = read(pack(tmp_path / "q.zip", files), small_atlas)
    assert query.section_names == ["section", "section-1"]
    assert np.bincount(query.slices).tolist() == [small_section.n_obs] * 2
    assert query.obs.index.is_unique


@pytest.mark.parametrize("odd", [np.ones((3, 2)), "a text", np.float64(1), h5py.Empty("f")])
def test_parts_that_map_nothing_are_as_if_they_were_not_there(
    small_section: ad.AnnData, small_atlas: Atlas, tmp_path: Path, odd: object
) -> None:
    path = tmp_path / "query.h5ad"
    small_section.write_h5ad(path)
    replace_parts(path, ("uns", "layers", "varm", "raw"), odd)
    assert (read(path, small_atlas).counts != small_section.X).nnz == 0
    source = read_h5ad(path, place=path.name, spatial_key="spatial")
    assert (source.images(), source.alternatives(), source.counts_hint()) == ({}, [], "")
    replace_parts(path, ("obsm",), odd)
    with pytest.raises(DataError, match=r"no obsm\['spatial'\]"):
        read(path, small_atlas)


def replace_parts(path: Path, parts: tuple[str, ...], odd: object) -> None:
    with h5py.File(path, "r+") as file:
        for part in parts:
            file.pop(part, None)
            file[part] = odd
