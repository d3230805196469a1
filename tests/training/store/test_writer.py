"""A store appears whole or not at all, whatever happens to its writer."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.export import write_anndata
from training.store import ModelPart, StoreError, create_atlas, open_atlas, validate_store

# A writer in a process of its own, so that it can be killed or starved for real.
CHILD = """
import os, resource, signal, sys
from pathlib import Path
from training.store import ModelPart, StoreError, create_atlas
source, target, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
def write(folder):
    import shutil
    shutil.copytree(source / "reference", folder)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "starved":
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    create_atlas(target, write_reference=write, model=ModelPart({}, {}), card={}, overwrite=True)
except StoreError as fault:
    print(fault)
    sys.exit(1)
"""


def run_child(source: Path, target: Path, how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(source), str(target), how],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def copy_reference(source: Path) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        shutil.copytree(source / "reference", folder)

    return write


def test_same_content_has_the_same_digest(
    pristine: Path, tmp_path: Path, write_store: Callable[..., str]
) -> None:
    digest = write_store(tmp_path / "again.atlas.zarr", card={"finished": "later"})
    assert digest == open_atlas(pristine).digest
    other = write_store(tmp_path / "other.atlas.zarr", model=ModelPart({}, {"n": 1}))
    assert other != digest


def test_killed_writer_leaves_nothing_under_the_name(pristine: Path, tmp_path: Path) -> None:
    target = tmp_path / "killed.atlas.zarr"
    assert run_child(pristine, target, "killed").returncode == -signal.SIGKILL
    assert not target.exists()
    leftovers = list(tmp_path.iterdir())
    assert [p.name.startswith(".killed.atlas.zarr.") for p in leftovers] == [True]
    assert leftovers[0].name.endswith(".partial")
    create_atlas(target, write_reference=copy_reference(pristine), model=ModelPart({}, {}), card={})
    assert validate_store(target) == []


def test_killed_overwriter_leaves_the_old_store(copy: Path, pristine: Path) -> None:
    assert run_child(pristine, copy, "killed").returncode == -signal.SIGKILL
    assert validate_store(copy) == []
    assert open_atlas(copy).digest == open_atlas(pristine).digest


def test_a_full_disk_is_named_and_cleaned_up(pristine: Path, tmp_path: Path) -> None:
    done = run_child(pristine, tmp_path / "full.atlas.zarr", "starved")
    assert done.returncode == 1, done.stderr
    assert "no room" in done.stdout
    assert "free some space" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_no_space_behind_another_error_is_found(pristine: Path, tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as fault:
            raise ValueError("writing failed") from fault

    with pytest.raises(StoreError, match="No space left"):
        create_atlas(
            tmp_path / "x.atlas.zarr", write_reference=write, model=ModelPart({}, {}), card={}
        )
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_the_caller_is_passed_on_and_cleaned_up(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        folder.mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_atlas(
            tmp_path / "x.atlas.zarr", write_reference=write, model=ModelPart({}, {}), card={}
        )
    assert list(tmp_path.iterdir()) == []


def test_an_existing_store_is_kept_unless_told(copy: Path, write_store: Callable[..., str]) -> None:
    before = open_atlas(copy).digest
    with pytest.raises(StoreError, match="already there"):
        write_store(copy)
    assert open_atlas(copy).digest == before
    after = write_store(copy, model=ModelPart({}, {"new": 1}), overwrite=True)
    assert after != before
    assert open_atlas(copy).digest == after
    assert [p.name for p in copy.parent.iterdir()] == [copy.name]


def test_a_damaged_store_may_be_overwritten(copy: Path, write_store: Callable[..., str]) -> None:
    shutil.rmtree(copy / "view")
    write_store(copy, overwrite=True)
    assert validate_store(copy) == []


@pytest.mark.parametrize("kind", ["folder", "file", "zarr"])
def test_what_is_no_atlas_is_never_overwritten(
    kind: str, pristine: Path, tmp_path: Path, write_store: Callable[..., str]
) -> None:
    target = tmp_path / "mine.atlas.zarr"
    if kind == "file":
        target.write_text("thesis")
    elif kind == "folder":
        target.mkdir()
        (target / "thesis.txt").write_text("years of work")
    else:
        shutil.copytree(pristine / "reference", target)
    before = sorted(p.relative_to(target) for p in target.rglob("*"))
    with pytest.raises(StoreError, match="not an atlas store"):
        write_store(target, overwrite=True)
    assert sorted(p.relative_to(target) for p in target.rglob("*")) == before


@pytest.mark.parametrize("name", ["heart.zarr", "heart", ".atlas.zarr"])
def test_the_name_must_end_as_it_should(
    name: str, tmp_path: Path, write_store: Callable[..., str]
) -> None:
    with pytest.raises(StoreError, match=r"a name ending in \.atlas\.zarr"):
        write_store(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_made(tmp_path: Path, write_store: Callable[..., str]) -> None:
    write_store(tmp_path / "a" / "b" / "c.atlas.zarr")
    assert open_atlas(tmp_path / "a" / "b" / "c.atlas.zarr").n_genes == 8


def test_a_link_to_a_store_is_written_through(
    copy: Path, tmp_path: Path, write_store: Callable[..., str]
) -> None:
    link = tmp_path / "link.atlas.zarr"
    link.symlink_to(copy)
    digest = write_store(link, model=ModelPart({}, {"through": True}), overwrite=True)
    assert link.is_symlink()
    assert open_atlas(copy).digest == digest


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": np.array([{}], dtype=object)}, "dtype object"),
        ({"a": np.array(["2020-01-01"], dtype="datetime64[D]")}, "dtype datetime64"),
        ({"a": np.zeros(2, dtype=[("x", "f4")])}, "numbers, booleans"),
        ({"../a": np.zeros(2)}, "letters, digits"),
        ({"a/b": np.zeros(2)}, "letters, digits"),
        ({".a": np.zeros(2)}, "letters, digits"),
        ({"zarr.json": np.zeros(2)}, "letters, digits"),
        ({"": np.zeros(2)}, "letters, digits"),
    ],
)
def test_arrays_that_cannot_be_plain_are_refused(
    arrays: dict[str, Any], words: str, tmp_path: Path, write_store: Callable[..., str]
) -> None:
    with pytest.raises(StoreError, match=words):
        write_store(tmp_path / "x.atlas.zarr", model=ModelPart(arrays, {}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("card", [{"when": object()}, {"deep": [{"er": {1: 2}}]}])
def test_a_card_must_be_json(
    card: dict[str, Any], tmp_path: Path, write_store: Callable[..., str]
) -> None:
    with pytest.raises(StoreError, match=r"\(card\)"):
        write_store(tmp_path / "x.atlas.zarr", card=card)


def test_slices_must_be_contiguous(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    source = make_atlas()
    order = np.r_[0:5, 20:40, 5:20]
    with pytest.raises(StoreError, match="several places"):
        write_store(tmp_path / "x.atlas.zarr", source[order].copy())


def test_a_slice_has_one_stage(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    source = make_atlas()
    source.obs.loc[source.obs_names[3], "stage"] = "late"
    with pytest.raises(StoreError, match="one stage and one time"):
        write_store(tmp_path / "x.atlas.zarr", source)


def test_an_unknown_time_is_none(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    source = make_atlas()
    source.obs["time"] = np.nan
    write_store(tmp_path / "x.atlas.zarr", source)
    atlas = open_atlas(tmp_path / "x.atlas.zarr")
    assert [s.time for s in atlas.slices] == [None, None]
    assert [s.time for s in atlas.stages] == [None, None]


def test_a_reference_in_the_wrong_form_is_refused(
    tmp_path: Path, make_atlas: Callable[..., Any]
) -> None:
    with pytest.raises(StoreError, match="CSC"):
        create_atlas(
            tmp_path / "x.atlas.zarr",
            write_reference=lambda folder: write_anndata(folder, make_atlas()),
            model=ModelPart({}, {}),
            card={},
        )
    assert list(tmp_path.iterdir()) == []
