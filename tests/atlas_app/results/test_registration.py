"""A mapped section on its reference slice: rows, pictures, card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from atlas_app.http.errors import ApiError
from atlas_app.pages.map.registration import registration
from atlas_app.results.mapped import ResultView
from atlas_app.results.reference import color_both, reference_color
from atlas_app.results.registration import (
    hosts,
    registration_picture,
    registration_rows,
    registrations,
    sections_drawn,
)
from atlas_app.results.report import as_table
from atlas_app.results.report_reference import leading_factors, registered
from atlas_app.results.units import section_scales
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
    factors = np.full((6, 4), 0.1, dtype=np.float32)
    factors[:, 2] = 0.7
    result.obsm["factors"] = factors
    result.obsm["imputed"] = np.linspace(0, 9, 6, dtype=np.float32)[:, None]
    positions = np.tile(np.arange(6, dtype=np.float32)[:, None], (1, 2))
    positions[1::2] = np.nan
    result.obsm["spatial_registered"] = positions
    right = {"section": "right", "registered": False, "reference": "E11_1", "n_spots": 3}
    result.obsm["spatial"] = np.arange(12, dtype=np.float32).reshape(6, 2)
    result.uns["projection"] = {
        "registration": {"0": RECORD, "1": right},
        "imputed_genes": np.array(["ALB"], dtype=object),
    }
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
        ["left", "E10_1 (E10)", "−82°, mirrored", "192 of 394", "12.5 µm (1.2 spots)", "0.51"],
        ["right", "E11_1 (E11)", "not aligned", "–", "–", "–"],
    ]
    text = str(registration(view))
    assert "right resembles E11_1, the most similar slice of the atlas, no more than chance" in text
    assert "/api/registration/0/both.svg" in text
    assert "The section, registered: left, by domain, n = 3 spots" in text
    # What was not aligned lies beside the slice, never over it, and says so.
    assert "/api/registration/1/alone.svg" in text
    assert "/api/registration/1/both.svg" not in text
    assert "The section as it came, not aligned: right, by domain, n = 3 spots" in text


def test_lengths_are_told_where_the_registration_gives_them(
    view: ResultView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the unit of the atlas where every section was laid onto it, else not at all."""
    assert view.description["units"]["coordinate"] is None
    told = view.report["registration"]
    told["1"] |= RECORD | {"section": "right", "scale": 0.5, "reference": "E11_1"}
    fresh = ResultView(view.path, atlas=view.atlas, job_id="j", base="/api", title="section")
    fresh.__dict__["report"] = view.report
    assert fresh.description["units"]["coordinate"] == "µm"
    assert [part.get("unit_scale") for part in fresh.description["slices"]] == [None, 0.5]
    # Nor where the atlas itself does not say its unit.
    fresh.__dict__.pop("description")
    monkeypatch.delitem(fresh.atlas.card, "coordinate_unit")
    assert fresh.description["units"]["coordinate"] is None
    # Then the file's own unit holds, with which the sections need no scales.
    view.report["coordinate_unit"] = "um"
    own = ResultView(view.path, atlas=view.atlas, job_id="j", base="/api", title="section")
    own.__dict__["report"] = view.report
    assert own.description["units"]["coordinate"] == "um"
    assert not any("unit_scale" in part for part in own.description["slices"])
    # The only section needs no name in the file.
    assert section_scales(view.atlas, {"registration": {"0": RECORD}}, ["query"]) == [1.0]
    assert section_scales(view.atlas, {}, ["query"]) is None


def test_a_residual_without_a_unit_is_told_in_spots(
    view: ResultView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_app.results.registration.unit_words", lambda _: "")
    assert registration_rows(view)[0][4] == "1.2 spots"


def test_a_section_without_a_name_is_called_as_its_file(view: ResultView) -> None:
    view.__dict__["slice_column_name"] = ""
    view.title = "left heart"
    assert registration_rows(view)[0][0] == "left heart"


def test_pictures_share_a_frame_and_draw_one_section(view: ResultView) -> None:
    pictures = {k: registration_picture(view, 0, k) for k in ("reference", "query", "both")}
    assert all(each.startswith("<svg viewBox=") for each in pictures.values())
    dots = {kind: len(re.findall("h0", each)) for kind, each in pictures.items()}
    assert dots == {"reference": 60, "query": 3, "both": 63}
    # In the atlas's colours of its domains.
    assert "#aa0000" in pictures["query"]
    assert "#00aa00" in pictures["query"]
    assert "nan" not in "".join(pictures.values())


def test_a_section_that_was_not_registered_is_drawn_as_it_came(view: ResultView) -> None:
    alone, reference = (registration_picture(view, 1, kind) for kind in ("alone", "reference"))
    assert (alone.count("h0"), reference.count("h0")) == (3, 60)
    assert "nan" not in alone
    # Each has a frame of its own: the section is far smaller than the slice.
    assert alone.split('"')[1] != reference.split('"')[1]


def test_sections_that_are_not_drawn_are_counted(view: ResultView) -> None:
    told = view.report["registration"]
    told |= {str(n): RECORD | {"section": f"s{n}"} for n in range(2, 6)}
    drawn, rest = sections_drawn(view)
    # Registered ones first, though one before them was not.
    assert [each.number for each in drawn] == [0, 2, 3, 4]
    assert rest == "2 further sections are not drawn."


def test_a_report_shows_both_sides_by_domain_and_leading_factors(view: ResultView) -> None:
    assert leading_factors(view)[0] == 2
    text = "".join(registered(view, as_table))
    # By domain three pictures of one section and two of the other, by each factor two of both.
    assert text.count("<svg ") == 3 + 2 + 4 * 2 * len(leading_factors(view)) // 2
    assert "Factor 2" in text
    assert "proportion: " in text
    assert "Left E11_1 of the atlas, right right, not aligned" in text
    assert "http" not in text


def test_a_factor_has_one_scale_on_both_sides(view: ResultView, atlas: Atlas) -> None:
    (info,) = {each.name: each for each in hosts(view)[:1]}.values()
    colors = color_both(view, "factor:2", hosts(view))
    own = np.asarray(atlas.factors)[info.start : info.stop, 2]
    # 0.7 in the section looks like 0.7 in the reference, and 0.1 does not.
    high = set(colors.slices[info.name][own > 0.5])
    assert set(colors.query) == high
    assert high.isdisjoint(colors.slices[info.name][own < 0.5])
    assert colors.end == pytest.approx(0.7, abs=0.01)
    text = str(registration(view, "factor:2"))
    assert "registration/0/reference.svg?color=factor:2" in text
    assert "One scale for both, proportion: 0" in text
    assert "0.7 and more" in text
    high_color = high.pop()
    assert high_color in registration_picture(view, 0, "query", "factor:2")


def test_a_gene_is_called_imputed_beside_what_the_reference_measured(view: ResultView) -> None:
    text = str(registration(view, "gene:ALB"))
    assert "E10_1, ALB as measured, n = 60 spots" in text
    assert "registered: left, ALB imputed, a prediction, n = 3 spots" in text
    colors = color_both(view, "gene:ALB", hosts(view))
    # The scale ends with the greatest of both: the section's here.
    assert colors.end is not None
    assert colors.end > 8
    assert len(set(colors.query)) == 6
    # Of an end of the interval the atlas has nothing; the gene stands for it.
    assert reference_color(view, "low:ALB") == "gene:ALB"
    assert reference_color(view, "obs:domain_confidence") == "obs:domain"
    assert "is of the section alone" in str(registration(view, "obs:domain_confidence"))
    with pytest.raises(ApiError, match="did not measure"):
        registration_picture(view, 0, "query", "measured:ALB")
    with pytest.raises(ApiError, match="No such factor"):
        registration_picture(view, 0, "query", "factor:9")


@pytest.mark.parametrize(
    ("section", "kind"), [(1, "both"), (7, "both"), (0, "else"), (0, "alone"), (1, "query")]
)
def test_what_was_not_drawn_is_not_there(view: ResultView, section: int, kind: str) -> None:
    with pytest.raises(ApiError, match="No such picture"):
        registration_picture(view, section, kind)
