"""What marks domains and how they are connected: rows, routes, page and Python."""

from __future__ import annotations

import csv
import io
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.export import export_atlas
from training.store import ModelPart

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))
BASE = "/api/v1/atlases/marked"


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slices; heart has two markers, one of them by one slice; liver has none."""
    data = SMALL["tissue"](0, ["a1", "a2", "b1"], ["E9", "E9", "E10"], [9.0, 9.0, 10.0])
    data.uns["markers"] = pd.DataFrame(
        {
            "domain": ["heart", "heart", "brain"],
            "rank": np.array([1, 2, 1]),
            "gene": ["MYH7", "NPPA", "SOX2"],
            "log2_fold_change": [3.25, 1.5, -0.5],
            "spread": [0.5, np.nan, 0.25],
            "n_slices": np.array([3, 1, 3]),
            "share_inside": [0.98, 0.5, 0.75],
            "share_outside": [0.25, 0.125, 0.5],
            "p": [1e-4, np.nan, 0.01],
            "q": [2e-4, np.nan, 0.02],
        }
    )
    data.var["moran_i"] = np.r_[0.1, 0.9, np.nan, np.linspace(-0.1, 0, data.n_vars - 3)]
    data.var["moran_q"] = np.r_[0.5, 1e-9, np.nan, np.ones(data.n_vars - 3)]
    path = tmp_path_factory.mktemp("marked") / "marked.atlas.zarr"
    export_atlas(path, data, ModelPart({"weight": np.zeros(2, np.float32)}, {}), {})
    return path


@pytest.fixture
def client(client_for: Callable[..., Any], marked: Path) -> Any:
    return client_for(stores=(marked,))


def table(client: Any, address: str) -> list[dict[str, str]]:
    answer = client.get(f"{BASE}/{address}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_markers_come_domain_by_domain_with_why_there_is_no_test(client: Any) -> None:
    listed = client.get(f"{BASE}/domains").get_json()["domains"]
    assert [each["name"] for each in listed] == ["heart", "brain", "liver", "gut"]
    assert listed[0] == {"name": "heart", "spots": 45, "slices": 3}
    rows = client.get(f"{BASE}/domains/markers?domain=heart").get_json()["rows"]
    assert [(row["gene"], row["test"]) for row in rows] == [
        ("MYH7", "t over slices"),
        ("NPPA", "one slice"),
    ]
    assert rows[0]["q"] == 2e-4
    assert rows[1]["q"] is None
    every = table(client, "domains/markers.csv")
    assert [row["domain"] for row in every] == ["heart", "heart", "brain"]
    assert table(client, "domains/markers.csv?domain=brain")[0]["log2_fold_change"] == "-0.5"
    assert client.get(f"{BASE}/domains/markers?domain=hart").get_json()["examples"][0] == "heart"


def test_genes_come_by_morans_i_without_those_that_have_none(client: Any) -> None:
    rows = table(client, "domains/spatial-genes.csv")
    assert [row["gene"] for row in rows[:2]] == ["NPPA", "MYH7"]
    assert "SOX2" not in {row["gene"] for row in rows}


def test_connectivity_is_that_of_the_store_strongest_first(client: Any, marked: Path) -> None:
    from training.store import open_atlas

    stored = open_atlas(marked).table("domain_relations")
    own = stored["relation"] == "connectivity"
    rows = table(client, "domains/connectivity.csv")
    values = [float(row["connectivity"]) for row in rows]
    assert values == sorted(stored["value"][own].tolist(), reverse=True)


def test_a_domain_counts_only_where_it_is_read(client: Any) -> None:
    def tag(address: str) -> str:
        return str(client.get(f"{BASE}/{address}").headers["ETag"])

    for address in ("domains", "domains/spatial-genes.csv", "domains/connectivity.csv"):
        assert tag(f"{address}?domain=heart") == tag(address)
    for address in ("domains/markers", "domains/markers.csv"):
        assert tag(f"{address}?domain=heart") != tag(address)
    course = "stages/course.csv?of=gene:MYH7"
    assert tag(f"{course}&what=genes") == tag(course) != tag(f"{course}&within=heart")


def test_a_store_without_markers_says_so(client_for: Callable[..., Any], store: Path) -> None:
    answer = client_for(stores=(store,)).get("/api/v1/atlases/test/domains/markers")
    assert answer.status_code == 404
    assert "no markers" in answer.get_json()["error"]


@pytest.mark.parametrize("view", ["markers&within=heart", "relations"])
def test_the_python_of_the_view_runs(
    client: Any, marked: Path, tmp_path: Path, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib

    matplotlib.use("Agg")
    monkeypatch.chdir(marked.parent)
    script = client.get(f"{BASE}/python/stages.py?view={view}").text
    left: dict[str, Any] = {}
    exec(compile(script, "figure.py", "exec"), left)
    if view == "relations":
        assert len(left["connected"]) == 6
    else:
        assert left["markers"]["gene"].tolist() == ["MYH7", "NPPA"]
        assert left["spatial"]["gene"].iloc[0] == "NPPA"
