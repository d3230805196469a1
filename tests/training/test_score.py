"""Scoring a store: the measures agree with the metrics, and nothing is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from training import metrics
from training.errors import AtlasError
from training.export import export_atlas
from training.score import Score, render_score, score_atlas
from training.store import Atlas, ModelPart, open_atlas

N_SPOTS, N_GENES, N_FACTORS = 120, 30, 3


def fitted(**columns: Any) -> ad.AnnData:
    """Three slices of 40 spots in two stages; three labels, apart in the latent."""
    rng = np.random.default_rng(0)
    label = np.tile(np.repeat(["heart", "gut", "limb", "unassigned"], 10), 3)
    centre = {"heart": (0, 0), "gut": (9, 0), "limb": (0, 9), "unassigned": (0, 0)}
    slices = np.repeat(["s1", "s2", "s3"], 40)
    obs = {
        "slice": pd.Categorical(slices),
        "stage": pd.Categorical(
            np.where(slices == "s3", "late", "early"), ["early", "late"], ordered=True
        ),
        "time": np.where(slices == "s3", 2.0, 1.0),
        "spot": [f"spot{i}" for i in range(N_SPOTS)],
        "domain": pd.Categorical(np.where(label == "heart", "0", "1")),
        "label": pd.Categorical(label),
        "depth": rng.uniform(1, 2, N_SPOTS),
        "cluster": rng.integers(0, 4, N_SPOTS).astype(float),
        **columns,
    }
    loadings = np.full((N_GENES, N_FACTORS), np.nan)
    loadings[:25] = rng.dirichlet(np.ones(25), size=N_FACTORS).T
    data = ad.AnnData(
        X=rng.poisson(0.7, size=(N_SPOTS, N_GENES)).astype(np.float32),
        obs=pd.DataFrame(obs, index=[f"o{i}" for i in range(N_SPOTS)]),
        var=pd.DataFrame(
            {"highly_variable": np.arange(N_GENES) < 25}, index=[f"G{i}" for i in range(N_GENES)]
        ),
    )
    data.obsm["latent"] = np.array([centre[name] for name in label]) + rng.normal(size=(N_SPOTS, 2))
    data.obsm["factors"] = rng.dirichlet(np.ones(N_FACTORS), size=N_SPOTS)
    data.obsm["spatial"] = rng.uniform(size=(N_SPOTS, 2))
    data.obsm["umap"] = rng.uniform(size=(N_SPOTS, 2))
    data.varm["loadings"] = loadings
    return data


def stored(data: ad.AnnData, folder: Path) -> Atlas:
    path = folder / "small.atlas.zarr"
    export_atlas(path, data, ModelPart({}, {}), {"title": "small"})
    return open_atlas(path)


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return stored(fitted(), tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="module")
def score(atlas: Atlas) -> Score:
    return score_atlas(atlas, label="label", drop=["unassigned"])


def shown(score: Score) -> str:
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(render_score(score))
    return capture.get()


def test_every_figure_is_the_metric_of_the_stored_arrays(score: Score) -> None:
    data = fitted()
    latent = data.obsm["latent"].astype(np.float32)
    labels, slices = np.asarray(data.obs["label"]), np.asarray(data.obs["slice"])
    given = (latent, labels, slices, ["unassigned"])
    tied = metrics.mixture_scores(*given)
    full = metrics.mixture_scores(*given, covariance="full")
    domain = metrics.domain_scores(data.obs["domain"], *given[1:])
    assert score.mean.ari_tied == pytest.approx(tied.ari)
    assert score.mean.nmi_full == pytest.approx(full.nmi)
    assert score.mean.ari_domain == pytest.approx(domain.ari)
    assert score.mean.transfer == pytest.approx(metrics.transfer_accuracy(*given).mean)
    assert score.mean.asw == pytest.approx(metrics.silhouette(*given).mean)
    assert score.ilisi == pytest.approx(metrics.ilisi(latent, slices))
    assert score.diversity == metrics.factor_diversity(data.varm["loadings"])
    assert score.coherence == pytest.approx(metrics.factor_coherence(data.varm["loadings"], data.X))
    assert score.slices[1].figures.nmi_domain == pytest.approx(domain.slices["s2"].nmi)


def test_separate_labels_score_one_and_two_domains_do_not(score: Score) -> None:
    assert score.mean.ari_tied == pytest.approx(1.0)
    assert score.mean.transfer == pytest.approx(1.0)
    assert 0.3 < score.mean.ari_domain < 0.9
    assert [each.name for each in score.slices] == ["s1", "s2", "s3"]
    assert [each.stage for each in score.slices] == ["early", "early", "late"]
    assert [(each.n_spots, each.n_labelled) for each in score.slices] == [(40, 30)] * 3
    assert score.n_components == 3
    assert score.labels == ["gut", "heart", "limb"]
    assert score.reasons == {}
    assert score.notes == []


def test_json_is_plain_and_complete(score: Score) -> None:
    tree = json.loads(json.dumps(score.to_json(), allow_nan=False))
    assert tree["mean"]["ari_tied"] == pytest.approx(score.mean.ari_tied)
    assert tree["slices"][2]["figures"]["transfer"] == pytest.approx(1.0)
    assert tree["digest"] == score.digest
    assert tree["protocol"]["mixture_seeds"] == [0, 1, 2]


def test_the_table_shows_slices_means_and_the_whole(score: Score) -> None:
    text = shown(score)
    for name in ("s1", "s2", "s3", "mean", "iLISI", "coherence", "30 of 40", "1.000"):
        assert name in text


def test_a_given_number_of_components_is_used(atlas: Atlas) -> None:
    score = score_atlas(atlas, label="label", drop=["unassigned"], n=2)
    assert score.n_components == 2
    assert score.mean.ari_tied < 0.9


def test_an_unknown_column_is_answered_with_those_there_are(atlas: Atlas) -> None:
    with pytest.raises(AtlasError) as error:
        score_atlas(atlas, label="labels")
    for name in ("'labels'", "'label'", "'domain'", "'stage'"):
        assert name in str(error.value)
    assert "'depth'" not in str(error.value)


def test_measurements_are_not_labels(atlas: Atlas) -> None:
    with pytest.raises(AtlasError, match="'depth' of small: found measurements"):
        score_atlas(atlas, label="depth")


def test_whole_numbers_are_labels(atlas: Atlas) -> None:
    score = score_atlas(atlas, label="cluster", drop=["3"])
    assert score.labels == ["0", "1", "2"]
    assert score.mean.ari_tied is not None


@pytest.mark.parametrize("n", [0, -3, N_SPOTS + 1])
def test_an_impossible_number_of_components_is_refused(atlas: Atlas, n: int) -> None:
    with pytest.raises(AtlasError, match="expected 1 to 120"):
        score_atlas(atlas, label="label", n=n)


def test_all_labels_dropped_is_not_applicable_with_its_reason(atlas: Atlas) -> None:
    score = score_atlas(atlas, label="label", drop=["heart", "gut", "limb", "unassigned"])
    assert score.mean.ari_tied is None
    assert score.mean.asw is None
    assert score.n_components is None
    assert set(score.reasons) == {"mixture", "domain", "transfer", "asw"}
    assert score.ilisi is not None
    text = shown(score)
    assert "n/a" in text
    assert "no labelled spots" in text
    json.dumps(score.to_json(), allow_nan=False)


def test_a_name_that_drops_nothing_is_noted(atlas: Atlas) -> None:
    score = score_atlas(atlas, label="label", drop=["unassigned", "unasigned"])
    assert score.notes == ["nothing to drop: no spot is labelled 'unasigned'"]
    assert "'unasigned'" in shown(score)


def test_missing_labels_in_the_store_stay_missing(tmp_path: Path) -> None:
    label = np.asarray(fitted().obs["label"]).astype(object)
    label[label == "unassigned"] = None
    label[:40] = None
    score = score_atlas(stored(fitted(label=pd.Categorical(label)), tmp_path), label="label")
    assert [each.n_labelled for each in score.slices] == [0, 30, 30]
    assert score.slices[0].figures.ari_tied is None
    assert score.slices[0].figures.transfer is None
    assert score.labels == ["gut", "heart", "limb"]
    assert score.mean.ari_tied == pytest.approx(1.0)


def test_one_slice_has_no_transfer_and_full_mixing(tmp_path: Path) -> None:
    data = fitted()[:40].copy()
    data.obs["slice"] = data.obs["slice"].cat.remove_unused_categories()
    data.obs["stage"] = data.obs["stage"].cat.remove_unused_categories()
    score = score_atlas(stored(data, tmp_path), label="label", drop=["unassigned"])
    assert score.mean.transfer is None
    assert "two labelled slices" in score.reasons["transfer"]
    assert score.ilisi == pytest.approx(1.0)
    assert score.mean.ari_tied == pytest.approx(1.0)
