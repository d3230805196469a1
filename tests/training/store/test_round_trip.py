"""Properties: whatever the counts and names, the store gives them back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from training.store import StoreError, open_atlas, validate_store

pytestmark = pytest.mark.slow

quick = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# Any text a file of counts may hold as a name; lone surrogates are not text.
gene_names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


@st.composite
def counts_and_names(draw: st.DrawFn) -> tuple[np.ndarray, list[str]]:
    names = draw(st.lists(gene_names, min_size=1, max_size=6, unique=True))
    n_spots = draw(st.integers(1, 9))
    few = st.integers(0, 3) | st.sampled_from([0, 0, 1, 65_535, 16_777_216])
    return draw(hnp.arrays(np.int64, (n_spots, len(names)), elements=few)), names


@quick
@given(case=counts_and_names())
def test_any_counts_and_names_come_back(
    case: tuple[np.ndarray, list[str]],
    make_atlas: Callable[..., Any],
    write_store: Callable[..., str],
) -> None:
    counts, names = case
    source = make_atlas(genes=names, counts=counts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.atlas.zarr"
        digest = write_store(path, source)
        assert validate_store(path) == []
        atlas = open_atlas(path)
        assert atlas.digest == digest
        assert atlas.genes == names
        for i, name in enumerate(names):
            np.testing.assert_array_equal(atlas.counts(name), counts[:, i])
            found = atlas.values("gene", name)
            np.testing.assert_array_equal(found.data == 0, counts[:, i] == 0)
            exact = atlas.gene(name)
            assert np.abs(found.data / 254 * found.hi - exact).max() <= found.hi / 254 + 1e-6


cells = st.sampled_from([None, "", "a", "b/c", "  ", "ß", "0", "NaN"])


@quick
@given(
    texts=st.lists(cells, min_size=6, max_size=6),
    numbers=hnp.arrays(np.float64, 6, elements=st.floats(width=64)),
    name=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8),
)
def test_any_column_comes_back(
    texts: list[str | None],
    numbers: np.ndarray,
    name: str,
    make_atlas: Callable[..., Any],
    write_store: Callable[..., str],
) -> None:
    source = make_atlas(n_spots=6)
    source.obs["text"] = pd.array(texts, dtype="string")
    source.obs[f"n{name}"] = numbers
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.atlas.zarr"
        renamed = "/" in name or "\\" in name
        with pytest.warns(UserWarning, match="stored as") if renamed else nullcontext():
            write_store(path, source)
        assert validate_store(path) == []
        atlas = open_atlas(path)
        assert atlas.obs("text").tolist() == texts
        stored = f"n{name}".replace("/", "_").replace("\\", "_")
        np.testing.assert_array_equal(atlas.obs(stored), numbers)


def test_one_spot_one_gene(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    path = tmp_path / "one.atlas.zarr"
    write_store(path, make_atlas(genes=["G"], counts=np.array([[4]]), n_factors=1))
    atlas = open_atlas(path)
    assert atlas.gene("G").tolist() == [np.float32(np.log(10_001))]
    assert atlas.values("gene", "G").data.tolist() == [254]
    assert repr(atlas).endswith(f"1 factors, 1 slice in 1 stage (digest {atlas.digest[:12]})")


def test_no_gene_expressed(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    path = tmp_path / "silent.atlas.zarr"
    write_store(path, make_atlas(genes=["G", "H"], counts=np.zeros((5, 2))))
    atlas = open_atlas(path)
    assert validate_store(path) == []
    assert not atlas.gene("G").any()
    found = atlas.values("gene", "H")
    assert (found.lo, found.hi, found.data.max()) == (0.0, 0.0, 0)


def test_more_genes_than_a_shard_holds(
    tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(0.4, size=(7, 523))
    path = tmp_path / "wide.atlas.zarr"
    write_store(path, make_atlas(genes=[f"g{i}" for i in range(523)], counts=counts))
    atlas = open_atlas(path)
    for gene in (0, 249, 250, 499, 500, 522):
        np.testing.assert_array_equal(atlas.counts(f"g{gene}"), counts[:, gene])
        np.testing.assert_array_equal(
            atlas.values("gene", f"g{gene}").data > 0, counts[:, gene] > 0
        )
    assert len(list((path / "view" / "genes" / "c").rglob("0"))) >= 1
    assert len([p for p in (path / "view" / "genes" / "c").rglob("*") if p.is_file()]) == 3


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan, np.inf])
def test_values_that_are_no_counts_are_refused(
    value: float, tmp_path: Path, make_atlas: Callable[..., Any], write_store: Callable[..., str]
) -> None:
    source = make_atlas()
    source.X.data[3] = value
    with pytest.raises(StoreError, match="raw counts"):
        write_store(tmp_path / "bad.atlas.zarr", source)
    assert list(tmp_path.iterdir()) == []
