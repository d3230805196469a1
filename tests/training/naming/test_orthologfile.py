"""Tables of orthologs: pairs that are read from a good one, and what is wrong with a bad one."""

from __future__ import annotations

import runpy
from pathlib import Path

import pandas as pd
import pytest

from training.errors import AtlasError, DataError
from training.mapping.reading.genematching import match_genes
from training.naming.given import GivenFiles
from training.naming.orthologfile import OrthologTable, read_ortholog_table
from training.naming.rename import annotate_atlas
from training.store import Atlas, open_atlas, validate_store

SMALL = runpy.run_path(str(Path(__file__).parents[2] / "atlas_app" / "small_atlas.py"))
GENES = SMALL["GENES"]
HUMAN = [f"ENSG{i:011d}" for i in range(len(GENES))]
MOUSE = [f"ENSMUSG{i + 500:011d}" for i in range(len(GENES))]


@pytest.fixture(scope="module")
def atlas(small_stores: list[Path]) -> Atlas:
    return open_atlas(small_stores[0])


def rows() -> list[list[str]]:
    """Every gene of the atlas, under another name in the mouse."""
    return [
        [gene, human, f"Mm{i}", mouse]
        for i, (gene, human, mouse) in enumerate(zip(GENES, HUMAN, MOUSE, strict=True))
    ]


HEADER = ["human_symbol", "human_ensembl_id", "mouse_symbol", "mouse_ensembl_id"]


def read(folder: Path, atlas: Atlas, table: list[list[str]], mark: str = ",") -> OrthologTable:
    path = folder / "orthologs.csv"
    path.write_text("".join(mark.join(row) + "\n" for row in table), encoding="utf-8")
    return read_ortholog_table(path, atlas.table("genes"))


def test_pairs_are_read_and_those_of_several_set_aside(tmp_path: Path, atlas: Atlas) -> None:
    table = rows()
    table[1][2:] = table[0][2:]  # one mouse gene of two human ones
    table += [
        [GENES[5], HUMAN[5], "Second", "ENSMUSG00000000001"],  # a second one of GENES[5]
        ["UNKNOWN", "ENSG99999999999", "Unknown", "ENSMUSG00000000002"],
        [GENES[7], HUMAN[7], "", ""],
        table[8],
    ]
    found = read(tmp_path, atlas, [HEADER, *table])
    assert found.organism == "mouse"
    assert found.genes == [gene for i, gene in enumerate(GENES) if i not in (0, 1, 5)]
    assert found.symbols[0] == "Mm2"
    assert (found.n_set_aside, found.n_absent) == (4, 1)
    assert "37 one-to-one orthologs of mouse; set aside 4 pairs" in found.told()


@pytest.mark.parametrize(
    ("header", "columns", "mark"),
    [
        (["mouse", "human"], [2, 0], "\t"),
        (["Mouse gene stable ID", "Human gene stable ID"], [3, 1], ";"),
        (["Gene name", "Mouse gene stable ID", "Mouse homology type"], [0, 3, 2], ","),
    ],
    ids=["symbols", "ids", "BioMart"],
)
def test_headers_of_common_tables_are_understood(
    tmp_path: Path, atlas: Atlas, header: list[str], columns: list[int], mark: str
) -> None:
    table = [header, *([row[c] for c in columns] for row in rows())]
    found = read(tmp_path, atlas, table, mark)
    assert (found.organism, found.genes) == ("mouse", GENES)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([["mouse", "human"]], "found 1 lines of 2 columns"),
        ([["mouse"], ["Mm1"]], "found 2 lines of 1 columns"),
        ([HEADER, ["a", "b"]], "found 1 rows with more or fewer cells than the header"),
        ([["human_symbol", "note_of_some_kind"], ["MYH7", "x"]], "columns of 1 organisms: human"),
        ([["mouse", "human", "fish"], ["a", "MYH7", "b"]], "columns of 3 organisms"),
        ([["mouse", "mouse_symbol", "human"], ["a", "b", "MYH7"]], "two columns of one organism"),
        ([["mouse", "human"], ["Mm1", "NOSUCH"]], "none of its 1 rows with a gene of the atlas"),
        ([["mouse", "human"], ["MYH7", "NPPA"]], "as many genes of the atlas (1) in the columns"),
        ([["mouse", "human"], ["Mm1", "MYH7"], ["Mm1", "NPPA"]], "none is of a gene of the atlas"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_clear_error(
    tmp_path: Path, atlas: Atlas, table: list[list[str]], said: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, atlas, table)
    assert said in str(caught.value)
    assert "expected" in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path, atlas: Atlas) -> None:
    (tmp_path / "table.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("table.csv", "nosuch.csv"):
        with pytest.raises(DataError, match="no readable text"):
            read_ortholog_table(tmp_path / name, atlas.table("genes"))


def test_a_store_keeps_the_table_and_finds_genes_by_it(tmp_path: Path, atlas: Atlas) -> None:
    path = tmp_path / "orthologs.csv"
    path.write_text("\n".join(",".join(row) for row in [HEADER, *rows()]), encoding="utf-8")
    out = tmp_path / "both.atlas.zarr"
    with pytest.raises(AtlasError, match="nothing to write"):
        annotate_atlas(atlas.path, None, out)
    annotate_atlas(atlas.path, None, out, files=GivenFiles(orthologs=path))
    assert validate_store(out) == []
    both = open_atlas(out)
    assert both.card["orthologs"] == {
        "organism": "mouse",
        "source": "orthologs.csv",
        "pairs": 40,
        "set_aside": 0,
        "not_in_atlas": 0,
    }
    assert both.annotations == {}
    assert atlas.orthologs is None

    ids = pd.DataFrame(index=[f"{name.lower()}.3" for name in MOUSE])
    columns, genes, found_in = match_genes(ids, both)
    assert (columns.tolist(), genes) == (list(range(40)), GENES)
    assert found_in == "gene names: orthologs of mouse, by Ensembl ids"
    assert match_genes(ids, atlas)[1] == []
    symbols = pd.DataFrame(
        {"id": [f"mm{i}" for i in range(40)]}, index=[f"p{i}" for i in range(40)]
    )
    assert match_genes(symbols, both)[2] == "var['id']: orthologs of mouse, by symbols"
    # The atlas's own names go on being found directly.
    assert match_genes(pd.DataFrame(index=GENES), both)[2] == "gene names: symbols"
