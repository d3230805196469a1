"""The optional table of which slice measured which gene: carried, read, drawn, checked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pytest
from scipy import sparse

from training.store import StoreError, open_atlas, validate_store

Build = Callable[..., anndata.AnnData]
Write = Callable[..., str]


def lacking_genes(make_atlas: Build) -> anndata.AnnData:
    """The second slice did not measure genes 2 and 5."""
    atlas = make_atlas()
    counts = atlas.X.toarray()
    counts[20:, [2, 5]] = 0
    atlas.X = sparse.csr_matrix(counts)
    measured = np.ones((atlas.n_vars, 2), dtype=bool)
    measured[[2, 5], 1] = False
    atlas.varm["measured"] = measured
    return atlas


@pytest.fixture(scope="module")
def lacking(
    tmp_path_factory: pytest.TempPathFactory, make_atlas: Build, write_store: Write
) -> Path:
    """A sound store of `lacking_genes`; tests must not write to it."""
    path = tmp_path_factory.mktemp("measured") / "panel.atlas.zarr"
    write_store(path, lacking_genes(make_atlas))
    return path


def test_genes_are_missing_where_they_were_not_measured(lacking: Path, make_atlas: Build) -> None:
    given = lacking_genes(make_atlas)
    assert validate_store(lacking) == []
    atlas = open_atlas(lacking)
    np.testing.assert_array_equal(atlas.measured, given.varm["measured"])
    for gene, name in enumerate(atlas.genes):
        missing = np.repeat(~given.varm["measured"][gene], 20)
        for values in (atlas.gene(name), atlas.counts(name)):
            np.testing.assert_array_equal(np.isnan(values), missing)
        drawn = atlas.values("gene", name)
        np.testing.assert_array_equal(drawn.data == 255, missing)
        seen = ~missing
        np.testing.assert_array_equal(atlas.counts(name)[seen], given.X.toarray()[seen, gene])


def test_a_store_without_the_table_measured_all(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    assert atlas.measured is None
    assert np.isfinite(atlas.gene(atlas.genes[0])).all()


def test_counts_of_genes_that_were_not_measured_are_a_fault(
    tmp_path: Path, make_atlas: Build, write_store: Write
) -> None:
    atlas = lacking_genes(make_atlas)
    atlas.X = make_atlas().X
    with pytest.raises(StoreError, match="gene 2 not measured in a slice that has counts of it"):
        write_store(tmp_path / "panel.atlas.zarr", atlas)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m[:, :1], "shape"),
        (lambda m: m.astype(np.int8), "dtype int8"),
        (lambda m: m & np.array([True, False]), "1 slices without a gene"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    tmp_path: Path,
    make_atlas: Build,
    write_store: Write,
    change: Callable[[np.ndarray], np.ndarray],
    words: str,
) -> None:
    atlas = make_atlas()
    atlas.X = sparse.csr_matrix(atlas.shape, dtype=np.float32)
    atlas.varm["measured"] = change(np.ones((atlas.n_vars, 2), dtype=bool))
    with pytest.raises(StoreError, match=words):
        write_store(tmp_path / "panel.atlas.zarr", atlas)


def test_a_drawn_zero_where_nothing_was_measured_is_a_fault(
    tmp_path: Path, lacking: Path, seal: Callable[[Path], None]
) -> None:
    import zarr

    path = Path(shutil.copytree(lacking, tmp_path / "panel.atlas.zarr"))
    genes = zarr.open_array(path / "view" / "genes", mode="r+")
    genes[2, 20:] = 0
    seal(path)
    (fault,) = validate_store(path)
    assert "other bytes for 1 genes" in str(fault)


def test_totals_are_over_the_measured_share(
    tmp_path: Path, lacking: Path, make_atlas: Build, write_store: Write
) -> None:
    shared = tmp_path / "shared.atlas.zarr"
    given = lacking_genes(make_atlas)
    shares = np.ones(40, dtype=np.float32)
    shares[20:] = 0.25
    given.obs["measured_share"] = shares
    write_store(shared, given)
    assert validate_store(shared) == []
    before, after = open_atlas(lacking), open_atlas(shared)
    values, corrected = before.gene(before.genes[0]), after.gene(after.genes[0])
    np.testing.assert_array_equal(corrected[:20], values[:20])
    np.testing.assert_allclose(np.expm1(corrected[20:]), np.expm1(values[20:]) / 4, rtol=1e-5)


def test_shares_without_the_table_are_a_column_like_others(
    tmp_path: Path, make_atlas: Build, write_store: Write
) -> None:
    path = tmp_path / "own.atlas.zarr"
    given = make_atlas()
    given.obs["measured_share"] = np.linspace(-3, 7, 40)
    write_store(path, given)
    assert validate_store(path) == []


@pytest.mark.parametrize("wrong", [0.0, 1.5, np.nan])
def test_impossible_shares_are_refused(
    tmp_path: Path, make_atlas: Build, write_store: Write, wrong: float
) -> None:
    given = lacking_genes(make_atlas)
    given.obs["measured_share"] = np.full(40, wrong)
    with pytest.raises(StoreError, match="numbers above 0 and at most 1"):
        write_store(tmp_path / "wrong.atlas.zarr", given)
