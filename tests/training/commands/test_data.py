"""`atlas data` as a user types it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from training.commands.data import data_app
from training.commands.terminal import size_text
from training.errors import DataError

COMMIT = "a" * 40
CONTENT = b"counts\n" * 100


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data_app, [str(argument) for argument in arguments])


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of one file, and a mirror that holds it."""
    relative = f"owner/repo/{COMMIT}/data/x.tsv"
    target = tmp_path / "mirror" / relative
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    texts = {
        key: f"some {key}"
        for key in (
            "title",
            "summary",
            "organism",
            "assay",
            "coordinate_unit",
            "time_unit",
            "licence",
            "citation",
        )
    }
    lines = [
        'name = "mine"',
        'converter = "her2st"',
        *(f"{key} = {json.dumps(text)}" for key, text in texts.items()),
        "[[stages]]",
        'name = "E9.5"',
        "time = 9.5",
        "[[slices]]",
        'name = "A1"\nfile = "A1"\nstage = "E9.5"\ndonor = "d"\nsection = 1',
        "[[files]]",
        f'url = "https://raw.githubusercontent.com/{relative}"',
        f'sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"',
        f"bytes = {len(CONTENT)}",
    ]
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_list_is_a_plain_table_when_piped() -> None:
    shown = run("list")
    assert shown.exit_code == 0
    rows = [line.split("\t") for line in shown.output.splitlines()]
    assert rows[0][0] == "name"
    assert [row[0] for row in rows[1:]] == ["her2st", "human_heart_6_5pcw", "seqfish_mouse_embryo"]
    assert {len(row) for row in rows} == {len(rows[0])}


def test_show_gives_description_stages_and_files(manifest: Path) -> None:
    output = run("show", manifest).output
    assert "licence\tsome licence" in output
    assert "A1\tE9.5\t9.5\td" in output
    assert hashlib.sha256(CONTENT).hexdigest() in output


def test_show_of_every_data_set() -> None:
    for name in ("her2st", "human_heart_6_5pcw", "seqfish_mouse_embryo"):
        shown = run("show", name)
        assert shown.exit_code == 0
        assert "citation\t" in shown.output


def test_fetch_from_a_mirror_then_verify(manifest: Path, tmp_path: Path) -> None:
    shown = run("fetch", manifest, "--to", tmp_path / "to", "--mirror", tmp_path / "mirror")
    assert shown.exit_code == 0, shown.output
    assert "1 from the mirror" in shown.output
    assert (tmp_path / "to" / "owner/repo" / COMMIT / "data/x.tsv").read_bytes() == CONTENT
    again = run("fetch", manifest, "--to", tmp_path / "to", "--mirror", tmp_path / "mirror")
    assert "1 already there" in again.output
    verified = run("verify", manifest, tmp_path / "to")
    assert verified.exit_code == 0
    assert "all checksums right" in verified.output


def test_a_wrong_checksum_fails_verify(manifest: Path, tmp_path: Path) -> None:
    path = tmp_path / "mirror/owner/repo" / COMMIT / "data/x.tsv"
    path.write_bytes(CONTENT[::-1])
    shown = run("verify", manifest, tmp_path / "mirror")
    assert shown.exit_code == 1
    assert isinstance(shown.exception, DataError)
    assert "sha256" in str(shown.exception)
    assert path.exists()


def test_an_unknown_data_set_fails() -> None:
    shown = run("fetch", "her2", "--to", "nowhere")
    assert shown.exit_code == 1
    assert "her2st" in str(shown.exception)
    assert not Path("nowhere").exists()


def test_convert_of_what_is_not_fetched_says_how_to_fetch(manifest: Path, tmp_path: Path) -> None:
    shown = run("convert", manifest, tmp_path / "absent", "--to", tmp_path / "slices")
    assert shown.exit_code == 1
    assert "atlas data fetch" in str(shown.exception)


def test_fetch_and_convert_real_files(real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rdata")
    name = "seqfish_mouse_embryo"
    fetched = run("fetch", name, "--to", tmp_path / "raw", "--mirror", real_data / "mirror")
    assert fetched.exit_code == 0, fetched.output
    shown = run("convert", name, tmp_path / "raw", "--to", tmp_path / "slices")
    assert shown.exit_code == 0, shown.output
    assert "embryo1.h5ad: 2,025 spots x 351 genes" in shown.output
    assert sorted(path.name for path in (tmp_path / "slices").iterdir()) == [
        "embryo1.h5ad",
        "embryo2.h5ad",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (4_065_923, "4.1 MB"), (999_600, "1.0 MB"), (10**15, "1000.0 TB")],
)
def test_sizes_are_short(count: int, text: str) -> None:
    assert size_text(count) == text
