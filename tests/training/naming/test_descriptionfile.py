"""Descriptions of genes: read from tables and columns of var, kept in a store, and searched."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import pytest
from typer.testing import CliRunner

from training.cli import app
from training.errors import DataError
from training.export import export_atlas
from training.naming.descriptionfile import GeneDescriptions, read_descriptions
from training.naming.given import GivenFiles
from training.naming.rename import annotate_atlas
from training.store import Atlas, open_atlas, validate_store
from training.store.genes.descriptions import pick_descriptions

MYOSIN = "myosin heavy chain 7, cardiac"


@pytest.fixture(scope="module")
def atlas(small_stores: list[Path]) -> Atlas:
    return open_atlas(small_stores[0])


def read(folder: Path, atlas: Atlas, text: str, before: str = "") -> GeneDescriptions:
    (folder / "genes.tsv").write_text(text, encoding="utf-8")
    columns = dict(atlas.table("genes"))
    if before:
        columns["gene_description"] = [before] * atlas.n_genes
    return read_descriptions(folder / "genes.tsv", columns)


@pytest.mark.parametrize(
    "text",
    [
        f"MYH7\t{MYOSIN}\nNPPA\t\nNOSUCH\tunknown\nMYH7\tagain\n",
        f"gene\tdescription\nmyh7\t{MYOSIN}\nNOSUCH\tunknown\n",
        f'Gene stable ID,Gene description,Gene name\nENSG00000000000.3,"{MYOSIN}",\nX,unknown,Y\n',
        f'symbol;what it is;description\nMYH7;-;"{MYOSIN}"\nNOSUCH;-;unknown\n',
    ],
)
def test_tables_of_several_forms_are_read(tmp_path: Path, atlas: Atlas, text: str) -> None:
    found = read(tmp_path, atlas, text)
    assert found.texts == [MYOSIN] + [""] * (atlas.n_genes - 1)
    assert (found.n_described, found.n_absent, found.source) == (1, 1, "genes.tsv")
    assert found.told().startswith("descriptions of 1 of 40 genes")


def test_what_the_table_does_not_say_stays_as_it_was(tmp_path: Path, atlas: Atlas) -> None:
    found = read(tmp_path, atlas, f"gene\tdescription\nMYH7\t{MYOSIN}\n", before="of old")
    assert found.texts[:2] == [MYOSIN, "of old"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gene\tdescription\nNOSUCH\tunknown\n", "none of a gene of the atlas"),
        ("gene\tdescription\nMYH7\t" + "x" * 4001 + "\n", "a description of 4,001 characters"),
        ("gene,description\nMYH7,a,b\n", "rows with more or fewer cells"),
        ("gene,what,where\nMYH7,a,b\n", "0 columns called description among 3"),
        ("just one column\nMYH7\n", "2 lines of 1 columns"),
    ],
)
def test_a_table_with_faults_is_refused(tmp_path: Path, atlas: Atlas, text: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, atlas, text)
    assert said in str(caught.value)
    assert "expected" in str(caught.value)


def test_a_store_keeps_them_and_search_finds_their_words(tmp_path: Path, atlas: Atlas) -> None:
    (tmp_path / "genes.csv").write_text(f'MYH7,"{MYOSIN}"\nNPPA,a peptide\n', encoding="utf-8")
    out, again = tmp_path / "out.atlas.zarr", tmp_path / "again.atlas.zarr"
    options = ["annotate", str(atlas.path), "--descriptions", str(tmp_path / "genes.csv")]
    made = CliRunner().invoke(app, [*options, "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert "descriptions of 2 of 40 genes" in made.output
    assert validate_store(out) == []
    told = open_atlas(out)
    assert told.card["descriptions"] == {"source": "genes.csv", "genes": 2, "not_in_atlas": 0}
    assert told.describe_gene("myh7").description == MYOSIN
    assert [hit.name for hit in told.find_genes("Heavy Chain")] == ["MYH7"]
    assert [hit.name for hit in told.find_genes("pep")] == ["NPPA"]
    assert told.find_genes("p")[-1].name != "MYH7"
    assert told.resolve_gene("heavy chain") is None
    assert atlas.find_genes("heavy chain") == []
    assert atlas.describe_gene("MYH7").description == ""
    # Any reader of AnnData finds them where the format says.
    assert ad.read_zarr(out / "reference").var["description"]["NPPA"] == "a peptide"
    # Given once more, they are changed in their place.
    (tmp_path / "genes.csv").write_text("NPPA,natriuretic peptide A\nX,y\n", encoding="utf-8")
    annotate_atlas(out, None, again, files=GivenFiles(descriptions=tmp_path / "genes.csv"))
    assert validate_store(again) == []
    hits = {name: open_atlas(again).describe_gene(name).description for name in ("MYH7", "NPPA")}
    assert hits == {"MYH7": MYOSIN, "NPPA": "natriuretic peptide A"}


def test_a_column_of_the_slices_is_enough(tmp_path: Path, atlas: Atlas) -> None:
    data = ad.read_zarr(Path(atlas.path or "") / "reference")
    data.var["gene_description"] = [MYOSIN, *[None] * (atlas.n_genes - 1)]
    export_atlas(tmp_path / "own.atlas.zarr", data, atlas.model(), atlas.card)
    assert validate_store(tmp_path / "own.atlas.zarr") == []
    assert open_atlas(tmp_path / "own.atlas.zarr").describe_gene("MYH7").description == MYOSIN


def test_a_name_is_a_description_only_where_it_is_words_beside_symbols() -> None:
    names = ["a", "b"]
    words = {"gene_name": ["alpha one", "b"]}
    assert pick_descriptions(words.get, names) == ["", ""]
    beside = {"symbol": ["A", "B"], **words}
    assert pick_descriptions(beside.get, names) == ["alpha one", ""]
    assert pick_descriptions({**beside, "gene_name": ["A1", "B1"]}.get, names) == ["", ""]
    first = {**beside, "full_name": ["full", ""], "gene_description": ["told", ""]}
    assert pick_descriptions(first.get, names) == ["told", ""]
