"""Stages of domains and times beyond the stages: words, rows, table and card."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from atlas_app.pages.map.stages import domain_stages
from atlas_app.results.mapped import ResultView
from atlas_app.results.report import domain_stages as domain_stages_report
from atlas_app.results.stages import (
    beyond_text,
    beyond_verdict,
    held_out_text,
    stages_by_domain,
    stages_csv,
)
from training.store import Atlas

BEYOND = {"estimate": 12.41, "low": 11.5, "high": 13.3, "coverage": 0.9, "n_slices": 5}
HELD_OUT = {"accuracy": 0.75, "calibration_error": 0.04, "n_domains": 20, "n_slices": 5}


@pytest.fixture
def view(atlas: Atlas, tmp_path: Path) -> ResultView:
    result = ad.AnnData(np.ones((4, 2), dtype=np.float32))
    result.obsm["factors"] = np.ones((4, 1), dtype=np.float32)
    result.uns["projection"] = {
        "stage_by_domain": {
            "gut": {
                "n_spots": 3,
                "few": True,
                "calibrated": False,
                "stage": "E9",
                "stage_posterior": {"E9": 1.0},
            },
            "brain": {
                "n_spots": 40,
                "few": False,
                "calibrated": True,
                "stage": "E10",
                "stage_posterior": {"E9": 0.25, "E10": 0.75, "E11": 0.0},
            },
        },
        "time_beyond": {**BEYOND, "verdict": "later"},
        "stage_by_domain_held_out": {"many": HELD_OUT},
    }
    result.write_h5ad(tmp_path / "result.h5ad")
    return ResultView(
        tmp_path / "result.h5ad", atlas=atlas, job_id="j" * 32, base="/api", title="section"
    )


def test_rows_follow_the_atlas_and_mark_few_spots(view: ResultView) -> None:
    rows = stages_by_domain(view)
    assert [(row.domain, row.spots, row.few, row.stage) for row in rows] == [
        ("brain", 40, False, "E10"),
        ("gut", 3, True, "E9"),
    ]
    assert rows[1].posterior == (1.0, 0.0, 0.0)
    text = str(domain_stages(view))
    assert "3, few, not calibrated" in text
    assert "75%" in text
    assert "75% were most probable at their true stage" in text
    table = list(csv.reader(io.StringIO("".join(stages_csv(view)))))
    assert table[0] == ["domain", "spots", "few", "calibrated", "stage", "E9", "E10", "E11"]
    assert table[1][:7] == ["brain", "40", "False", "True", "E10", "0.25", "0.75"]


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("later", "Outside the covered stages: later than the last."),
        ("earlier", "Outside the covered stages: earlier than the first."),
        (
            "not outside for certain",
            "Nothing says for certain that it lies outside the covered stages.",
        ),
    ],
)
def test_a_time_beyond_the_stages_is_said(verdict: str, said: str) -> None:
    report: dict[str, Any] = {"time_beyond": {**BEYOND, "verdict": verdict}}
    text = beyond_text(report, "days")
    assert text.startswith(said)
    assert "about 12.4 days, between 11.5 and 13.3 at 90%" in text
    assert beyond_text({}, "days") == ""


def test_what_cannot_be_judged_is_said_with_the_reason(view: ResultView) -> None:
    told = {"verdict": "cannot be judged", "reason": "the atlas has 3 stages, and it takes 4"}
    text = beyond_text({"time_beyond": told}, "days")
    assert text.startswith(
        "Whether it lies outside the covered stages cannot be judged: the atlas has 3 stages, and"
    )
    assert beyond_verdict(told) == "cannot be judged"
    view.report["time_beyond"] = told
    assert text.split(":")[0] in "".join(domain_stages_report(view))


def test_nothing_is_promised_where_nothing_was_learnt() -> None:
    assert held_out_text({}) == ""
    assert held_out_text({"stage_by_domain_held_out": {}}) == ""
    few = held_out_text({"stage_by_domain_held_out": {"few": HELD_OUT}})
    assert few.startswith("Of domains of fewer than 20 spots")
