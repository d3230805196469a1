"""A section mapped end to end: HTTP, queue, the projection itself, the drawing of its result."""

from __future__ import annotations

import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from atlas_app.app import create_app
from atlas_app.settings import Settings
from training.cli import main
from training.store import open_atlas

PATIENCE = 600.0


@pytest.mark.slow
def test_a_section_of_the_reference_comes_back_as_itself(
    tiny_atlas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas = open_atlas(tiny_atlas)
    part = atlas.slices[len(atlas.slices) // 2]
    reference = ad.read_zarr(tiny_atlas / "reference")[part.start : part.stop]
    missing = atlas.genes[0]
    section = ad.AnnData(reference.X.tocsr(), obs=reference.obs[[]], var=reference.var[[]])
    section.obsm["spatial"] = reference.obsm["spatial"]
    section.obs["half"] = np.where(np.arange(section.n_obs) < section.n_obs // 2, "a", "b")
    query = tmp_path / "section.h5ad"
    section[:, atlas.genes[1:]].copy().write_h5ad(query)

    client = create_app(
        Settings(stores=(tiny_atlas,), job_folder=tmp_path / "jobs")
    ).server.test_client()
    base = client.get("/api/v1/atlases").get_json()["atlases"][0]["base"]
    answer = client.post(
        f"{base}/queries?name=section.h5ad&impute={missing}&section_column=half",
        data=query.read_bytes(),
    )
    assert answer.status_code == 202, answer.text
    job = answer.get_json()["status_url"]
    stop = time.monotonic() + PATIENCE
    while (status := client.get(job).get_json())["state"] in ("queued", "running"):
        assert time.monotonic() < stop, status
        time.sleep(0.2)
    assert status["state"] == "done", status["error"]
    assert status["report"]["n_spots"] == part.n_spots
    assert len(status["steps"]) > 2

    result = ad.read_h5ad(BytesIO(client.get(f"{job}/result.h5ad").data))
    assert list(result.obs_names) == list(section.obs_names)
    same = result.obs["domain"].astype(str).to_numpy() == atlas.obs("domain")[
        part.start : part.stop
    ].astype(str)
    assert same.mean() > 0.8

    view = client.get(f"{job}/view").get_json()
    domain = next(column for column in view["obs"] if column["name"] == "domain")
    assert domain["categories"] == list(atlas.obs_columns["domain"].categories)
    drawn = np.frombuffer(client.get(f"{job}/values/obs/domain").data, np.uint8)
    names = np.array(domain["categories"])[drawn]
    np.testing.assert_array_equal(names, result.obs["domain"].astype(str))
    gene = client.get(f"{job}/values/gene/{missing}")
    lo, hi = float(gene.headers["X-Atlas-Lo"]), float(gene.headers["X-Atlas-Hi"])
    decoded = lo + np.frombuffer(gene.data, np.uint8) / 254 * (hi - lo)
    np.testing.assert_allclose(
        decoded, np.asarray(result.obsm["imputed"])[:, 0], atol=(hi - lo) / 500 + 1e-6
    )

    # The command, which was a process of the queue, gives the same numbers in this one.
    other = tmp_path / "other.h5ad"
    command = ["project", str(tiny_atlas), str(query), "--out", str(other)]
    options = ["--impute", missing, "--section-column", "half"]
    monkeypatch.setattr(sys, "argv", ["atlas", *command, *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    by_hand = ad.read_h5ad(other)
    for key in ("latent", "factors", "imputed", "domain_probability", "spatial_registered"):
        np.testing.assert_allclose(by_hand.obsm[key], result.obsm[key], atol=1e-5)
    for name, column in result.obs.items():
        own = by_hand.obs[name]
        if column.dtype.kind == "f":
            np.testing.assert_allclose(own, column, atol=1e-5, err_msg=name)
        else:
            assert own.tolist() == column.tolist(), name
    table, own = result.uns["imputation"], by_hand.uns["imputation"]
    assert {"base", "slope", "low", "high"} <= set(table)
    np.testing.assert_allclose(own, table, atol=1e-5)
    told, again = result.uns["projection"], by_hand.uns["projection"]
    assert told["section_column"] == again["section_column"] == "half"
    assert_alike(told["sections"], again["sections"])
    assert_alike(told["registration"], again["registration"])
    assert sorted(told["stage_posterior"]) == sorted(stage.name for stage in atlas.stages)
    assert_alike(told["stage_posterior"], again["stage_posterior"])
    # The file itself says how to repeat it, as its page does.
    assert told["command"] == status["command"].replace("section.h5ad", "query.h5ad")
    assert again["command"] == status["command"].replace("result.h5ad", "other.h5ad")


def assert_alike(one: Any, other: Any) -> None:
    """Reports with the same words and, to 1e-5, figures."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name, each in one.items():
            assert_alike(each, other[name])
    elif isinstance(one, str):
        assert one == other
    else:
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.slow
def test_the_demonstration_is_mapped_and_reported(tiny_atlas: Path, tmp_path: Path) -> None:
    atlas = open_atlas(tiny_atlas)
    client = create_app(
        Settings(stores=(tiny_atlas,), job_folder=tmp_path / "jobs")
    ).server.test_client()
    base = client.get("/api/v1/atlases").get_json()["atlases"][0]["base"]
    first = client.post(f"{base}/demo").get_json()
    stop = time.monotonic() + PATIENCE
    while (status := client.get(first["status_url"]).get_json())["state"] in ("queued", "running"):
        assert time.monotonic() < stop, status
        time.sleep(0.2)
    assert status["state"] == "done", status["error"]
    part = atlas.slices[len(atlas.slices) // 2]
    result = ad.read_h5ad(BytesIO(client.get(status["result_url"]).data))
    assert list(result.obs_names) == atlas.spot_names[part.start : part.stop]
    own = atlas.obs("domain")[part.start : part.stop].astype(str)
    assert (result.obs["domain"].astype(str).to_numpy() == own).mean() > 0.6
    page = client.get(status["report_url"]).text
    assert atlas.digest in page
    assert "atlas project tiny.atlas.zarr --demo --out result.h5ad" in page
    # The second time its result is there at once.
    assert client.post(f"{base}/demo").get_json()["state"] == "done"


@pytest.mark.slow
def test_a_faulty_section_is_refused_in_words(tiny_atlas: Path, tmp_path: Path) -> None:
    section = ad.AnnData(
        np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32),
        obsm={"spatial": np.zeros((30, 2))},
    )
    section.var_names = open_atlas(tiny_atlas).genes[:3]
    query = tmp_path / "normalised.h5ad"
    section.write_h5ad(query)
    client = create_app(
        Settings(stores=(tiny_atlas,), job_folder=tmp_path / "jobs")
    ).server.test_client()
    base = client.get("/api/v1/atlases").get_json()["atlases"][0]["base"]
    job = client.post(f"{base}/queries", data=query.read_bytes()).get_json()["status_url"]
    stop = time.monotonic() + PATIENCE
    while (status := client.get(job).get_json())["state"] in ("queued", "running"):
        assert time.monotonic() < stop, status
        time.sleep(0.2)
    assert status["state"] == "failed"
    assert "expected" in status["error"]
    assert "unexpectedly" not in status["error"]
