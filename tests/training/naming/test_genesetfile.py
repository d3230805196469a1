"""Gene sets of the builder: read from GMT files, kept in a store, tested and taken out again."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
import zarr
from typer.testing import CliRunner

from training.cli import app
from training.downstream.genesets import read_gmt
from training.errors import AtlasError, DataError
from training.naming.genesetfile import read_gene_sets
from training.naming.given import GivenFiles
from training.naming.rename import annotate_atlas
from training.store import Atlas, open_atlas, validate_store

HEART = "HEART BEAT\thttps://example.org/heart\tMYH7\tnppa\tNOSUCH\tENSG00000000000.4"
BRAIN = "BRAIN\t\tSOX2\tNOSUCH\tNADA"


@pytest.fixture(scope="module")
def atlas(small_stores: list[Path]) -> Atlas:
    return open_atlas(small_stores[0])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("gmt")
    (folder / "a.gmt").write_text(f"{HEART}\nFAR\tof a fish\tzgc1\n", encoding="utf-8")
    (folder / "b.gmt").write_text(f"{BRAIN}\n", encoding="utf-8")
    return folder / "a.gmt", folder / "b.gmt"


@pytest.fixture(scope="module")
def given(atlas: Atlas, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("given") / "given.atlas.zarr"
    annotate_atlas(atlas.path or "", None, out, files=GivenFiles(gene_sets=files))
    return out


def test_genes_are_found_by_any_name_and_others_counted(
    atlas: Atlas, files: tuple[Path, Path]
) -> None:
    found = read_gene_sets(files, atlas.table("genes"))
    heart, brain = found.sets
    # The Ensembl id is that of MYH7 again.
    assert (heart.name, heart.genes, heart.absent) == ("HEART BEAT", ("MYH7", "NPPA"), ("NOSUCH",))
    assert (brain.source, brain.genes, brain.absent) == ("b.gmt", ("SOX2",), ("NOSUCH", "NADA"))
    assert (found.n_genes, found.n_absent, found.n_empty) == (3, 2, 1)
    assert "2 gene sets with 3 genes of the atlas; names in them" in found.told()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HEART no tabs\nBRAIN\t\tSOX2", "line 1: found no tab"),
        ("A\t\tSOX2\n\n\tx\tSOX2\nB\tx", "line 4: found set 'B' without genes"),
        ("A~gene:B\t\tSOX2", "a name without ~ and control characters"),
        ("N" * 201 + "\t\tSOX2", "1 to 200 characters"),
        ("A\t" + "d" * 2001 + "\tSOX2", "a description of 2,001 characters"),
        ("HEART\t\tzgc1\tzgc2", "none with a gene of the atlas; expected genes named like MYH7"),
        ("", "no gene set"),
    ],
)
def test_a_file_with_faults_is_refused(tmp_path: Path, atlas: Atlas, text: str, said: str) -> None:
    (tmp_path / "sets.gmt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_gene_sets([tmp_path / "sets.gmt"], atlas.table("genes"))
    assert said in str(caught.value)
    assert "expected" in str(caught.value)


def test_the_faults_of_all_files_are_told_together(tmp_path: Path, atlas: Atlas) -> None:
    (tmp_path / "one.gmt").write_text("A\t\tSOX2", encoding="utf-8")
    (tmp_path / "two.gmt").write_text("A\t\tALB", encoding="utf-8")
    (tmp_path / "bad.gmt").write_bytes(b"\x1f\x8b\xff")
    paths = [tmp_path / f"{name}.gmt" for name in ("one", "two", "bad")]
    with pytest.raises(DataError) as caught:
        read_gene_sets(paths, atlas.table("genes"))
    assert "a set of " in str(caught.value)
    assert "one.gmt with the same name" in str(caught.value)
    assert "not UTF-8" in str(caught.value)


def test_a_store_keeps_the_sets(atlas: Atlas, given: Path, files: tuple[Path, Path]) -> None:
    assert validate_store(given) == []
    opened = open_atlas(given)
    assert opened.gene_sets == read_gene_sets(files, atlas.table("genes")).sets
    assert opened.card["gene_sets"] == {
        "sources": ["a.gmt", "b.gmt"],
        "sets": 2,
        "genes": 3,
        "not_in_atlas": 2,
        "left_out": 1,
    }
    assert opened.card["names"][0]["source"] == "a.gmt"
    assert atlas.gene_sets == []
    assert opened.digest != atlas.digest


def test_later_sets_take_the_place_of_earlier_ones(
    given: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "again.atlas.zarr"
    annotate_atlas(given, None, out, files=GivenFiles(gene_sets=files[1:]))
    assert [each.name for each in open_atlas(out).gene_sets] == ["BRAIN"]
    assert open_atlas(out).card["gene_sets"]["sources"] == ["b.gmt"]
    assert validate_store(out) == []


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("name", "BRAIN", "names that occur twice"),
        ("name", "A~B", "a name without ~"),
        ("genes", "MYH7\tNOSUCH", "['NOSUCH'] in set"),
        ("genes", "MYH7\tMYH7", "genes of this atlas, each once"),
        ("genes", "", "genes of this atlas, each once"),
    ],
)
def test_a_damaged_table_is_told(
    given: Path, tmp_path: Path, column: str, value: str, said: str
) -> None:
    out = tmp_path / "damaged.atlas.zarr"
    shutil.copytree(given, out)
    array = zarr.open_array(out / "reference" / "uns" / "gene_sets" / column, mode="r+")
    array[0] = value
    assert any(said in str(fault) for fault in validate_store(out))


def test_commands_take_test_and_export_the_sets(
    atlas: Atlas, files: tuple[Path, Path], tmp_path: Path
) -> None:
    run = CliRunner()
    out, table, back = (tmp_path / name for name in ("out.atlas.zarr", "sets.csv", "sets.gmt"))
    options = [word for path in files for word in ("--gene-sets", str(path))]
    made = run.invoke(app, ["annotate", str(atlas.path), *options, "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert "names in them that the atlas does not have: 2" in made.output
    assert "sets left out, as it has none of their genes: 1" in made.output
    assert "gene sets\t2\n" in run.invoke(app, ["info", str(out)]).output
    assert run.invoke(app, ["enrich", str(out), "--to", str(table)]).exit_code == 0
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert {row["set"] for row in rows} == {"HEART BEAT", "BRAIN"}
    exported = run.invoke(app, ["export", str(out), "--what", "sets", "--to", str(back)])
    assert exported.exit_code == 0
    assert [(s.name, s.genes) for s in read_gmt(back)] == [
        (s.name, s.genes) for s in open_atlas(out).gene_sets
    ]
    without = run.invoke(app, ["enrich", str(atlas.path), "--to", str(table)])
    assert isinstance(without.exception, AtlasError)
    assert "brings no gene sets" in str(without.exception)
