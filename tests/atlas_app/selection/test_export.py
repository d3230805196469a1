from __future__ import annotations

import csv
import io
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from atlas_app.http.errors import ApiError
from atlas_app.selection import export
from atlas_app.selection.export import check_size, quoted, table_lines, write_anndata
from atlas_app.selection.sides import find_spots
from training.store import Atlas


def test_the_table_holds_every_spot_with_its_numbers(
    patched: Atlas, patch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 7)
    spots = find_spots(patched, patch)
    rows = list(csv.DictReader(io.StringIO("".join(table_lines(patched, spots)))))
    where = np.flatnonzero(spots)
    assert [row["spot"] for row in rows] == [patched.spot_names[i] for i in where]
    assert [row["domain"] for row in rows] == patched.obs("domain")[where].tolist()
    assert rows[0]["stage"] == "E9"
    assert float(rows[-1]["time"]) == 11
    places = [[float(row["x"]), float(row["y"])] for row in rows]
    np.testing.assert_allclose(places, patched.coordinates()[where], rtol=1e-5)
    factors = [[float(row[f"factor_{k}"]) for k in range(4)] for row in rows]
    np.testing.assert_allclose(factors, patched.factors[where], rtol=1e-5)


def test_names_with_commas_stay_one_cell() -> None:
    assert quoted(["a", "b"]) == "a,b"
    assert quoted(['a,"b"', "c"]) == '"a,""b""",c'


def test_the_file_is_the_same_spots_of_the_atlas(
    patched: Atlas, patch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "VALUES_AT_ONCE", 100)
    spots = find_spots(patched, patch)
    path = tmp_path / "selection.h5ad"
    write_anndata(path, patched, spots, {"digest": patched.digest, "selection": patch})
    found = ad.read_h5ad(path)
    whole = ad.read_zarr(patched.path / "reference")[spots]
    assert found.shape == (108, 40)
    assert sp.issparse(found.X)
    np.testing.assert_array_equal(found.X.toarray(), whole.X.toarray())
    assert found.obs_names.tolist() == whole.obs_names.tolist()
    assert found.var_names.tolist() == whole.var_names.tolist()
    for name in ("slice", "stage", "domain", "spot"):
        assert found.obs[name].astype(str).tolist() == whole.obs[name].astype(str).tolist()
    assert found.obs["stage"].cat.ordered
    for name in ("spatial", "umap", "factors", "latent"):
        np.testing.assert_array_equal(found.obsm[name], whole.obsm[name])
    np.testing.assert_array_equal(found.varm["measured"], patched.measured)
    assert found.uns["atlas"]["digest"] == patched.digest
    assert found[:, "GENE33"].X.toarray().mean() == pytest.approx(20, abs=2)


def test_what_is_too_large_is_refused_with_the_limit(
    patched: Atlas, patch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spots = find_spots(patched, patch)
    check_size(spots, 108, "a file")
    with pytest.raises(ApiError, match="too large") as error:
        check_size(spots, 107, "a file")
    assert error.value.status == 413
    assert "107" in error.value.expected
    monkeypatch.setattr(export, "MOST_FILE_VALUES", 1000)
    with pytest.raises(ApiError, match="too large") as many:
        write_anndata(tmp_path / "large.h5ad", patched, spots, {})
    assert many.value.status == 413
