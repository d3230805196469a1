"""The benchmark of mapping: what is left out, its figures, and its table."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from training.benchmark.mapping.division import divide, write_reference
from training.benchmark.mapping.figures import auroc, match_factors, score_genes, score_names
from training.benchmark.mapping.run import run_mapping_benchmark, to_markdown
from training.benchmark.sets import DataSet
from training.errors import ConfigError

pytestmark = pytest.mark.slow

SETTINGS = ("train.steps=5", "model.n_factors=12", "start.iterations=10", "start.restarts=1")


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
    names = score_names(
        np.array(["a", "b", "a"]), np.array([0.9, 0.9, 0.9]), ["a", None, "drop"], ("drop",)
    )
    assert names["accuracy"] == 1.0
    assert names["n_labelled"] == 1
    factors = np.random.default_rng(0).dirichlet(np.ones(4), 60)
    assert match_factors(factors[:, [2, 0, 3, 1]], factors) == pytest.approx(1.0)


def test_unknown_sets_and_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data set 'nothing'"):
        run_mapping_benchmark(tmp_path, sets=["nothing"])
    with pytest.raises(ConfigError, match="--seeds"):
        run_mapping_benchmark(tmp_path, sets=["embryo_tiny"], seeds=[-1])


def test_a_table_comes_out_and_is_not_measured_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.benchmark.mapping import measure

    monkeypatch.setattr(measure, "PANELS", (60,))
    told: list[str] = []
    asked = {"sets": ["embryo_tiny"], "seeds": [0], "settings": SETTINGS, "report": told.append}
    tree = run_mapping_benchmark(tmp_path, **asked)
    found = tree["sets"]["embryo_tiny"]
    assert list(found["mapping"]) == ["all", "60"]
    assert 0 < found["mapping"]["all"]["accuracy"]["mean"] <= 1
    assert "joint_domains_ari" in found["mapping"]["all"]
    assert {"nearest", "spage-like", "ours"} <= set(found["imputation"])
    assert 0.8 < found["imputation"]["ours"]["coverage"]["mean"] < 1
    assert json.loads((tmp_path / "table.json").read_text()) == json.loads(json.dumps(tree))
    assert "| ours |" in to_markdown(tree)
    again = run_mapping_benchmark(tmp_path, **asked)
    assert again == tree
    assert told[-1] == "embryo_tiny · seed 0: measured before"
