"""The benchmark of mapping: what is left out, its figures, and its table."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from training.benchmark.mapping.absentclass import choose_class, take_class_off, tell_classes_apart
from training.benchmark.mapping.absentstage import place_absent
from training.benchmark.mapping.division import divide, write_reference
from training.benchmark.mapping.figures import (
    auroc,
    judge_names,
    match_factors,
    overlap_neighbours,
    pool_reliability,
    score_genes,
    score_names,
    tell_reliability,
)
from training.benchmark.mapping.run import run_mapping_benchmark, to_markdown
from training.benchmark.sets import DataSet
from training.errors import ConfigError
from training.synthetic.presets import DAYS, PRESETS

pytestmark = pytest.mark.slow

SETTINGS = ("train.steps=5", "model.n_factors=12", "start.iterations=10", "start.restarts=1")
SETTINGS += ("domains.resolution=1", "imputation.folds=0")


def test_sections_are_left_out_of_several_stages(tiny_slices: Path) -> None:
    files = sorted(tiny_slices.glob("*.h5ad"))
    division = divide(files, seed=0)
    assert len(division.queries) == len(files) // 5
    stages = [query.obs["stage"].iloc[0] for query in division.queries.values()]
    assert len(set(stages)) == len(stages)
    left = {ad.read_h5ad(file).obs["stage"].iloc[0] for file in division.reference}
    assert set(stages) <= left
    assert divide(files, seed=0).reference == division.reference


def test_labels_that_are_not_scored_are_taken_off(tiny_slices: Path, tmp_path: Path) -> None:
    files = sorted(tiny_slices.glob("*.h5ad"))[:2]
    for number, file in enumerate(files):
        section = ad.read_h5ad(file)
        section.obs["label"] = pd.Categorical(["no", "yes"][: 2 - number] * section.n_obs)[
            : section.n_obs
        ]
        section.write_h5ad(tmp_path / file.name)
    division = divide(sorted(tmp_path.glob("*.h5ad")), seed=0)
    dataset = DataSet("x", "x", label="label", drop=("no",))
    for path in write_reference(division, dataset, tmp_path / "out").glob("*.h5ad"):
        obs = ad.read_h5ad(path).obs
        assert "label" not in obs or set(obs["label"].dropna()) == {"yes"}


def test_figures_by_hand() -> None:
    assert auroc(np.array([3.0, 4.0]), np.array([1.0, 3.5])) == pytest.approx(0.75)
    truth = np.random.default_rng(0).random((50, 3))
    perfect = score_genes(truth, truth)
    assert perfect == pytest.approx({"pearson": 1.0, "spearman": 1.0, "rmse": 0.0})
    judged = judge_names(
        np.array(["a", "b", "a"]), np.array([0.9, 0.9, 0.9]), ["a", None, "drop"], ("drop",)
    )
    names = score_names(*judged)
    assert names["accuracy"] == 1.0
    assert names["n_labelled"] == 1
    assert names["overconfidence"] == pytest.approx(-0.1)
    assert tell_reliability(*judged) == {
        "0.9 to 1.0": {"promised": pytest.approx(0.9), "came_true": 1.0, "spots": 1}
    }
    assert score_names(np.empty(0), np.empty(0, dtype=bool)) == {}
    latent = np.random.default_rng(0).random((200, 3))
    turned = latent[:, [1, 2, 0]]
    overlap, chance = overlap_neighbours(latent[:60], latent[60:], turned[:60], turned[60:])
    assert (overlap, chance) == (1.0, pytest.approx(50 / 140))
    other = np.random.default_rng(1).random((200, 3))
    assert overlap_neighbours(latent[:60], latent[60:], other[:60], other[60:])[0] < 0.5
    factors = np.random.default_rng(0).dirichlet(np.ones(4), 60)
    assert match_factors(factors[:, [2, 0, 3, 1]], factors) == pytest.approx(1.0)
    constant = np.column_stack([factors[:, :3], np.full(len(factors), 0.25)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert match_factors(constant, factors) < 0.8


def test_reliability_of_seeds_together_is_that_of_their_spots_together() -> None:
    generator = np.random.default_rng(0)
    promised = generator.random(900)
    right = generator.random(900) < promised**2
    parts = [tell_reliability(promised[part], right[part]) for part in np.split(np.arange(900), 3)]
    together = pool_reliability([{}, *parts])
    every = together.pop("all")
    assert together == {
        name: pytest.approx(row) for name, row in tell_reliability(promised, right).items()
    }
    names = score_names(promised, right)
    assert every["calibration_error"] == pytest.approx(names["calibration_error"])
    assert every["calibration_by_chance"] == pytest.approx(names["calibration_by_chance"], rel=0.02)
    assert every["spots"] == 900
    assert pool_reliability([{}, {}]) == {}


def test_unknown_sets_and_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data set 'nothing'"):
        run_mapping_benchmark(tmp_path, sets=["nothing"])
    with pytest.raises(ConfigError, match="--seeds"):
        run_mapping_benchmark(tmp_path, sets=["embryo_tiny"], seeds=[-1])
    with pytest.raises(ConfigError, match="--units"):
        run_mapping_benchmark(tmp_path, sets=["embryo_tiny"], units=["organ"])


def test_a_table_comes_out_and_is_not_measured_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.benchmark.mapping import measure

    monkeypatch.setattr(measure, "PANELS", (60,))
    # Three of its stages are as many as are needed, and four fits of them half the work.
    three = replace(PRESETS["tiny"], spots=(95, 110, 125), times=DAYS[2:5])
    monkeypatch.setitem(PRESETS, "tiny", three)
    told: list[str] = []
    asked = {"sets": ["embryo_tiny"], "seeds": [0], "settings": SETTINGS, "report": told.append}
    tree = run_mapping_benchmark(tmp_path, **asked)
    found = tree["sets"]["embryo_tiny"]
    assert list(found["mapping"]) == ["all", "60"]
    assert 0 < found["mapping"]["all"]["accuracy"]["mean"] <= 1
    assert "joint_domains_ari" in found["mapping"]["all"]
    assert "joint_neighbour_overlap" in found["mapping"]["all"]
    assert 0 < found["mapping"]["60"]["true_factors"]["mean"] < 1
    assert 0 < found["mapping"]["all"]["joint_true_factors"]["mean"] < 1
    assert list(found["approaches"]) == [
        f"{name}, {panel}"
        for panel in ("all", "60")
        for name in ("as mapped", "encoder", "own counts", "pooled counts")
    ]
    mapped = found["approaches"]["as mapped, 60"]
    assert mapped["factors"] == found["mapping"]["60"]["joint_factor_correlation"]
    assert mapped["domains_ari"] == found["mapping"]["60"]["joint_domains_ari"]
    # All genes leave the encoder alone.
    whole = found["approaches"]
    assert whole["as mapped, all"]["factors"] == whole["encoder, all"]["factors"]
    assert 0 < found["approaches"]["pooled counts, 60"]["factors"]["mean"] < 1
    assert 0 <= found["absent domain"]["all"]["auroc"]["mean"] <= 1
    assert 0 < found["absent domain"]["all"]["told_apart"]["mean"] <= 1
    assert {"nearest", "time_covered"} <= set(found["absent stage"]["all"])
    assert {"nearest", "spage-like", "ours"} <= set(found["imputation"])
    assert 0.8 < found["imputation"]["ours"]["coverage"]["mean"] < 1
    of_section = found["imputed sections"]
    assert list(of_section) == list(found["sections"][0])
    assert of_section == dict.fromkeys(of_section, found["imputation"]["ours"])
    # All genes hide none, so nothing is imputed there.
    assert list(found["imputation by panel"]) == ["60"]
    assert found["imputation by panel"]["60"]["hidden_genes"]["mean"] == 240 - 60
    assert found["imputation by panel"]["60"]["pearson"]["mean"] > 0
    for name in ("all", "60"):
        assert 0 < found["domains"][name]["accuracy"]["mean"] <= 1
        assert found["registration"][name]["registered"]["mean"] in (0, 1)
    # Another fit laid the section within a spot or so of the same place beside the same slice.
    assert found["registration"]["all"]["off_joint"]["mean"] < 1
    assert (
        found["domain reliability"]["all"]["spots"]["mean"]
        == (found["domains"]["all"]["n_labelled"]["mean"])
    )
    # With all its genes a slice of the reference is itself again, though turned and mirrored.
    itself = found["itself"]["all"]
    assert itself["nearest_itself"]["mean"] > 0.95
    assert itself["domains"]["mean"] > 0.9
    assert itself["out_of_reference"]["mean"] < 0.1
    assert (itself["own_slice"]["mean"], itself["off_own"]["mean"]) == (
        1,
        pytest.approx(0, abs=0.2),
    )
    assert json.loads((tmp_path / "table.json").read_text()) == json.loads(json.dumps(tree))
    assert "| ours |" in to_markdown(tree)
    again = run_mapping_benchmark(tmp_path, **asked)
    assert again == tree
    assert told[-1] == "embryo_tiny · seed 0 · stage: measured before"


def test_a_class_is_taken_off_every_slice(tiny_slices: Path, tmp_path: Path) -> None:
    dataset = DataSet("x", "x", label="organ")
    division = divide(sorted(tiny_slices.glob("*.h5ad")), seed=0)
    slices = write_reference(division, dataset, tmp_path / "out")
    told_apart = tell_classes_apart(slices, dataset)
    name, next_one = (choose_class(division, slices, dataset, told_apart, seed) for seed in (0, 1))
    assert name is not None
    assert next_one is not None
    # The most distinct first.
    assert 1 >= told_apart[name] >= told_apart[next_one] > 0
    before = {file.name: ad.read_h5ad(file).n_obs for file in division.reference}
    take_class_off(slices, "organ", name)
    kept = {file.name: ad.read_h5ad(file) for file in slices.glob("*.h5ad")}
    assert kept
    assert all(name not in set(section.obs["organ"]) for section in kept.values())
    assert sum(section.n_obs for section in kept.values()) < sum(before[file] for file in kept)
    # The data set itself is as it was: its slices were only linked.
    assert {file.name: ad.read_h5ad(file).n_obs for file in division.reference} == before


def test_the_placing_of_a_stage_that_is_lacking() -> None:
    class Found:
        out_of_reference = np.array([True, False])
        report: ClassVar = {
            "stage_posterior": {"2": 0.8, "4": 0.2},
            "time": {"estimate": 2.4, "low": 0.5, "high": 4.3},
            "time_beyond": {"verdict": "earlier"},
        }

    order, times = ["1", "2", "4"], {"1": 1.0, "2": 2.0, "4": 4.0}
    found = place_absent(Found, "1", order, times)
    assert [found[key] for key in ("nearest", "told", "time_covered")] == [1, 1, 1]
    assert found["time_error"] == pytest.approx(1.4)
    assert found["out_of_reference"] == 0.5
    last = place_absent(Found, "4", order, times)
    assert (last["nearest"], last["told"]) == (1, 0)
    assert "told" not in place_absent(Found, "2", order, times)
