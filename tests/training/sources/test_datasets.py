"""Published files to slices: small files in the published layouts, and the real ones."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest

from training.errors import DataError, MissingExtraError
from training.sources.converters.tissue import tissue_image
from training.sources.datasets import convert
from training.sources.manifest import Dataset, find_dataset

pytestmark = pytest.mark.slow

COMMIT = "f" * 40
REPO = f"owner/tumour/{COMMIT}"
COUNTS = "\tGENE1\tGENE2\tGENE3\n10x13\t0\t6\t1\n9x20\t2\t0\t0\n5x5\t1\t1\t1\n7x7\t0\t0\t3\n"
# 7x7 is not in the spot file, 5x5 is not selected.
SPOTS = (
    "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n"
    "9\t20\t9.018\t20.1\t1002.5\t1761.25\t1\n"
    "10\t13\t9.852\t12.991\t1923.65\t2622.15\t1\n"
    "5\t5\t5.1\t5.1\t10\t10\t0\n"
)
LABELS = (
    "Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n"
    "1002x1762\t9.02\t20.1\t1002.5\t1761.3\tinvasive cancer\n"
    "1x1\t\t\t1\t1\tundetermined\n"
)
CLUSTERS = (
    "\tpatient_id\tids\tlabel\tx\ty\tpixel_x\tpixel_y\twarped_x\twarped_y\n"
    "1923.65x2622.15\tA\tA1\t4\t10\t13\t1923.65\t2622.15\t1923.65\t2622.15\n"
)


def her2st_layout(folder: Path, *, labels: bool = True, image: bool = True) -> Dataset:
    """Write one section as published and give its manifest."""
    files = {
        "data/ST-cnts/A1.tsv.gz": gzip.compress(COUNTS.encode()),
        "data/ST-spotfiles/A1_selection.tsv": SPOTS.encode(),
        "res/ST-cluster/lbl/A1-cluster-annotation.tsv.gz": gzip.compress(CLUSTERS.encode()),
    }
    if labels:
        files["data/ST-pat/lbl/A1_labeled_coordinates.tsv"] = LABELS.encode()
    for path, content in files.items():
        target = folder / REPO / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if image:
        path = "data/ST-imgs/A/A1/scan_A1.png"
        write_image(folder / REPO / path)
        files[path] = (folder / REPO / path).read_bytes()
    return find_dataset("her2st").model_copy(
        update={
            "slices": (find_dataset("her2st").slices[0],),
            "files": tuple(
                find_dataset("her2st")
                .files[0]
                .model_copy(
                    update={
                        "url": f"https://raw.githubusercontent.com/{REPO}/{path}",
                        "sha256": hashlib.sha256(content).hexdigest(),
                        "bytes": len(content),
                    }
                )
                for path, content in files.items()
            ),
        }
    )


def write_image(path: Path) -> None:
    """2,000 x 1,200 pixels, the left half red."""
    image_module = pytest.importorskip("PIL.Image")
    pixels = np.zeros((1200, 2000, 3), dtype=np.uint8)
    pixels[:, :1000, 0] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    image_module.fromarray(pixels).save(path)


def test_her2st_files_make_a_slice(tmp_path: Path) -> None:
    dataset = her2st_layout(tmp_path)
    (path,) = convert(dataset, tmp_path, tmp_path / "slices")
    adata = anndata.read_h5ad(path)
    assert path.name == "A1.h5ad"
    assert adata.obs_names.tolist() == ["A1_10x13", "A1_9x20"]
    assert adata.var_names.tolist() == ["GENE1", "GENE2", "GENE3"]
    assert adata.X.toarray().tolist() == [[0, 6, 1], [2, 0, 0]]
    assert adata.X.dtype == np.float32
    assert np.array_equal(
        adata.obsm["spatial"], np.array([[1923.65, 2622.15], [1002.5, 1761.25]], dtype=np.float32)
    )
    assert adata.obs["label"].tolist() == ["unlabelled", "invasive cancer"]
    assert adata.obs["cluster"].tolist() == ["4", "-1"]
    assert adata.obs["slice"].unique().tolist() == ["A1"]
    assert adata.obs["stage"].unique().tolist() == ["adult_tumour"]
    assert adata.uns["source"]["commit"] == COMMIT
    assert adata.uns["source"]["path"] == "data/ST-cnts/A1.tsv.gz"
    library = adata.uns["spatial"]["A1"]
    assert library["images"]["lowres"].shape == (600, 1000, 3)
    assert library["scalefactors"]["tissue_lowres_scalef"] == 0.5


def test_a_section_without_labels_or_image(tmp_path: Path) -> None:
    dataset = her2st_layout(tmp_path, labels=False, image=False)
    adata = anndata.read_h5ad(convert(dataset, tmp_path, tmp_path / "slices")[0])
    assert adata.obs["label"].unique().tolist() == ["unlabelled"]
    assert "spatial" not in adata.uns


def test_converting_again_replaces_the_slices(tmp_path: Path) -> None:
    dataset = her2st_layout(tmp_path, image=False)
    convert(dataset, tmp_path, tmp_path / "slices")
    (path,) = convert(dataset, tmp_path, tmp_path / "slices")
    assert list((tmp_path / "slices").iterdir()) == [path]


def test_files_that_differ_from_the_manifest_are_not_converted(tmp_path: Path) -> None:
    dataset = her2st_layout(tmp_path, image=False)
    (tmp_path / REPO / "data/ST-cnts/A1.tsv.gz").write_bytes(gzip.compress(b"other"))
    (tmp_path / REPO / "data/ST-spotfiles/A1_selection.tsv").unlink()
    with pytest.raises(DataError) as caught:
        convert(dataset, tmp_path, tmp_path / "slices")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "slices").exists()


def test_a_folder_for_slices_that_cannot_be_made(tmp_path: Path) -> None:
    dataset = her2st_layout(tmp_path, image=False)
    (tmp_path / "taken").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written to"):
        convert(dataset, tmp_path, tmp_path / "taken")


def test_the_reduced_image_keeps_its_sides(tmp_path: Path) -> None:
    write_image(tmp_path / "scan.png")
    library = tissue_image(tmp_path / "scan.png", np.array([[0.0, 0.0], [0.0, 40.0], [0.0, 80.0]]))
    image = library["images"]["lowres"]
    assert image.dtype == np.uint8
    assert image[300, 100].tolist() == [255, 0, 0]
    assert image[300, 900].tolist() == [0, 0, 0]
    assert library["scalefactors"]["spot_diameter_fullres"] == 20.0


@pytest.mark.parametrize("module", ["rdata", "PIL"])
def test_an_absent_optional_part_is_named(
    tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = her2st_layout(tmp_path)
    if module == "rdata":
        content = b"R"
        file = dataset.files[0].model_copy(
            update={"sha256": hashlib.sha256(content).hexdigest(), "bytes": 1}
        )
        (tmp_path / file.path).write_bytes(content)
        dataset = find_dataset("seqfish_mouse_embryo").model_copy(update={"files": (file,)})
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"inspire-atlas\[data\]"):
        convert(dataset, tmp_path, tmp_path / "slices")


def test_a_damaged_r_file_is_told(tmp_path: Path) -> None:
    pytest.importorskip("rdata")
    from training.sources.converters.rfiles import read_r_file

    (tmp_path / "x.rda").write_bytes(b"not R data")
    with pytest.raises(DataError, match=r"x\.rda"):
        read_r_file(tmp_path / "x.rda")


def test_the_command_line_loads_no_heavy_library() -> None:
    code = (
        "import sys, training.commands.data\n"
        "heavy = {'anndata', 'pandas', 'scipy', 'rdata', 'PIL', 'torch', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert shown.stdout.strip() == "[]"


# The real files

REAL = {
    "human_heart_6_5pcw": ("human_heart_6.5pcw", 8),
    "seqfish_mouse_embryo": ("seqfish_mouse_embryo", 2),
    "her2st": ("her2st", 9),
}


@pytest.mark.parametrize("name", list(REAL))
def test_real_files_make_the_reference_slices(name: str, real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rdata")
    reference, number = REAL[name]
    paths = convert(find_dataset(name), real_data / "mirror", tmp_path)
    assert len(paths) == number
    for path in paths:
        mine, theirs = (
            anndata.read_h5ad(part) for part in (path, real_data / reference / path.name)
        )
        assert (mine.X != theirs.X).nnz == 0
        assert mine.X.dtype == theirs.X.dtype
        assert mine.obs_names.tolist() == theirs.obs_names.tolist()
        assert mine.var_names.tolist() == theirs.var_names.tolist()
        assert np.array_equal(mine.obsm["spatial"], theirs.obsm["spatial"])
        for column in set(theirs.obs) - {"celltype_dwls_top"}:
            assert _texts(mine, column) == _texts(theirs, column), (path.name, column)


def _texts(adata: Any, column: str) -> list[str]:
    return [str(value) for value in adata.obs[column]]
