"""Genes are found by whatever people call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from training.store import open_atlas
from training.store.genes.search import GeneIndex, without_version

NAMES = ["ENSG00000092054", "ENSG00000197616.12", "MYL7", "Myl7b", "RP11-34P13.7", "amyl1"]
SYMBOLS = ["MYH7", "MYH6", "", "", "", "MYH7"]
IDS = ["", "", "ENSG00000106631.9", "", "", "ENSMUSG00000000001"]
FITTED = [True, False, True, False, True, True]


@pytest.fixture
def index() -> GeneIndex:
    return GeneIndex(NAMES, SYMBOLS, IDS, FITTED)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("MYL7", "MYL7"),
        ("myl7", "MYL7"),
        (" Myl7 ", "MYL7"),
        ("ENSG00000092054", "ENSG00000092054"),
        ("ensg00000092054.99", "ENSG00000092054"),
        ("ENSG00000197616", "ENSG00000197616.12"),
        ("ENSG00000197616.3", "ENSG00000197616.12"),
        ("ENSG00000106631", "MYL7"),
        ("myh6", "ENSG00000197616.12"),
        ("RP11-34P13.7", "RP11-34P13.7"),
        ("RP11-34P13", None),
        ("MYH7", None),
        ("", None),
        ("nothing", None),
    ],
)
def test_resolve(index: GeneIndex, asked: str, found: str | None) -> None:
    assert index.resolve(asked) == found


def test_two_genes_that_differ_in_case_are_told_apart() -> None:
    mixed = GeneIndex(["MYH7", "Myh7"], ["", ""], ["", ""], [True, True])
    assert mixed.resolve("MYH7") == "MYH7"
    assert mixed.resolve("Myh7") == "Myh7"
    assert mixed.resolve("myh7") is None


def test_exact_matches_come_before_prefixes_before_parts(index: GeneIndex) -> None:
    assert [hit.name for hit in index.find("myl7", 20)] == ["MYL7", "Myl7b"]
    assert [hit.name for hit in index.find("myl", 20)] == ["MYL7", "Myl7b", "amyl1"]
    assert [hit.name for hit in index.find("myh", 20)] == [
        "amyl1", "ENSG00000092054", "ENSG00000197616.12",
    ]  # fmt: skip
    assert [hit.name for hit in index.find("myl", 1)] == ["MYL7"]
    assert index.find("zzz", 20) == []
    assert len(index.find("", 20)) == len(NAMES)
    assert index.find("myl", 0) == []


def test_hits_carry_symbol_id_and_whether_fitted(index: GeneIndex) -> None:
    hit = index.find("ENSG00000197616.7", 5)[0]
    assert (hit.name, hit.symbol, hit.ensembl_id, hit.fitted) == (
        "ENSG00000197616.12", "MYH6", "ENSG00000197616.12", False,
    )  # fmt: skip


def test_closest_names(index: GeneIndex) -> None:
    assert index.closest("MYL77", 2) == ["MYL7", "Myl7b"]
    assert len(index.closest("", 5)) == 5
    assert len(index.closest("x" * 100_000, 5)) == 5


def test_versions_are_cut_only_from_ensembl_ids() -> None:
    assert without_version("ENSMUSG00000051951.5") == "ENSMUSG00000051951"
    assert without_version("AC012345.6") == "AC012345.6"


def test_columns_of_var_are_searched(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    source = make_atlas(genes=["g1", "g2", "g3"])
    source.var["gene_name"] = pd.Categorical(["MYH7", None, "PAX6"])
    source.var["gene_ids"] = ["ENSG00000092054.13", "", "ENSG00000007372"]
    path = tmp_path / "ids.atlas.zarr"
    write_store(path, source)
    atlas = open_atlas(path)
    assert atlas.resolve_gene("pax6") == "g3"
    assert atlas.resolve_gene("ENSG00000092054") == "g1"
    assert [(h.name, h.symbol, h.ensembl_id) for h in atlas.find_genes("g2")] == [("g2", "", "")]
    assert (atlas.counts("MYH7") == atlas.counts("g1")).all()
