"""What is said of an added slice."""

from __future__ import annotations

from training.extension.goodness import as_findings, judge_section
from training.rehearsal.trust import ONE_SLICE

REPORT = {
    "n_spots": 40,
    "n_genes_matched": 30,
    "n_fitted_genes_matched": 20,
    "loading_share": 0.9,
    "out_of_reference": 0.3,
    "stage_posterior": {"E10": 0.2, "E12": 0.8},
    "verdict": ["much of it is foreign"],
    "warnings": [ONE_SLICE, "part of it is foreign"],
}


def test_a_lone_slice_of_the_atlas_is_no_finding_of_an_added_one() -> None:
    fit = judge_section("b", "E12", REPORT, 0.01, 1.0)
    told = [finding.found for finding in as_findings([fit])]
    assert told[:2] == ["much of it is foreign", "part of it is foreign"]
    assert told[2].startswith("the factors tell its spots apart 1%")
    assert len(told) == len(fit.warnings) == 3
