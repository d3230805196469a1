"""What is put right in a section, and said; and what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from training.errors import DataError
from training.mapping.reading.query import Query, read_query
from training.store import Atlas

Read = Callable[[ad.AnnData], Query]


@pytest.fixture
def read(small_atlas: Atlas, tmp_path: Path) -> Read:
    def write_and_read(data: ad.AnnData) -> Query:
        data.write_h5ad(tmp_path / "query.h5ad")
        return read_query(tmp_path / "query.h5ad", small_atlas, small_atlas.genes[:32])

    return write_and_read


def normalised(section: ad.AnnData, total: float = 1e4) -> sparse.csr_matrix:
    sums = np.asarray(section.X.sum(axis=1))
    return sparse.csr_matrix(section.X.multiply(total / sums), dtype=np.float32)


@pytest.mark.parametrize("layer", ["counts", "raw_counts", "Counts"])
def test_raw_counts_of_a_layer_are_used(section_log: ad.AnnData, read: Read, layer: str) -> None:
    counts = section_log.uns.pop("counts")
    section_log.layers[layer] = counts
    query = read(section_log)
    np.testing.assert_array_equal(query.counts.toarray(), counts.toarray())
    assert f"the raw counts of layers['{layer}'] were used" in query.warnings[0]


def test_raw_counts_of_raw_are_used_with_their_genes(section_log: ad.AnnData, read: Read) -> None:
    counts = section_log.uns.pop("counts")
    whole = ad.AnnData(counts, obs=section_log.obs, var=section_log.var)
    few = section_log[:, :20].copy()
    few.raw = whole
    query = read(few)
    np.testing.assert_array_equal(query.counts.toarray(), counts.toarray())
    assert query.var.index.tolist() == section_log.var_names.tolist()
    assert "the raw counts of .raw were used" in query.warnings[0]


def test_a_layer_called_counts_that_holds_none_is_not_used(
    section_log: ad.AnnData, read: Read
) -> None:
    del section_log.uns["counts"]
    section_log.layers["counts"] = section_log.X.copy()
    with pytest.raises(DataError, match="not integers"):
        read(section_log)


@pytest.fixture
def section_log(small_section: ad.AnnData) -> ad.AnnData:
    """Values that cannot be computed back; the counts lie in uns for the test to place."""
    small_section.uns["counts"] = small_section.X.copy()
    by_gene = np.random.default_rng(0).uniform(0.5, 2, small_section.n_vars)
    small_section.X = small_section.X.multiply(by_gene).tocsr().log1p()
    return small_section


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values.log1p(), "log1p of counts per 10,000"),
        (lambda values: values, "counts per 10,000"),
        (lambda values: values.log1p() / np.log(2), "log2(1 + x) of counts per 10,000"),
        (lambda values: values.log1p() / np.log(10), "log10(1 + x) of counts per 10,000"),
    ],
)
def test_normalised_counts_are_computed_back(
    small_section: ad.AnnData,
    read: Read,
    change: Callable[[sparse.csr_matrix], sparse.csr_matrix],
    words: str,
) -> None:
    counts = small_section.X.toarray()
    small_section.X = sparse.csr_matrix(change(normalised(small_section)), dtype=np.float32)
    query = read(small_section)
    np.testing.assert_array_equal(query.counts.toarray(), counts)
    assert query.warnings[0].startswith(f"X holds {words}, not raw counts")


def test_a_logarithm_of_counts_that_were_not_scaled_gives_them_back(
    small_section: ad.AnnData, read: Read
) -> None:
    """A spot of even counts keeps them: nothing says that it was divided."""
    counts = small_section.X.toarray()
    counts[7] *= 2
    small_section.X = sparse.csr_matrix(np.log1p(counts), dtype=np.float32)
    query = read(small_section)
    np.testing.assert_array_equal(query.counts.toarray(), counts)
    assert query.warnings[0].startswith("X holds log1p of counts, not raw counts")


def turned(section: ad.AnnData) -> ad.AnnData:
    return ad.AnnData(section.X.T.tocsr(), obs=section.var, var=section.obs)


def test_a_matrix_the_wrong_way_round_is_turned(small_section: ad.AnnData, read: Read) -> None:
    other = turned(small_section)
    other.varm["spatial"] = small_section.obsm["spatial"]
    query = read(other)
    np.testing.assert_array_equal(query.counts.toarray(), small_section.X.toarray())
    np.testing.assert_array_equal(query.positions, small_section.obsm["spatial"])
    assert query.obs.index.tolist() == small_section.obs_names.tolist()
    assert "the matrix was turned" in query.warnings[0]


def test_one_without_coordinates_is_refused_with_the_reason(
    small_section: ad.AnnData, read: Read
) -> None:
    with pytest.raises(DataError, match=r"the wrong way round: write adata\.T"):
        read(turned(small_section))


def test_spot_names_that_repeat_between_slices_get_their_slices(
    small_section: ad.AnnData, read: Read
) -> None:
    both = ad.concat([small_section, small_section])
    both.obs["slice"] = np.repeat(["left", "right"], 60)
    query = read(both)
    assert query.obs.index[[0, 60]].tolist() == ["left:s0", "right:s0"]
    assert query.slices.tolist() == [0] * 60 + [1] * 60
    assert "spot names repeat between slices" in query.warnings[0]
    both.obs["slice"] = "one"
    with pytest.raises(DataError, match="60 names of spot"):
        read(both)


def test_genes_of_one_name_are_set_aside_and_named(small_section: ad.AnnData, read: Read) -> None:
    names = small_section.var_names.tolist()
    names[7] = names[3]
    small_section.var_names = names
    query = read(small_section)
    assert names[3] not in query.genes
    assert query.var.index[[3, 7]].tolist() == [f"{names[3]}__1", f"{names[3]}__2"]
    assert query.counts.shape == small_section.shape
    assert query.warnings[0].startswith(f"1 gene names occur more than once ({names[3]})")


def test_what_cannot_be_told_from_noise_is_not_computed_back(
    small_section: ad.AnnData, read: Read
) -> None:
    rng = np.random.default_rng(0)
    values = small_section.X.copy()
    values.data = rng.gamma(2.0, 1.0, len(values.data)).astype(np.float32)
    small_section.X = values
    with pytest.raises(DataError, match="not integers"):
        read(small_section)
    # Two values in a spot are multiples of something far too easily.
    few = ad.AnnData(
        sparse.csr_matrix(np.where(np.arange(40) < 1, 0.37, 0.0)[None, :].repeat(60, 0)),
        obs=pd.DataFrame(index=small_section.obs_names),
        var=small_section.var,
        obsm={"spatial": small_section.obsm["spatial"]},
    )
    with pytest.raises(DataError, match="not integers"):
        read(few)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -1.0])
def test_values_that_are_no_counts_are_refused_with_examples(
    small_section: ad.AnnData, read: Read, value: float
) -> None:
    small_section.X.data[:7] = value
    with pytest.raises(DataError) as caught:
        read(small_section)
    (problem,) = caught.value.problems
    assert problem.found.startswith("7 ")
    assert len(problem.examples) == 5
    assert problem.remedy
