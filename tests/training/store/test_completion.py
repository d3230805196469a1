"""Which store at the place of a fit is the end of that very fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from training.completion import describe_origin, find_complete
from training.config import Config, load_config

Write = Callable[..., str]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings that name a file of every kind."""
    named = {"atlas.names": "names.toml", "atlas.descriptions": "texts.tsv"}
    named["genes.orthologs"] = "orthologs.tsv"
    for name in (*named.values(), "one.gmt", "two.gmt"):
        (tmp_path / name).write_text(f"what {name} holds\n")
    settings = [f"{key}={tmp_path / name}" for key, name in named.items()]
    sets = f'atlas.gene_sets=["{tmp_path / "one.gmt"}", "{tmp_path / "two.gmt"}"]'
    return load_config(None, [*settings, sets])


def test_a_store_is_the_end_of_the_fit_whose_note_it_follows(
    tmp_path: Path, config: Config, write_store: Write
) -> None:
    out, note = tmp_path / "heart.atlas.zarr", tmp_path / "identity.json"
    origin = describe_origin("abc", config)
    digest = write_store(out, card={"made_of": origin})
    assert find_complete(out, origin, note) == digest
    note.write_text("{}")
    written = (out / "zarr.json").stat().st_mtime_ns
    os.utime(note, ns=(written - 1, written - 1))
    assert find_complete(out, origin, note) == digest
    os.utime(note, ns=(written + 1, written + 1))
    assert find_complete(out, origin, note) == ""


@pytest.mark.parametrize("part", ["slices", "settings", "files", "version"])
def test_a_store_of_anything_else_is_no_end(
    tmp_path: Path, config: Config, write_store: Write, part: str
) -> None:
    out = tmp_path / "heart.atlas.zarr"
    origin = describe_origin("abc", config)
    assert origin[part]
    write_store(out, card={"made_of": {**origin, part: "other"}})
    assert find_complete(out, origin, tmp_path / "identity.json") == ""


@pytest.mark.parametrize("name", ["names.toml", "texts.tsv", "orthologs.tsv", "one.gmt", "two.gmt"])
def test_what_files_hold_is_part_of_what_was_fitted(
    tmp_path: Path, config: Config, name: str
) -> None:
    before = describe_origin("abc", config)
    assert describe_origin("abc", config) == before
    (tmp_path / name).write_text("corrected\n")
    after = describe_origin("abc", config)
    assert [key for key in before if after[key] != before[key]] == ["files"]
