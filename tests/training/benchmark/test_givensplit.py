"""The benchmark's unit `split`: genes shown and hidden as a data set says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from training.benchmark.mapping import givensplit
from training.benchmark.mapping.division import log_expression
from training.benchmark.mapping.figures import SEEN_IN
from training.benchmark.mapping.fitted import open_reference
from training.benchmark.mapping.givensplit import measure_split, read_genes
from training.benchmark.mapping.run import run_mapping_benchmark, to_markdown
from training.benchmark.sets import DataSet
from training.errors import ConfigError

SECTIONS = ("E11.5_B", "E13.5_A")
"""What the fixture's atlas lacks."""


def _write_split(folder: Path, visible: list[str], hidden: list[str]) -> None:
    folder.mkdir()
    for name, genes in (("panel.txt", visible), ("hidden.txt", hidden)):
        (folder / name).write_text("\n".join(genes) + "\n", encoding="utf-8")


def test_given_genes_are_hidden_in_every_section(
    tiny_slices: Path, left_out: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[list[str]] = []

    def fit(slices: Path, *rest: Any) -> Any:
        # One atlas that lacks both sections stands for the fits without either.
        fitted.append(sorted(file.stem for file in slices.glob("*.h5ad")))
        return open_reference(left_out.store)

    monkeypatch.setattr(givensplit, "fit_reference", fit)
    (tmp_path / "human_heart_6.5pcw").mkdir()
    for name in SECTIONS:
        section = ad.read_h5ad(tiny_slices / f"{name}.h5ad")
        section.obs["label"] = section.obs.pop("organ")
        section.write_h5ad(tmp_path / "human_heart_6.5pcw" / f"{name}.h5ad")
    genes = np.random.default_rng(0).permutation(left_out.query.var_names).tolist()
    _write_split(tmp_path / "heart_imputation_split", genes[:100], genes[100:160])
    tree = run_mapping_benchmark(
        tmp_path / "out", tmp_path, sets=["human_heart_6.5pcw"], seeds=[0], units=["split"]
    )
    assert fitted == [["E13.5_A"], ["E11.5_B"]]
    found = tree["sets"]["human_heart_6.5pcw"]
    rows, single = found["split"], found["split by section"]
    assert list(rows)[-1] == "ours"
    assert {"nearest", "spage-like", "panel-pca", "poisson-nmf"} <= set(rows)
    for row in rows:
        each = [single[f"{name}, {row}"]["pearson"]["mean"] for name in SECTIONS]
        assert rows[row]["pearson"]["mean"] == pytest.approx(np.mean(each))
    # One nearest spot is the noisiest of estimates, and ours knows more than it.
    assert rows["ours"]["pearson"]["mean"] > rows["nearest"]["pearson"]["mean"]
    assert 0.8 < rows["ours"]["coverage"]["mean"] < 1
    assert f"| {SECTIONS[0]}, ours |" in to_markdown(tree)


def test_a_split_that_cannot_be_used_is_refused_before_any_fit(
    tiny_slices: Path, tmp_path: Path
) -> None:
    dataset = DataSet("x", "x")

    def measure(split: Path | None) -> dict[str, Any]:
        return measure_split(dataset, tiny_slices, tmp_path, 0, split)

    assert measure(None)["reason"] == "no lists of visible and hidden genes"
    genes = ad.read_h5ad(tiny_slices / "E11.5_B.h5ad", backed="r").var_names.tolist()
    _write_split(tmp_path / "split", genes[:20], [*genes[20:30], "NOSUCH"])
    with pytest.raises(ConfigError, match=r"1 of its genes are not in .*h5ad, such as NOSUCH"):
        measure(tmp_path / "split")
    (tmp_path / "split" / "hidden.txt").write_text("\n")
    with pytest.raises(ConfigError, match="found no gene"):
        measure(tmp_path / "split")
    with pytest.raises(ConfigError, match="no such list"):
        measure(tmp_path / "nowhere")


def test_the_given_genes_of_the_heart_are_halves_without_overlap(real_data: Path) -> None:
    split = real_data / "heart_imputation_split"
    visible, hidden = (read_genes(split / name) for name in ("panel.txt", "hidden.txt"))
    assert (len(visible), len(hidden), len(set(visible) & set(hidden))) == (500, 500, 0)
    section = ad.read_h5ad(real_data / "human_heart_6.5pcw" / "7_CN74_D1.h5ad")
    truth = log_expression(section, hidden)
    assert ((truth > 0).mean(axis=0) >= SEEN_IN).sum() == 456
