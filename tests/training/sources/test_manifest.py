"""Manifests: those of the project, and what a manifest must not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from training.errors import DataError
from training.paths import manifest_folder
from training.slices.stages import number_in
from training.sources.datasets import find_converter
from training.sources.manifest import (
    Dataset,
    SourceFile,
    find_dataset,
    list_datasets,
    read_manifest,
)

COMMIT = "0" * 40
HOST = "https://raw.githubusercontent.com"


def test_the_three_data_sets_are_listed() -> None:
    names = [dataset.name for dataset in list_datasets()]
    assert names == ["her2st", "human_heart_6_5pcw", "seqfish_mouse_embryo"]


@pytest.mark.parametrize("dataset", list_datasets(), ids=lambda dataset: dataset.name)
def test_each_manifest_is_complete(dataset: Dataset) -> None:
    assert (manifest_folder() / f"{dataset.name}.toml").is_file()
    for text in (
        dataset.title,
        dataset.summary,
        dataset.organism,
        dataset.assay,
        dataset.coordinate_unit,
        dataset.licence,
        dataset.citation,
    ):
        assert text.strip()
    assert find_converter(dataset).__name__ == "convert"
    for stage in dataset.stages:
        if stage.time is not None:
            assert dataset.time_unit
            assert number_in(stage.name) == stage.time


def test_manifests_agree_with_the_mirror(real_data: Path) -> None:
    for dataset in list_datasets():
        for file in dataset.files:
            assert (real_data / "mirror" / file.path).stat().st_size == file.bytes


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(DataError, match="seqfish_mouse_embryo"):
        find_dataset("seqfish_mouse")


def test_a_manifest_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = (manifest_folder() / "her2st.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('name = "her2st"', 'name = "mine"'), encoding="utf-8")
    assert find_dataset(str(path)).name == "mine"


@pytest.mark.parametrize(
    "path",
    [
        "../../../../etc/passwd",
        "data/../../x",
        "data/./x",
        "data//x",
        "/etc/passwd",
        "data\\x",
        "data/x?token=1",
        "data/x#part",
        "",
    ],
)
def test_a_path_that_leaves_its_folder_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        SourceFile(url=f"{HOST}/o/r/{COMMIT}/{path}", sha256="0" * 64, bytes=1)


@pytest.mark.parametrize(
    "url",
    [
        f"{HOST}/../r/{COMMIT}/x",
        f"{HOST}/o/../{COMMIT}/x",
        f"{HOST}/o/r/main/x",
        f"{HOST}/o/r/{'0' * 39}/x",
        f"http://raw.githubusercontent.com/o/r/{COMMIT}/x",
        f"https://example.org/o/r/{COMMIT}/x",
        "file:" + "///etc/passwd",
    ],
)
def test_a_source_that_is_not_pinned_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        SourceFile(url=url, sha256="0" * 64, bytes=1)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_no_path_that_is_accepted_leaves_its_folder(path: str) -> None:
    try:
        file = SourceFile(url=f"{HOST}/o/r/{COMMIT}/{path}", sha256="0" * 64, bytes=1)
    except ValidationError:
        return
    root = Path("/root-of-downloads")
    assert (root / file.path).resolve().is_relative_to(root / "o" / "r" / COMMIT)


def test_a_slice_file_that_leaves_its_folder_is_refused() -> None:
    tree = find_dataset("her2st").model_dump()
    tree["slices"][0]["file"] = "../A1"
    with pytest.raises(ValidationError):
        Dataset.model_validate(tree)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"converter": 3}, "converter"),
        ({"colour": "red"}, "colour"),
        ({"stages": []}, "stages"),
        ({"stages": [{"name": "other"}]}, "is not in stages"),
    ],
)
def test_faults_of_a_manifest_are_located(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    tree = find_dataset("seqfish_mouse_embryo").model_dump() | change
    path = tmp_path / "x.toml"
    path.write_text(_toml(tree), encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(path)
    assert str(path) in str(caught.value)


def test_a_manifest_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(DataError, match="TOML"):
        read_manifest(path)


def test_an_unknown_converter_is_told() -> None:
    dataset = find_dataset("her2st").model_copy(update={"converter": "none"})
    with pytest.raises(DataError, match="human_heart"):
        find_converter(dataset)


def _toml(tree: dict[str, Any]) -> str:
    import json

    lines = [f"{key} = {json.dumps(v)}" for key, v in tree.items() if not _is_tables(v)]
    for key, value in tree.items():
        for table in value if _is_tables(value) else ():
            lines.append(f"[[{key}]]")
            lines += [f"{k} = {json.dumps(v)}" for k, v in table.items() if v is not None]
    return "\n".join(lines)


def _is_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict)
