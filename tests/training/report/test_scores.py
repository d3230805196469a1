"""Scores in the card of a fit: those that the atlas itself gives, told on the report too."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.report.page import write_page
from training.report.scores import SAYS
from training.score import score_atlas
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


def value(atlas: Atlas, name: str, label: str = "") -> Any:
    (found,) = (
        each for each in atlas.card["scores"] if (each["score"], each["label"]) == (name, label)
    )
    assert ("reason" in found) == (found["value"] is None)
    assert found["says"] == SAYS[name]
    return found["value"]


def test_the_card_scores_as_the_atlas_is_scored(atlas: Atlas) -> None:
    # One component: no figure of the mixture is in the card, and a whole mixture takes seconds.
    score = score_atlas(atlas, label="organ", n=1)
    assert value(atlas, "iLISI") == pytest.approx(score.ilisi, abs=2e-3)
    assert value(atlas, "diversity") == pytest.approx(score.diversity, abs=1e-4)
    assert value(atlas, "coherence") == pytest.approx(score.coherence, abs=1e-4)
    assert value(atlas, "transfer accuracy", "organ") == pytest.approx(
        score.mean.transfer, abs=2e-3
    )
    assert value(atlas, "ARI of domains", "organ") == pytest.approx(score.mean.ari_domain, abs=1e-4)
    assert value(atlas, "NMI of domains", "organ") == pytest.approx(score.mean.nmi_domain, abs=1e-4)
    known = [each["score"] for each in atlas.card["alignment"] if each["score"] is not None]
    assert value(atlas, "registration") == pytest.approx(np.mean(known), abs=1e-4)
    stability = atlas.factor_stability
    assert value(atlas, "factor stability") == pytest.approx(np.nanmean(stability), abs=1e-4)
    most = {each["score"]: each["most"] for each in atlas.card["scores"]}
    assert most.pop("iLISI") == len(atlas.slices)
    assert set(most.values()) == {1}


def test_the_report_tells_every_score_and_what_it_says(tiny_atlas: Path, atlas: Atlas) -> None:
    page = html.unescape(tiny_atlas.with_name("tiny.report.html").read_text(encoding="utf-8"))
    for each in atlas.card["scores"]:
        assert each["says"] in page
        if each["value"] is not None:
            assert f"<td>{each['value']:.3g}</td>" in page
    assert "transfer accuracy, labels organ" in page


def test_a_score_that_does_not_apply_tells_why() -> None:
    none = {"score": "iLISI", "label": "", "value": None, "most": 1, "says": "x", "reason": "one"}
    page = write_page("t", [], [], [], [], {}, [none])
    assert "<td>none</td>" in page
    assert "None here: one." in page
    assert "<h2>Scores" not in write_page("t", [], [], [], [], {})
