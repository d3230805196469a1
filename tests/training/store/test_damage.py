"""Stores that are broken, foreign or hostile: one clear error each, and no harm."""

from __future__ import annotations

import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from training.store import Atlas, StoreError, open_atlas, validate_store

Change = Callable[..., Path]


def refused(path: Path, words: str) -> StoreError:
    """The error of opening, with `words`, place and expectation; validate says the same."""
    with pytest.raises(StoreError, match=words) as caught:
        open_atlas(path)
    assert "expected" in str(caught.value)
    assert str(path)[:20] in caught.value.place
    assert str(caught.value) in validate_store(path)
    return caught.value


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path / "gone.atlas.zarr", "nothing there")


def test_a_file_and_a_zip(pristine: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.atlas.zarr"
    text.write_text("hello")
    refused(text, "a single file")
    packed = tmp_path / "packed.atlas.zarr"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(pristine / "zarr.json", "zarr.json")
    assert "unpack" in refused(packed, "zip archive").remedy


def test_a_plain_folder_and_a_zarr_v2_group(tmp_path: Path) -> None:
    plain = tmp_path / "plain.atlas.zarr"
    plain.mkdir()
    refused(plain, "without zarr.json")
    old = tmp_path / "old.atlas.zarr"
    zarr.open_group(old, mode="w", zarr_format=2).attrs["inspire_atlas"] = {}
    refused(old, "Zarr v2")


def test_an_anndata_group_alone(pristine: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(pristine / "reference", tmp_path / "alone.atlas.zarr"))
    assert "anndata.read_zarr" in refused(alone, "not an atlas").remedy


def test_root_is_an_array(tmp_path: Path) -> None:
    path = tmp_path / "array.atlas.zarr"
    zarr.create_array(path, shape=(3,), dtype="f4", zarr_format=3)
    refused(path, "cannot be read")


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "[" * 100_000, '{"zarr_format": 3}'])
def test_a_root_that_is_no_document(text: str, copy: Path) -> None:
    (copy / "zarr.json").write_text(text)
    refused(copy, "found")


@pytest.mark.parametrize("version", ["2.0", "17.3"])
def test_a_newer_format(version: str, change_json: Change) -> None:
    path = change_json(
        "zarr.json",
        lambda d: d["attributes"]["inspire_atlas"].update(format_version=version),
    )
    assert "update inspire-atlas" in refused(path, f"format version {version}").remedy


def test_a_newer_minor_format_opens(change_json: Change) -> None:
    path = change_json(
        "zarr.json", lambda d: d["attributes"]["inspire_atlas"].update(format_version="1.9", more=1)
    )
    assert open_atlas(path).format_version == "1.9"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", None),
        ("format_version", ["1.0"]),
        ("format_version", "one"),
        ("format_version", "²."),
        ("digest", 5),
        ("digest", "x" * 64),
        ("digest", "a\r\nSet-Cookie: b"),
        ("card", "text"),
        ("card", None),
        ("n_files", "many"),
        ("n_bytes", 1.5),
        ("n_files", True),
        ("created", {}),
    ],
)
def test_root_attributes_of_the_wrong_type(key: str, value: object, change_json: Change) -> None:
    refused(
        change_json("zarr.json", lambda d: d["attributes"]["inspire_atlas"].update({key: value})),
        "found",
    )


@pytest.mark.parametrize("value", [None, [], "atlas", 3])
def test_root_key_of_the_wrong_type(value: object, change_json: Change) -> None:
    path = change_json("zarr.json", lambda d: d["attributes"].update(inspire_atlas=value))
    refused(path, "not an atlas")


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("slices", None),
        ("slices", []),
        ("slices", [5]),
        ("slices", [{"name": "A", "stage": "s", "time": None, "start": 0, "stop": 39}]),
        ("slices", [{"name": "A", "stage": "s", "time": None, "start": 1, "stop": 40}]),
        ("slices", [{"name": "A", "stage": "s", "time": "9", "start": 0, "stop": 40}]),
        ("slices", [{"name": "A", "stage": "s", "time": None, "start": 0, "stop": 10**30}]),
        ("slices", [{"name": 1, "stage": "s", "time": None, "start": 0, "stop": 40}]),
        ("obs", {}),
        ("obs", []),
        ("obs", ["slice"]),
        ("obs", [{"name": "x", "kind": "mood", "lo": 0, "hi": 1, "categories": []}] * 7),
        ("obs", [{"name": "x", "kind": "number", "lo": 1, "hi": 0, "categories": []}] * 7),
        ("obs", [{"name": "x", "kind": "number", "lo": 0, "hi": 10**400, "categories": []}] * 7),
        ("obs", [{"name": "x", "kind": "number", "lo": 0, "hi": 1, "categories": []}] * 7),
        (
            "obs",
            [{"name": "x", "kind": "category", "lo": 0, "hi": 1, "categories": ["a"] * 256}] * 7,
        ),
        (
            "obs",
            [
                {"name": "x", "kind": "category", "lo": 0, "hi": 0, "categories": ["a"],
                 "colors": ["red;}</style>"]}
            ] * 7,
        ),
    ],
)  # fmt: skip
def test_view_tables_of_the_wrong_form(table: str, value: object, change_json: Change) -> None:
    refused(change_json("view/zarr.json", lambda d: d["attributes"].update({table: value})), "view")


@pytest.mark.parametrize(
    "part", ["view", "reference", "model", "view/genes", "reference/X/indptr", "reference/obs"]
)
@pytest.mark.parametrize("sealed", [True, False])
def test_missing_parts(part: str, sealed: bool, copy: Path, seal: Callable[[Path], None]) -> None:
    shutil.rmtree(copy / part)
    if sealed:
        seal(copy)
    refused(copy, "nothing there" if sealed and part != "reference/obs" else "found")


def test_truncated_and_lost_chunks_are_seen_on_opening(copy: Path) -> None:
    chunk = next(p for p in (copy / "view" / "genes" / "c").rglob("*") if p.is_file())
    data = chunk.read_bytes()
    chunk.write_bytes(data[: len(data) // 2])
    refused(copy, "files of")
    chunk.unlink()
    refused(copy, "files of")


def test_a_flipped_bit_is_seen_on_reading_and_by_the_digest(copy: Path) -> None:
    chunk = next(p for p in (copy / "view" / "genes" / "c").rglob("*") if p.is_file())
    data = bytearray(chunk.read_bytes())
    data[len(data) // 3] ^= 0x10
    chunk.write_bytes(bytes(data))
    faults = validate_store(copy)
    assert any("digest" in fault for fault in faults)
    atlas = open_atlas(copy)
    broken = []
    for gene in atlas.genes:
        try:
            atlas.values("gene", gene)
        except StoreError as fault:
            broken.append(str(fault))
    assert len(broken) == 1
    assert "damaged" in broken[0]


def test_desktop_litter_does_no_harm(copy: Path) -> None:
    (copy / "view" / ".DS_Store").write_bytes(b"x")
    (copy / "._zarr.json").write_bytes(b"x")
    assert validate_store(copy) == []
    assert isinstance(open_atlas(copy), Atlas)


def test_symbolic_links_are_refused(copy: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (copy / "model" / "stolen").symlink_to(secret)
    refused(copy, "symbolic link")


@pytest.mark.parametrize(
    ("array", "shape", "chunk"),
    [
        ("view/genes", [10**12, 10**12], None),
        ("view/genes", [8, 10**15], None),
        ("view/gene_max", [10**15], None),
        ("view/totals", [40], [10**15]),
        ("reference/obsm/latent", [40, 10**14], None),
        ("reference/X/data", [10**16], None),
        ("model/mask", [10**16], [10**16]),
        ("view/spatial", [40, 3], None),
        ("view/spatial", [80], None),
        ("view/usage", [0, 3], None),
    ],
)
def test_huge_or_wrong_declared_shapes_allocate_nothing(
    array: str, shape: list[int], chunk: list[int] | None, change_json: Change
) -> None:
    def declare(document: dict[str, Any]) -> None:
        document["shape"] = shape
        if chunk:
            document["chunk_grid"]["configuration"]["chunk_shape"] = chunk

    path = change_json(f"{array}/zarr.json", declare)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(path, "found")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    "shape", [None, "big", [1], [-1, 8], [40.0, 8], [[40], 8], [10**18, 8], [40, 9]]
)
def test_matrix_shape_of_the_wrong_form(shape: object, change_json: Change) -> None:
    path = change_json("reference/X/zarr.json", lambda d: d["attributes"].update(shape=shape))
    refused(path, "found")


def test_consolidated_metadata_cannot_contradict_the_elements(change_json: Change) -> None:
    def lie(document: dict[str, Any]) -> None:
        inner = document["consolidated_metadata"]["metadata"]
        inner["obsm/latent"]["shape"] = [40, 10**14]
        inner["X"]["attributes"]["shape"] = [10**14, 8]

    path = change_json("reference/zarr.json", lie)
    atlas = open_atlas(path)
    assert atlas.latent.shape == (40, 4)
    assert validate_store(path) == []


@pytest.mark.parametrize("name", ["../../zarr.json", "..", "/etc/passwd", "slice/codes", ""])
def test_names_like_paths_stay_inside(name: str, pristine: Path) -> None:
    atlas = open_atlas(pristine)
    for call in (
        lambda: atlas.obs(name),
        lambda: atlas.values("obs", name),
        lambda: atlas.values("gene", name),
        lambda: atlas.values("factor", name),
    ):
        with pytest.raises(StoreError):
            call()


def test_column_names_like_paths_in_the_store_stay_inside(
    change_json: Change, tmp_path: Path
) -> None:
    np.save(tmp_path / "secret.npy", np.zeros(3))
    path = change_json(
        "reference/obs/zarr.json",
        lambda d: d["attributes"]["column-order"].append("../../../secret.npy"),
    )
    with pytest.raises(StoreError, match="cannot be read"):
        open_atlas(path).obs("../../../secret.npy")
    assert validate_store(path) != []
