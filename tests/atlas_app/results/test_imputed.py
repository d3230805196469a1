"""Accuracy of imputed genes on the result page and as a table."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from atlas_app.drawing.value_bytes import encode_signed
from atlas_app.http.errors import ApiError
from atlas_app.pages.map.colors import color_choices
from atlas_app.pages.map.drawing import color_chosen, part_text, usable_color
from atlas_app.pages.map.imputed import NOT_TESTABLE, cells, summary
from atlas_app.pages.map.imputed import imputed as imputed_card
from atlas_app.results.csv import gene_csv
from atlas_app.results.expression import (
    PARTS,
    available_parts,
    draw_part,
    read_gene,
)
from atlas_app.results.imputation import (
    GeneTrust,
    coverage_text,
    own_stage,
    read_trust,
    trust_csv,
)
from atlas_app.results.mapped import ResultView
from atlas_app.results.report import imputed as imputed_report
from atlas_app.results.trust import trust_text
from training.store import Atlas
from training.store.hierarchy.quantise import decode_numbers

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
        "coverage": np.float32([0.875, np.nan]),
        "here_pearson": np.float32([0.25, np.nan]),
        "here_inside": np.float32([0.75, np.nan]),
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
    result.obsm["measured"] = np.column_stack([np.arange(6) / 2, np.full(6, np.nan)])
    result.uns["imputation"] = TABLE
    result.uns["projection"] = {"imputed_genes": np.array(["ALB", "TTR"], dtype=object)}
    path = tmp_path / "result.h5ad"
    result.write_h5ad(path)
    return ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title="section")


@pytest.mark.parametrize(
    ("stages", "own"), [(["E8.5", "E8.5"], "E8.5"), (["E8.5", "E9"], ""), (["E9"], "")]
)
def test_accuracy_is_told_at_the_stage_of_all_sections(
    view: ResultView, monkeypatch: pytest.MonkeyPatch, stages: list[str], own: str
) -> None:
    monkeypatch.setattr(ResultView, "slices", lambda self: [{"stage": each} for each in stages])
    assert own_stage(view, read_trust(view)) == own
    assert ("at E8.5" in "".join(imputed_report(view))) == bool(own)
    assert ("At E8.5" in str(imputed_card(view, ""))) == bool(own)


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
        coverage=0.875,
        here_pearson=0.25,
        here_inside=0.75,
    )
    assert (tested.measured, untested.measured) == (True, False)
    assert untested.gene == "TTR"
    assert np.isnan(untested.pearson)
    assert tested.interval(1.0) == pytest.approx((0.5, 2.0))
    assert tested.interval(0.1)[0] == 0


HERE = ("3", "0.25", "75%")


def test_the_coverage_of_intervals_is_told_in_a_line_and_by_gene(view: ResultView) -> None:
    tested, untested = read_trust(view)
    said = "90% intervals covered 87.5% of left-out values: those of each slice of the atlas"
    assert coverage_text([tested, untested], 3).startswith(said)
    assert coverage_text([untested], 3) == ""
    assert "each slice of the atlas" in coverage_text([tested], 3)
    assert "each part of the atlas" in coverage_text([tested], 1)
    lower = replace(tested, coverage=0.5)
    several = coverage_text([tested, lower, untested], 3)
    assert "68.8% of left-out values (5th to 95th percentile over genes: 52% to 86%)" in several
    kept = "".join(imputed_report(view))
    assert said in kept
    assert "<td>88%</td>" in kept
    (first, _) = csv.DictReader(io.StringIO(trust_csv([tested, untested])))
    assert first["coverage"] == "0.875"


def test_genes_are_shown_with_what_to_expect_of_them(view: ResultView) -> None:
    tested, untested = read_trust(view)
    # Covered by intervals of other slices; slices; and in the section itself.
    assert cells(tested) == ["ALB", "0.50", "0.40", "1.00", "0.50 to 2.00", "88%", *HERE]
    assert cells(untested)[:2] == ["TTR", NOT_TESTABLE]
    assert cells(tested, "E8.5")[1:4] == ["0.50", "0.60", "0.40"]
    assert cells(untested, "E8.5")[1:4] == [NOT_TESTABLE, "–", "–"]
    assert cells(untested)[-2:] == ["not measured", "–"]
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
    labels = [item["label"] for item in offered["Imputed genes (predicted)"]]
    assert labels == [
        "ALB (imputed, expected r 0.50, measured too)",
        "TTR (imputed, not testable)",
    ]
    organ = next(iter(atlas.obs_columns))
    carried = [item["label"] for item in offered["The atlas's annotations"]]
    assert carried == [f"{organ} from the atlas", f"{organ} from the atlas, probability"]
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
    del data.uns["imputation"], data.obsm["measured"]
    data.write_h5ad(view.path)
    assert read_trust(view) == []
    labels = [item["label"] for group in color_choices(view) for item in group["items"]]
    assert "ALB (imputed)" in labels
    assert available_parts(view, "ALB") == ("gene",)
    assert read_gene(view, "ALB").high is None


def test_parts_of_a_gene_share_a_scale_and_never_mix(view: ResultView) -> None:
    gene = read_gene(view, "ALB")
    assert gene.low is not None
    assert gene.high is not None
    np.testing.assert_allclose(gene.low, np.maximum(gene.imputed - 0.5, 0), atol=1e-6)
    np.testing.assert_allclose(gene.high, gene.imputed + 1, atol=1e-6)
    measured = np.arange(6) / 2
    expected = {
        "gene": gene.imputed,
        "low": gene.low,
        "high": gene.high,
        "measured": measured,
        "width": gene.high - gene.low,
        "difference": measured - gene.imputed,
    }
    assert set(available_parts(view, "ALB")) == set(PARTS) == set(expected)
    scales = set()
    for part, truth in expected.items():
        values, clip = draw_part(view, part, "ALB")
        step = (values.hi - values.lo) / 254
        np.testing.assert_allclose(
            decode_numbers(values.data, values.lo, values.hi), truth, atol=step + 1e-6
        )
        if part in ("gene", "low", "high", "measured"):
            assert ((values.data == 0) == (truth == 0)).all()
            scales.add((values.lo, values.hi, clip))
        if part == "difference":
            # As far below zero as above, with zero in the middle of the bytes.
            assert values.lo == -values.hi
            assert clip[0] == -clip[1]
    assert len(scales) == 1
    assert available_parts(view, "TTR") == ("gene",)
    for part, said in (("difference", "did not measure"), ("width", "No interval")):
        with pytest.raises(ApiError, match=said):
            draw_part(view, part, "TTR")
    with pytest.raises(ApiError, match="not imputed"):
        draw_part(view, "gene", "SOX2")


def test_zero_of_a_difference_is_one_byte() -> None:
    found = encode_signed(np.array([-2.0, 0.0, 1.0, 2.0, np.nan]), 2.0)
    assert found.tolist() == [0, 127, 190, 254, 255]
    assert encode_signed(np.zeros(2), 0.0).tolist() == [127, 127]


def test_the_values_of_a_gene_can_be_taken_away(view: ResultView) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(gene_csv(view, read_gene(view, "ALB"))))))
    assert list(rows[0]) == ["gene", "spot", "x", "y", "measured", "imputed", "low", "high"]
    assert [row["spot"] for row in rows] == [f"s{i}" for i in range(6)]
    assert [float(row["measured"]) for row in rows] == [0, 0.5, 1, 1.5, 2, 2.5]
    np.testing.assert_allclose(
        [float(row["high"]) - float(row["imputed"]) for row in rows], 1, atol=1e-5
    )
    other = csv.DictReader(io.StringIO("".join(gene_csv(view, read_gene(view, "TTR")))))
    assert {(row["measured"], row["low"], row["high"]) for row in other} == {("", "", "")}


def test_a_part_is_kept_for_the_next_gene_that_has_it(view: ResultView) -> None:
    assert color_chosen(view, "gene:ALB", "gene:TTR") == "gene:ALB"
    assert color_chosen(view, "gene:ALB", "high:ALB") == "high:ALB"
    assert color_chosen(view, "gene:TTR", "difference:ALB") == "gene:TTR"
    assert color_chosen(view, "obs:domain", "difference:ALB") == "obs:domain"
    assert usable_color(view, "difference:ALB") == "difference:ALB"
    assert usable_color(view, "difference:TTR") == "gene:TTR"
    assert usable_color(view, "difference:SOX2") == "obs:domain"


def test_each_part_says_what_it_is(view: ResultView) -> None:
    tested, untested = read_trust(view)
    said = {part: part_text(part, "ALB", True, tested) for part in PARTS}
    assert len(set(said.values())) == 4
    assert "took no part" in said["gene"]
    assert "took no part" not in said["measured"]
    assert "In this section: 0.25, with 75% of its spots within the 90% interval." in said["low"]
    assert "technology" in said["difference"]
    unknown = part_text("gene", "TTR", False, untested)
    assert "not testable" in unknown
    assert "did not measure TTR" in unknown


def test_confidence_says_what_it_rests_on() -> None:
    held = {"domain_accuracy": 0.91, "domain_calibration_error": 0.023, "n_slices": 7}
    said = trust_text({"rehearsal": held})
    assert "7 slices" in said
    assert "91%" in said
    assert "2.3%" in said
    assert "specimen" not in said
    alone = trust_text({"rehearsal": {**held, "n_slices": 1}})
    assert "other parts of its one slice" in alone
    assert "of another specimen these probabilities promise too much" in alone
    assert "clearly one domain wins" in trust_text({})
