"""Loadings as Parquet: the numbers of the store, and what is said where they cannot be written."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from atlas_app.api import factors as api_factors
from atlas_app.pages.factors import page
from training.store import Atlas

ADDRESS = "/api/v1/atlases/test/loadings.parquet"


def test_the_file_holds_the_loadings_of_the_store(client: Any, atlas: Atlas) -> None:
    import pyarrow.parquet as pq

    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert atlas.digest[:8] in answer.headers["Content-Disposition"]
    table = pq.read_table(io.BytesIO(answer.data))
    fitted = ~np.isnan(atlas.loadings).all(axis=1)
    assert table["gene"].to_pylist() == atlas.genes
    np.testing.assert_array_equal(table["fitted"].to_numpy(), fitted)
    assert table.column_names[2:] == [f"factor_{k}" for k in range(atlas.n_factors)]
    rates = atlas.model().arrays["rates"]
    for k in range(atlas.n_factors):
        found = table[f"factor_{k}"].to_numpy()
        np.testing.assert_array_equal(found[fitted], atlas.loadings[fitted, k])
        np.testing.assert_array_equal(found[~fitted], rates[k, ~fitted])
    assert json.loads(table.schema.metadata[b"factor_names"]) == atlas.factor_names
    assert table.schema.metadata[b"digest"].decode() == atlas.digest


def test_without_the_extra_it_says_what_to_install(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_factors, "can_write_parquet", lambda: False)
    answer = client.get(ADDRESS)
    assert answer.status_code == 501
    assert "inspire-atlas[parquet]" in answer.text
    assert page.can_write_parquet()
