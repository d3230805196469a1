"""Slices with the stages' names of before `atlas annotate` are read under the present ones."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd

from training.extension.formernames import former_stages, rename_stages
from training.slices.quality import SliceReport
from training.store import Annotation


def test_a_former_name_leads_to_the_present_one() -> None:
    told = [
        Annotation("stage", "Day 9", former="E9"),
        Annotation("stage", "E10", note="kept its name"),
        Annotation("domain", "Heart", former="E10"),
    ]
    assert former_stages(told, {"Day 9", "E10"}) == {"E9": "Day 9"}


def test_a_name_that_a_stage_bears_now_means_that_stage() -> None:
    exchanged = [
        Annotation("stage", "late", former="early"),
        Annotation("stage", "early", former="late"),
    ]
    assert former_stages(exchanged, {"early", "late"}) == {}


def test_slices_of_both_names_come_to_one_stage() -> None:
    column = pd.Categorical(["E9", "Day 9", "E11"], categories=["E9", "Day 9", "E11"])
    spots = ad.AnnData(np.zeros((3, 1)), obs=pd.DataFrame({"stage": column}, index=list("abc")))
    reports = [report("one", "E9"), report("two", "E11")]
    told = rename_stages(spots, reports, {"E9": "Day 9"})
    assert list(spots.obs["stage"]) == ["Day 9", "Day 9", "E11"]
    assert list(spots.obs["stage"].cat.categories) == ["Day 9", "E11"]
    assert [each.stage for each in told] == ["Day 9", "E11"]


def report(name: str, stage: str) -> SliceReport:
    fields = dict.fromkeys(SliceReport.__dataclass_fields__, 0)
    return SliceReport(**{**fields, "slice": name, "stage": stage})
