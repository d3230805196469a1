"""Accuracy of imputed genes on the result page and as a table."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from atlas_app.pages.map_colors import color_choices
from atlas_app.pages.map_imputed import NOT_TESTABLE, cells, summary
from atlas_app.result_imputation import GeneTrust, read_trust, trust_csv
from atlas_app.result_report import imputed as imputed_report
from atlas_app.result_trust import trust_text
from atlas_app.results import ResultView
from training.store import Atlas

TABLE = pd.DataFrame(
    {
        "pearson": np.float32([0.5, np.nan]),
        "spearman": np.float32([0.4, np.nan]),
        "rmse": np.float32([1.0, np.nan]),
        "slices": [3, 0],
        "base": np.float32([0.25, np.nan]),
        "slope": np.float32([0.0, np.nan]),
        "low": np.float32([-1.0, np.nan]),
        "high": np.float32([2.0, np.nan]),
        "pearson E8.5": np.float32([0.6, np.nan]),
    },
    index=pd.Index(["ALB", "TTR"], name="gene"),
)


@pytest.fixture
def view(atlas: Atlas, tmp_path: Path) -> ResultView:
    rng = np.random.default_rng(0)
    organ = next(iter(atlas.obs_columns))
    obs = pd.DataFrame(
        {
            "domain": pd.Categorical(["D1"] * 6),
            f"mapped_{organ}": pd.Categorical(list("aabbab")),
            f"mapped_{organ}_probability": np.linspace(0, 1, 6, dtype=np.float32),
            "mapped_mine": pd.Categorical(list("xyxyxy")),
        },
        index=[f"s{i}" for i in range(6)],
    )
    result = ad.AnnData(np.ones((6, 2), dtype=np.float32), obs=obs)
    result.obsm["spatial"] = rng.random((6, 2), dtype=np.float32)
    result.obsm["factors"] = rng.dirichlet(np.ones(3), 6).astype(np.float32)
    result.obsm["imputed"] = rng.random((6, 2), dtype=np.float32)
    result.uns["imputation"] = TABLE
    result.uns["projection"] = {"imputed_genes": np.array(["ALB", "TTR"], dtype=object)}
    path = tmp_path / "result.h5ad"
    result.write_h5ad(path)
    return ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title="section")


def test_the_table_is_read_as_it_was_written(view: ResultView) -> None:
    tested, untested = read_trust(view)
    assert tested == GeneTrust(
        "ALB",
        pearson=0.5,
        spearman=pytest.approx(0.4),
        rmse=1.0,
        slices=3,
        base=0.25,
        slope=0.0,
        low=-1.0,
        high=2.0,
        stages={"E8.5": pytest.approx(0.6)},
    )
    assert untested.gene == "TTR"
    assert np.isnan(untested.pearson)
    assert tested.interval(1.0) == pytest.approx((0.5, 2.0))
    assert tested.interval(0.1)[0] == 0


def test_genes_are_shown_with_what_to_expect_of_them(view: ResultView) -> None:
    tested, untested = read_trust(view)
    assert cells(tested) == ["ALB", "0.50", "0.40", "1.00", "0.50 to 2.00", "3"]
    assert cells(untested)[:2] == ["TTR", NOT_TESTABLE]
    said = summary([tested, untested])
    assert "2 genes imputed" in said
    assert "0.50" in said
    assert "1 could not be tested" in said
    assert "none of them could be tested" in summary([untested])
    kept = "".join(imputed_report(view))
    assert kept.index("ALB") < kept.index("TTR")
    assert "<td>0.50</td>" in kept
    assert NOT_TESTABLE in kept


def test_colours_name_expectations_and_annotations(view: ResultView, atlas: Atlas) -> None:
    offered = {group["group"]: group["items"] for group in color_choices(view)}
    labels = [item["label"] for item in offered["Imputed genes (predicted, not measured)"]]
    assert labels == ["ALB (imputed, expected r 0.50)", "TTR (imputed, not testable)"]
    organ = next(iter(atlas.obs_columns))
    carried = [item["label"] for item in offered["The atlas's annotations"]]
    assert carried == [organ, f"{organ}, probability"]
    # A column of the query that merely looks like one stays the query's.
    assert [item["label"] for item in offered["Your own columns"]] == ["mapped_mine"]
    values = view.values("obs", f"mapped_{organ}_probability")
    assert (values.lo, values.hi) == (0.0, 1.0)


def test_the_table_can_be_taken_away(view: ResultView) -> None:
    first, second = csv.DictReader(io.StringIO(trust_csv(read_trust(view))))
    assert first["gene"] == "ALB"
    assert first["pearson E8.5"] == "0.6"
    assert second["pearson"] == ""
    assert trust_csv([]).startswith("gene,")


def test_results_of_earlier_versions_have_no_table(view: ResultView) -> None:
    data = ad.read_h5ad(view.path)
    del data.uns["imputation"]
    data.write_h5ad(view.path)
    assert read_trust(view) == []
    labels = [item["label"] for group in color_choices(view) for item in group["items"]]
    assert "ALB (imputed)" in labels


def test_confidence_says_what_it_rests_on() -> None:
    held = {"domain_accuracy": 0.91, "domain_calibration_error": 0.023, "n_slices": 7}
    said = trust_text({"rehearsal": held})
    assert "7 slices" in said
    assert "91%" in said
    assert "2.3%" in said
    assert "parts of one slice" in trust_text({"rehearsal": {**held, "n_slices": 1}})
    assert "clearly one domain wins" in trust_text({})
