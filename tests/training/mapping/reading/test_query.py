"""What a query may be like, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from training.errors import DataError, Problem
from training.mapping.encoding.parameters import Parameters, unpack_model
from training.mapping.reading.query import Query, match_genes, read_query
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def parameters(atlas: Atlas) -> Parameters:
    return unpack_model(atlas.model())


@pytest.fixture
def section(tiny_slices: Path) -> ad.AnnData:
    return ad.read_h5ad(tiny_slices / "E12.5_A.h5ad")


Read = Callable[[ad.AnnData], Query]


@pytest.fixture
def read(atlas: Atlas, parameters: Parameters, tmp_path: Path) -> Read:
    def write_and_read(data: ad.AnnData) -> Query:
        data.write_h5ad(tmp_path / "query.h5ad")
        return read_query(tmp_path / "query.h5ad", atlas, parameters.genes)

    return write_and_read


def only_problem(caught: pytest.ExceptionInfo[DataError]) -> Problem:
    (problem,) = caught.value.problems
    return problem


def test_a_query_is_read_as_it_is(section: ad.AnnData, read: Read) -> None:
    query = read(section)
    np.testing.assert_array_equal(query.counts.toarray(), section.X.toarray())
    assert query.obs.index.tolist() == section.obs_names.tolist()
    assert list(query.obs) == list(section.obs)
    np.testing.assert_array_equal(query.positions, section.obsm["spatial"])
    assert query.genes == section.var_names.tolist()
    assert query.columns.tolist() == list(range(section.n_vars))
    assert (query.convention, query.warnings) == ("gene names: symbols", [])
    assert (query.slices == 0).all()


def test_counts_of_genes_are_not_copied(section: ad.AnnData, read: Read) -> None:
    query = read(section)
    assert query.counts_of(query.genes).whole() is query.counts
    some = query.genes[5:2:-1]
    found, expected = query.counts_of(some), section[:, some].to_memory().X.toarray()
    assert found.matrix is query.counts
    np.testing.assert_array_equal(found.whole().toarray(), expected)


def versioned(names: pd.Index) -> list[str]:
    return [f"{name}.7" for name in names]


@pytest.mark.parametrize(
    ("rename", "kind"),
    [
        (lambda s: s.var_names.str.upper(), "symbols, in upper case"),
        (lambda s: s.var_names.str.lower(), "symbols, in lower case"),
        (lambda s: s.var["ensembl_id"], "Ensembl ids"),
        (lambda s: s.var["ensembl_id"].str.lower(), "Ensembl ids, in lower case"),
        (lambda s: versioned(s.var["ensembl_id"]), "Ensembl ids with version"),
    ],
    ids=["upper", "lower", "ensembl", "ensembl lower", "ensembl version"],
)
def test_names_match_in_any_convention(
    section: ad.AnnData, read: Read, rename: Callable[[ad.AnnData], list[str]], kind: str
) -> None:
    genes = section.var_names.tolist()
    section.var_names = list(rename(section))
    section.var = section.var[[]]
    query = read(section)
    assert query.genes == genes
    assert query.convention == f"gene names: {kind}"
    assert query.var.index.tolist() == section.var_names.tolist()


def test_names_are_found_in_a_column_too(section: ad.AnnData, read: Read) -> None:
    genes = section.var_names.tolist()
    section.var["symbol"] = genes
    section.var["ensembl_id"] = "unknown"
    section.var_names = [f"probe_{i}" for i in range(section.n_vars)]
    query = read(section)
    assert query.genes == genes
    assert query.convention == "var['symbol']: symbols"


def test_one_atlas_gene_is_matched_once(atlas: Atlas) -> None:
    var = pd.DataFrame(index=[atlas.genes[3], atlas.genes[3].upper(), "nothing", atlas.genes[0]])
    columns, genes, _ = match_genes(var, atlas)
    assert columns.tolist() == [0, 3]
    assert genes == [atlas.genes[3], atlas.genes[0]]


def test_several_sections_are_told_apart(section: ad.AnnData, read: Read) -> None:
    section.obs["slice"] = np.where(np.arange(section.n_obs) % 2, "right", "left")
    assert read(section).slices.tolist() == [i % 2 for i in range(section.n_obs)]


def test_small_sections_of_several_are_named(section: ad.AnnData, read: Read) -> None:
    section.obs["slice"] = np.where(np.arange(section.n_obs) < 12, "small", "large")
    warnings = "\n".join(read(section).warnings)
    assert (
        "too small to estimate how their technology differs from the atlas's: small (12)"
        in warnings
    )


def test_a_slice_column_with_gaps_is_not_used(section: ad.AnnData, read: Read) -> None:
    names = pd.Series("left", index=section.obs_names, dtype=object)
    names.iloc[:5] = "right"
    names.iloc[7] = None
    section.obs["slice"] = pd.Categorical(names)
    assert (read(section).slices == 0).all()


def test_a_reader_is_warned(section: ad.AnnData, read: Read) -> None:
    few = section[:15, :100].copy()
    few.X = few.X.multiply((np.arange(15) != 2)[:, None]).tocsr()
    warnings = "\n".join(read(few).warnings)
    assert "only 100 of 240 fitted genes" in warnings
    assert "1 spot has no counts" in warnings
    assert "15 spots are too few" in warnings
    assert "140 fitted genes are missing, " in warnings
    named = warnings.partition("of which weigh most: ")[2].split(", ")
    shares = [float(each.partition("(")[2].rstrip("%)")) for each in named]
    assert len(shares) == 10
    assert shares == sorted(shares, reverse=True)
    assert not {each.split(" ")[0] for each in named} & set(few.var_names)


def spoil_names(section: ad.AnnData) -> ad.AnnData:
    section.obs_names = ["one", "one", *section.obs_names[2:]]
    return section


def spoil_genes(section: ad.AnnData) -> ad.AnnData:
    section.var_names = [section.var_names[1]] * 20 + section.var_names[20:].tolist()
    return section


def normalise_log(section: ad.AnnData) -> ad.AnnData:
    """By gene as well, as corrections do: no spot's values are multiples of one number."""
    by_gene = np.random.default_rng(0).uniform(0.5, 2, section.n_vars)
    section.X = section.X.multiply(by_gene).tocsr().log1p()
    return section


def centre(section: ad.AnnData) -> ad.AnnData:
    section.X = section.X.toarray() - 1
    return section


def lose_counts(section: ad.AnnData) -> ad.AnnData:
    section.X.data[:3] = np.nan
    return section


def lose_coordinates(section: ad.AnnData) -> ad.AnnData:
    section.obsm["spatial"] = section.obsm["spatial"].copy()
    section.obsm["spatial"][4] = np.nan
    return section


def lose_obsm(section: ad.AnnData) -> ad.AnnData:
    del section.obsm["spatial"]
    return section


def other_species(section: ad.AnnData) -> ad.AnnData:
    section.var_names = [f"FBgn{i:07d}" for i in range(section.n_vars)]
    section.var = section.var[[]]
    return section


def no_spots(section: ad.AnnData) -> ad.AnnData:
    return section[:0].copy()


def no_genes(section: ad.AnnData) -> ad.AnnData:
    return section[:, :0].copy()


@pytest.mark.parametrize(
    ("spoil", "found", "example", "remedy"),
    [
        (spoil_names, "1 names of spot that occur more than once", "one (2 times)", "its own name"),
        (spoil_genes, "1 names of gene that occur more than once", "(20 times)", "repeated genes"),
        (normalise_log, "that are not integers (log-normalised data?)", ": 0.", "raw counts"),
        (centre, "negative values", ": -1", "raw counts"),
        (lose_counts, "3 counts that are NaN", ": nan", "raw counts"),
        (lose_coordinates, "1 spots with coordinates that are NaN", "(nan, nan)", "coordinates"),
        (lose_obsm, "no obsm['spatial']", "", "obsm['spatial']"),
        (other_species, "0 of its 240 genes among the 240 fitted ones", "FBgn0000000", "species"),
        (no_spots, "0 spots × 240 genes", "", ""),
        (no_genes, "× 0 genes", "", ""),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_unusable_query_is_told_in_one_error(
    section: ad.AnnData,
    read: Read,
    spoil: Callable[[ad.AnnData], ad.AnnData],
    found: str,
    example: str,
    remedy: str,
) -> None:
    with pytest.raises(DataError) as caught:
        read(spoil(section))
    problem = only_problem(caught)
    assert "query.h5ad" in problem.place
    assert found in problem.found
    assert problem.expected
    assert len(problem.examples) <= 5
    assert example in ", ".join(problem.examples)
    assert remedy in problem.remedy
    # Long lists belong into the examples.
    assert len(str(problem)) < 800


def test_all_problems_of_a_query_are_told_together(section: ad.AnnData, read: Read) -> None:
    with pytest.raises(DataError) as caught:
        read(spoil_names(centre(lose_coordinates(section))))
    assert len(caught.value.problems) == 3


def test_integers_elsewhere_in_the_file_are_pointed_at(section: ad.AnnData, read: Read) -> None:
    """Not used: spliced counts are a part of all."""
    section.layers["spliced"] = section.X.copy()
    with pytest.raises(DataError) as caught:
        read(normalise_log(section))
    assert "layers['spliced']" in only_problem(caught).remedy


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "no such file"),
        (b"spot,gene\n1,2\n", "cannot be read"),
        (b"", "cannot be read"),
        ("half", "cannot be read"),
    ],
    ids=["missing", "text", "empty", "truncated"],
)
def test_a_file_that_is_no_h5ad_is_told(
    section: ad.AnnData,
    atlas: Atlas,
    parameters: Parameters,
    tmp_path: Path,
    content: bytes | str | None,
    found: str,
) -> None:
    path = tmp_path / "query.h5ad"
    if content == "half":
        section.write_h5ad(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_query(path, atlas, parameters.genes)
    problem = only_problem(caught)
    assert found in problem.found
    assert "query.h5ad" in problem.place


def test_stored_zeros_and_dense_counts_are_the_same_query(section: ad.AnnData, read: Read) -> None:
    expected = read(section).counts
    dense = section.copy()
    dense.X = section.X.toarray().astype(np.int64)
    padded = section.copy()
    rows, columns = np.indices(section.shape).reshape(2, -1)
    filled = (section.X.toarray().ravel(), (rows, columns))
    padded.X = sparse.csr_matrix(filled, shape=section.shape)
    assert padded.X.nnz == section.n_obs * section.n_vars
    for data in (dense, padded):
        assert (read(data).counts != expected).nnz == 0
