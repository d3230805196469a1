"""The command line: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from training.cli import app, main
from training.store import open_atlas

COMMANDS = (
    "simulate",
    "fit",
    "info",
    "validate",
    "score",
    "export",
    "enrich",
    "extend",
    "project",
    "data",
    "benchmark",
)


class Outcome:
    """How a command ended and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def atlas_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


class Command:
    """Runs `atlas` in this process, as its console script does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Outcome:
        self.monkeypatch.setattr(sys, "argv", ["atlas", *map(str, arguments)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self.capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)


def test_every_command_explains_itself() -> None:
    runner = CliRunner()
    whole = runner.invoke(app, ["--help"])
    assert whole.exit_code == 0
    for name in COMMANDS:
        assert name in whole.output
        assert runner.invoke(app, [name, "--help"]).exit_code == 0
    names = {command.name for command in typer.main.get_command(app).commands.values()}  # type: ignore[attr-defined]
    assert set(COMMANDS) <= names


def test_the_version_is_the_distribution_s(atlas_command: Command) -> None:
    told = atlas_command("--version")
    assert (told.code, told.out.strip()) == (0, f"inspire-atlas {version('inspire-atlas')}")


def test_simulate_writes_slices_and_truth(atlas_command: Command, tmp_path: Path) -> None:
    told = atlas_command("simulate", tmp_path / "slices", "--preset", "tiny", "--seed", 4)
    assert told.code == 0
    assert "12 slices and truth.npz" in told.out
    assert len(list((tmp_path / "slices").glob("*.h5ad"))) == 12
    again = atlas_command("simulate", tmp_path / "other", "--preset", "huge")
    assert again.code == 1
    assert again.err.startswith("error: no preset 'huge'; there are: tiny, embryo")


def test_info_tells_what_an_atlas_holds(atlas_command: Command, tiny_atlas: Path) -> None:
    told = atlas_command("info", tiny_atlas)
    atlas = open_atlas(tiny_atlas)
    assert told.code == 0
    rows = dict(line.split("\t", 1) for line in told.out.splitlines() if "\t" in line)
    assert rows["atlas"] == "A tiny embryo"
    assert rows["digest"] == atlas.digest
    assert rows["spots"] == f"{atlas.n_spots:,}"
    assert rows["genes"] == "240 (240 fitted)"
    assert "organ" in rows["columns"]
    for each in atlas.slices:
        assert rows[each.name] == f"{each.stage}\t{each.time:g}\t{each.n_spots}"


def test_validate_passes_a_sound_store(atlas_command: Command, tiny_atlas: Path) -> None:
    told = atlas_command("validate", tiny_atlas)
    assert (told.code, told.err) == (0, "")
    assert "is sound" in told.out


def test_validate_names_all_faults_of_a_damaged_one(
    atlas_command: Command, tiny_atlas: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "damaged.atlas.zarr"
    shutil.copytree(tiny_atlas, copy)
    chunks = [path for path in (copy / "reference" / "obsm").rglob("*") if path.is_file()]
    chunk = max((path for path in chunks if "latent" in path.parts), key=lambda p: p.stat().st_size)
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 0xFF
    chunk.write_bytes(bytes(content))
    told = atlas_command("validate", copy)
    assert told.code == 1
    assert told.err.strip()
    assert "sound" not in told.out
    assert "Traceback" not in told.err


@pytest.mark.parametrize("command", ["info", "validate"])
def test_a_store_that_is_none_is_told(atlas_command: Command, tmp_path: Path, command: str) -> None:
    told = atlas_command(command, tmp_path / "nothing.atlas.zarr")
    assert told.code == 1
    assert "nothing.atlas.zarr" in told.err
    assert "Traceback" not in told.err


def test_score_prints_and_writes_the_same_figures(
    atlas_command: Command, tiny_atlas: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "score.json"
    told = atlas_command(
        "score", tiny_atlas, "--label", "organ", "--drop", "Gut,Liver", "--json", figures
    )
    assert told.code == 0, told.err
    result = json.loads(figures.read_text())
    assert result["label"] == "organ"
    assert result["digest"] == open_atlas(tiny_atlas).digest
    assert not {"Gut", "Liver"} & set(result["labels"])
    assert f"{result['mean']['ari_tied']:.3f}" in told.out
    wrong = atlas_command("score", tiny_atlas, "--label", "organs")
    assert wrong.code == 1
    assert "organs" in wrong.err
    assert "organ" in wrong.err.replace("organs", "")


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("factors", "factors.csv"),
        ("factors", "factors.gmt"),
        ("loadings", "loadings.csv"),
        ("latent", "latent.csv"),
        ("markers", "markers.csv"),
        ("relations", "relations.csv"),
        ("genes", "genes.csv"),
        ("reference", "reference.h5ad"),
    ],
)
def test_export_writes_by_ending(
    atlas_command: Command, tiny_atlas: Path, tmp_path: Path, what: str, name: str
) -> None:
    told = atlas_command("export", tiny_atlas, "--what", what, "--to", tmp_path / name)
    assert told.code == 0, told.err
    assert str(tmp_path / name) in told.out
    assert (tmp_path / name).stat().st_size > 1000


def test_export_refuses_another_ending(
    atlas_command: Command, tiny_atlas: Path, tmp_path: Path
) -> None:
    told = atlas_command("export", tiny_atlas, "--what", "latent", "--to", tmp_path / "l.gmt")
    assert told.code == 1
    assert "latent can be written as .csv" in told.err
    unknown = atlas_command("export", tiny_atlas, "--what", "umap", "--to", tmp_path / "u.csv")
    assert unknown.code == 2


def test_enrich_writes_a_table_and_tells_faults(
    atlas_command: Command, tiny_atlas: Path, tmp_path: Path
) -> None:
    sets, out = tmp_path / "sets.gmt", tmp_path / "rows.csv"
    genes = [weight.gene for weight in open_atlas(tiny_atlas).factor_genes(1, n=10)]
    sets.write_text("\t".join(["own", "of factor 1", *genes]) + "\n", encoding="utf-8")
    told = atlas_command("enrich", tiny_atlas, sets, "--top", 15, "--to", out)
    assert told.code == 0, told.err
    assert f"{out} written: gene sets 1, factors 16" in told.out
    assert any(line.startswith("1,own,of factor 1,10,15,10,240,") for line in out.open())
    sets.write_text("own of factor 1\n", encoding="utf-8")
    wrong = atlas_command("enrich", tiny_atlas, sets, "--to", out)
    assert wrong.code == 1
    assert "sets.gmt, line 1: found no tab" in wrong.err


def test_project_maps_a_section(
    atlas_command: Command, tiny_atlas: Path, tiny_slices: Path, tmp_path: Path
) -> None:
    section = ad.read_h5ad(tiny_slices / "E9.5_B.h5ad")
    hidden = section.var_names[:3].tolist()
    section[:, 3:].copy().write_h5ad(tmp_path / "query.h5ad")
    out, progress = tmp_path / "result.h5ad", tmp_path / "progress.jsonl"
    told = atlas_command(
        "project", tiny_atlas, tmp_path / "query.h5ad", "--out", out,
        "--impute", ",".join(hidden), "--progress-file", progress,
    )  # fmt: skip
    assert told.code == 0, told.err
    assert f"{section.n_obs} spots, 237 of 240 fitted genes" in told.out
    result = ad.read_h5ad(out)
    assert result.n_obs == section.n_obs
    about = result.uns["projection"]
    assert list(about["imputed_genes"]) == hidden
    named = f"--out result.h5ad --impute {','.join(hidden)}"
    assert about["command"] == f"atlas project {tiny_atlas.name} query.h5ad {named}"
    reports = [json.loads(line) for line in progress.read_text().splitlines()]
    assert set(reports[0]) == {"phase", "fraction", "message"}
    assert reports[-1]["phase"] == "Writing the result"
    assert reports[-1]["fraction"] == 1


def test_extend_adds_a_slice_and_says_how_it_fits(
    atlas_command: Command, tiny_atlas: Path, tiny_slices: Path, tmp_path: Path
) -> None:
    section = ad.read_h5ad(tiny_slices / "E9.5_B.h5ad")[:-9].copy()
    section.obs["slice"] = "new"
    section.obs["stage"] = "middle"
    section.write_h5ad(tmp_path / "new.h5ad")
    out = tmp_path / "more.atlas.zarr"
    told = atlas_command(
        "extend", tiny_atlas, tmp_path / "new.h5ad", "--out", out, "--set", "stages.middle=10"
    )
    assert told.code == 0, told.err
    assert told.out.splitlines()[0].startswith("slice\tstage\tspots")
    assert told.out.splitlines()[1].startswith(f"new\tmiddle\t{section.n_obs}\t240\t")
    atlas = open_atlas(out)
    assert f"{out} written, digest {atlas.digest}" in told.out
    assert [each.name for each in atlas.slices][4] == "new"
    assert "atlas extend" in atlas.card["command"]
    again = atlas_command("extend", tiny_atlas, tmp_path / "new.h5ad", "--out", out)
    assert again.code == 1
    assert "exists; choose another name" in again.err


def test_project_tells_a_faulty_section_in_words(
    atlas_command: Command, tiny_atlas: Path, tiny_slices: Path, tmp_path: Path
) -> None:
    section = ad.read_h5ad(tiny_slices / "E9.5_B.h5ad")
    by_gene = np.random.default_rng(0).uniform(0.5, 2, section.n_vars)
    section.X = section.X.multiply(by_gene).tocsr().log1p()
    section.obsm["spatial"][0] = np.nan
    section.write_h5ad(tmp_path / "query.h5ad")
    told = atlas_command(
        "project", tiny_atlas, tmp_path / "query.h5ad", "--out", tmp_path / "result.h5ad"
    )
    assert told.code == 1
    assert "error: 2 problems in the input" in told.err
    assert "not integers" in told.err
    assert "what to do:" in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "result.h5ad").exists()


def test_fit_tells_unusable_slices_and_settings(atlas_command: Command, tmp_path: Path) -> None:
    out = tmp_path / "new.atlas.zarr"
    nothing = atlas_command("fit", tmp_path / "nowhere", "--out", out)
    assert nothing.code == 1
    assert "nowhere" in nothing.err
    setting = atlas_command("fit", tmp_path, "--out", out, "--set", "train.step=5")
    assert setting.code == 1
    assert "train.step: no such setting" in setting.err
    for told in (nothing, setting):
        assert "Traceback" not in told.err
    assert not out.exists()


def test_wrong_usage_exits_with_two(atlas_command: Command) -> None:
    assert atlas_command("fit").code == 2
    assert atlas_command("no-such-command").code == 2


def test_the_installed_command_starts_without_the_heavy_libraries() -> None:
    program = (
        "import sys; from training.cli import app; "
        "heavy = {'torch', 'sklearn', 'scanpy', 'umap', 'dash', 'anndata', 'pandas', 'zarr'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(("told", "threads"), [("3", "3"), ("", "-"), ("0", "-")])
def test_numba_takes_as_many_threads_as_openmp_is_told(told: str, threads: str) -> None:
    program = (
        "import atexit, os, sys; from training.cli import main; sys.argv = ['atlas', '--version'];"
        "atexit.register(lambda: print(os.environ.get('NUMBA_NUM_THREADS', '-'))); main()"
    )
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "OMP_NUM_THREADS": told},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == threads
