"""A few genes in every spot, as a table."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from training.store import Atlas

BASE = "/api/v1/atlases/test"


def test_genes_of_all_spots_as_a_table(client: Any, atlas: Atlas) -> None:
    answer = client.get(f"{BASE}/expression.csv?of=myh7,NPPA")
    assert answer.mimetype == "text/csv"
    assert "test-MYH7-NPPA-" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["spot"] for row in rows] == atlas.obs("spot").tolist()
    for gene in ("MYH7", "NPPA"):
        found = np.array([float(row[gene] or "nan") for row in rows])
        np.testing.assert_allclose(found, atlas.gene(gene), rtol=1e-5)
    assert rows[0]["atlas_digest"] == atlas.digest


def test_genes_that_cannot_be_listed(client: Any) -> None:
    assert client.get(f"{BASE}/expression.csv").status_code == 400
    assert client.get(f"{BASE}/expression.csv?of=A,B,C,D").status_code == 400
    answer = client.get(f"{BASE}/expression.csv?of=MYH7,NOSUCH")
    assert answer.status_code == 404
    assert answer.get_json()["found"] == "NOSUCH"
