"""A mapped section on its reference slice: rows, pictures, card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from atlas_app.http_errors import ApiError
from atlas_app.pages.map_registration import registration
from atlas_app.result_registration import (
    registration_picture,
    registration_rows,
    registrations,
)
from atlas_app.results import ResultView
from training.store import Atlas

RECORD: dict[str, Any] = {
    "section": "left",
    "registered": True,
    "reference": "E10_1",
    "rotation": -82.12,
    "reflected": True,
    "scale": 1.0,
    "shift": [1.0, 2.0],
    "matches": 394,
    "inliers": 192,
    "residual": 12.5,
    "score": 0.51,
    "spacing": 10.0,
    "n_spots": 3,
}


@pytest.fixture
def view(atlas: Atlas, tmp_path: Path) -> ResultView:
    result = ad.AnnData(np.ones((6, 2), dtype=np.float32))
    result.obs["slice"] = pd.Categorical(["left", "right"] * 3)
    result.obs["domain"] = pd.Categorical(["heart", "heart", "brain"] * 2)
    result.obsm["factors"] = np.ones((6, 1), dtype=np.float32)
    positions = np.tile(np.arange(6, dtype=np.float32)[:, None], (1, 2))
    positions[1::2] = np.nan
    result.obsm["spatial_registered"] = positions
    right = {"section": "right", "registered": False, "reference": "E11_1"}
    result.uns["projection"] = {"registration": {"0": RECORD, "1": right}}
    result.write_h5ad(tmp_path / "result.h5ad")
    return ResultView(
        tmp_path / "result.h5ad", atlas=atlas, job_id="j" * 32, base="/api", title="section"
    )


def test_sections_are_told_with_what_was_done(view: ResultView) -> None:
    assert [(each.section, each.registered) for each in registrations(view)] == [
        ("left", True),
        ("right", False),
    ]
    assert registration_rows(view) == [
        ["left", "E10_1 (E10)", "-82°, mirrored", "192 of 394", "12.5 µm (1.2 spots)", "0.51"],
        ["right", "E11_1 (E11)", "not registered", "", "", ""],
    ]
    text = str(registration(view))
    assert "right resembles E11_1, the most similar slice of the atlas, no more than chance" in text
    assert "/api/registration/0/both.svg" in text
    assert "by domain, n = 3 spots" in text
    assert "/api/registration/1/" not in text


def test_pictures_share_a_frame_and_draw_one_section(view: ResultView) -> None:
    pictures = {k: registration_picture(view, 0, k) for k in ("reference", "query", "both")}
    assert all(each.startswith("<svg viewBox=") for each in pictures.values())
    dots = {kind: len(re.findall("h0", each)) for kind, each in pictures.items()}
    assert dots == {"reference": 60, "query": 3, "both": 63}
    # In the atlas's colours of its domains.
    assert "#aa0000" in pictures["query"]
    assert "#00aa00" in pictures["query"]
    assert "nan" not in "".join(pictures.values())


@pytest.mark.parametrize(("section", "kind"), [(1, "both"), (7, "both"), (0, "else")])
def test_what_was_not_drawn_is_not_there(view: ResultView, section: int, kind: str) -> None:
    with pytest.raises(ApiError, match="No such picture"):
        registration_picture(view, section, kind)
