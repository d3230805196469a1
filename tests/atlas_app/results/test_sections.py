"""A mapped query of several sections: each has its own verdict, stage and time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from dash import dcc

from atlas_app.figure_python.mapped import mapped_python
from atlas_app.pages.map.drawing import below
from atlas_app.pages.map.result import domains, facts, left_out, stages
from atlas_app.pages.map.sections import sections
from atlas_app.pages.map.stages import domain_stages
from atlas_app.pages.map.trust import confidence
from atlas_app.results.csv import gene_csv, result_csv
from atlas_app.results.expression import ImputedGene
from atlas_app.results.mapped import ResultView
from atlas_app.results.report import sections as reported
from atlas_app.results.sections import section_cells, section_rows, sections_csv, sections_text
from atlas_app.results.stages import stages_csv
from training.comparison.sums import read_sections
from training.mapping.reading.sectioncolumn import section_labels
from training.store import Atlas

POSTERIOR = {"E9": 0.1, "E10": 0.7, "E11": 0.2}
TIME = {"estimate": 10.1, "low": 9.5, "high": 10.7, "n_slices": 5, "coverage": 0.833}
DOMAIN = {
    "n_spots": 4,
    "few": True,
    "calibrated": True,
    "stage": "E10",
    "stage_posterior": POSTERIOR,
}
OWN = {
    "section": "4",
    "n_spots": 4,
    "out_of_reference": 0.0,
    "verdict": "of the atlas's tissue",
    "stage": "E10",
    "stage_posterior": POSTERIOR,
    "time": TIME,
    "time_beyond": {"verdict": "cannot be judged", "reason": "the atlas has 3 stages"},
    "stage_by_domain": {"heart": DOMAIN},
}
FOREIGN = OWN | {
    "section": "10",
    "n_spots": 2,
    "out_of_reference": 1.0,
    "verdict": "not of the atlas's tissue",
    "stage_by_domain": {"brain": DOMAIN | {"n_spots": 2}},
}


@pytest.fixture
def view(atlas: Atlas, tmp_path: Path) -> ResultView:
    """Two sections that a column of numbers tells apart, mixed in the file."""
    result = ad.AnnData(np.ones((6, 2), dtype=np.float32))
    result.obs["batch"] = [4, 10, 4, 4, 10, 4]
    result.obs["stage"] = pd.Categorical(["E10", "E9", "E10", "E10", "E9", "E10"])
    result.obs["domain"] = pd.Categorical(["heart", "brain"] + ["heart"] * 4)
    result.obs["domain_confidence"] = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    result.obsm["factors"] = np.ones((6, 1), dtype=np.float32)
    result.obsm["spatial"] = np.arange(12, dtype=np.float32).reshape(6, 2)
    registered = {"section": "4", "registered": False, "reference": "E10_1"}
    result.uns["projection"] = {
        "n_sections": 2,
        "section_column": "batch",
        "stage_posterior": POSTERIOR,
        "sections": {"0": FOREIGN, "1": OWN},
        "registration": {"1": registered},
    }
    result.write_h5ad(tmp_path / "result.h5ad")
    return ResultView(
        tmp_path / "result.h5ad", atlas=atlas, job_id="j" * 32, base="/api", title="two"
    )


def test_each_section_is_told_and_nothing_of_a_foreign_one(view: ResultView) -> None:
    foreign, own = section_rows(view)
    assert (foreign.foreign, own.foreign) == (True, False)
    assert section_cells(view, own) == [
        "4",
        "4",
        "of the atlas's tissue",
        "0.0%",
        "E10 (70%)",
        "10.1 days (9.5 to 10.7 at 83%)",
        "cannot be judged",
        "not aligned; most similar is E10_1",
    ]
    assert section_cells(view, foreign)[2:7] == [
        "not of the atlas's tissue",
        "100.0%",
        *["not told"] * 3,
    ]
    for text in (str(sections(view)), "".join(reported(view))):
        assert "2 sections, told apart by the column batch" in text
        assert "70%" in text
    assert "/api/sections.csv" in str(sections(view))
    assert "the mean of the sections" in str(stages(view))
    assert "sections" in str(facts(view))
    table = list(csv.DictReader(io.StringIO("".join(sections_csv(view)))))
    assert [row["section"] for row in table] == ["10", "4"]
    assert float(table[1]["time_low"]) == 9.5
    assert table[1]["beyond_verdict"] == "cannot be judged"
    assert (table[0]["registered"], table[1]["registered"]) == ("", "False")
    assert table[1]["stage E11"] == "0.2"
    for name in ("stage", "time_estimate", "beyond_verdict", "stage E10"):
        assert (table[0][name], bool(table[1][name])) == ("", True)


def test_files_are_told_apart_by_no_column_of_their_own() -> None:
    report = {"n_sections": 2, "section_column": "slice", "several_files": True}
    assert sections_text(report) == "2 sections, told apart by file, each mapped on its own."


def test_figures_of_all_leave_a_foreign_section_out_and_say_so(view: ResultView) -> None:
    left = "ithout 10, which is not of the atlas's tissue."
    text = str(domains(view))
    assert left in text
    assert "100.0%" in text
    assert "brain" not in text
    assert "of spots at this stage: 100%" in str(facts(view))
    assert "1.00" in str(facts(view))
    trusted = confidence(view)
    for part in (left_out(view), stages(view), trusted, below(view, "obs:domain")):
        assert left in str(part)
    # Both spots of the foreign section have no confidence at all, and are in no bar and no row.
    (chart,) = (each for each in trusted._traverse() if isinstance(each, dcc.Graph))
    assert list(chart.figure.data[0].y) == [0] * 19 + [4]
    script: dict[str, Any] = {}
    exec(mapped_python(view, str(view.path), "obs:domain"), script)
    assert script["spots"].tolist() == [0.0] * 19 + [4.0]
    assert [part["stage"] for part in view.slices()] == ["E10", "foreign tissue"]
    assert [part.get("foreign") for part in view.slices()] == [None, True]
    # Where every section is foreign there is nothing to leave out.
    view.report["sections"]["1"]["verdict"] = FOREIGN["verdict"]
    other = ResultView(view.path, atlas=view.atlas, job_id="k", base="/api", title="two")
    other.report["sections"] = view.report["sections"]
    for part in (domains(other), confidence(other), below(other, "obs:domain")):
        assert "ithout 10" not in str(part)
    assert "brain" in str(domains(other))


def test_domains_have_stages_section_by_section(view: ResultView) -> None:
    text = str(domain_stages(view))
    assert "Each section by itself. Without 10, which is not" in text
    assert "'heart'" in text
    assert "'brain'" not in text
    (row,) = csv.DictReader(io.StringIO("".join(stages_csv(view))))
    assert (row["section"], row["domain"], row["E10"]) == ("4", "heart", "0.7")


def test_sections_are_drawn_by_the_column_that_tells_them(view: ResultView) -> None:
    assert [(part["name"], part["stop"]) for part in view.slices()] == [("4", 4), ("10", 6)]
    np.testing.assert_array_equal(view.section_rows("10"), [1, 4])
    np.testing.assert_array_equal(view.spatial()[4:], [[2, 3], [8, 9]])
    rows = list(csv.DictReader(io.StringIO("".join(result_csv(view)))))
    assert [row["batch"] for row in rows] == ["4", "10", "4", "4", "10", "4"]


@pytest.mark.parametrize(
    ("told", "columns", "found"),
    [
        ({"section_column": "z"}, {"z": np.array([8.1, 9, 9, 8.1], dtype=np.float32)}, "z"),
        ({"section_column": "z"}, {"z": [8.1, 9.0, 9.0, np.nan]}, ""),
        # What mapping found is no section, whatever the query called its own.
        ({"section_column": "stage"}, {"query_stage": [8.1, 9.5, 9.5, 8.1]}, "query_stage"),
        ({"section_column": "stage"}, {}, ""),
        ({"section_column": "mapped_x"}, {"mapped_x": ["9.0", "8.1", "8.1", "9.0"]}, "mapped_x"),
        ({"section_column": "x", "section_obs": "query_x"}, {"x": [1] * 4}, ""),
    ],
)
def test_sections_are_found_by_their_labels(
    told: dict[str, str], columns: dict[str, Any], found: str, atlas: Atlas, tmp_path: Path
) -> None:
    result = ad.AnnData(np.ones((4, 2), dtype=np.float32))
    result.obs = result.obs.assign(**columns, stage=["E10", "E9", "E9", "E10"])
    result.obsm["factors"] = np.ones((4, 1), dtype=np.float32)
    result.uns["projection"] = told
    path = tmp_path / "result.h5ad"
    result.write_h5ad(path)
    view = ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title="two")
    assert view.slice_column_name == found
    rows = view.section_rows("8.1")
    expected = np.arange(4)
    if found:
        expected = np.flatnonzero(section_labels(result.obs[found]) == "8.1")
        assert 0 < len(expected) < 4
        assert len(view.section_rows("unknown")) == 0
    np.testing.assert_array_equal(rows, expected)
    sections = read_sections(result.obs, told)
    alike = [True, False, False, True] if found else [True] * 4
    np.testing.assert_array_equal(sections == sections[0], alike)


def test_more_sections_than_a_byte_counts_are_told_apart(tmp_path: Path, atlas: Atlas) -> None:
    result = ad.AnnData(np.ones((300, 1), dtype=np.float32))
    result.obs["sample"] = pd.Categorical([f"s{number}" for number in range(300)])
    result.obsm["factors"] = np.ones((300, 1), dtype=np.float32)
    result.obsm["spatial"] = np.zeros((300, 2), dtype=np.float32)
    result.uns["projection"] = {"section_obs": "sample"}
    path = tmp_path / "result.h5ad"
    result.write_h5ad(path)
    view = ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title="many")
    assert view.section_rows("s299").tolist() == [299]
    assert len(view.slices()) == 300
    # They cannot be coloured by, a byte each; the table has them all the same.
    assert view.column("sample") is None
    rows = list(csv.DictReader(io.StringIO("".join(result_csv(view)))))
    assert [row["sample"] for row in rows] == [f"s{number}" for number in range(300)]
    gene = ImputedGene("G", np.ones(300), None, None, None)
    rows = list(csv.DictReader(io.StringIO("".join(gene_csv(view, gene)))))
    assert [row["sample"] for row in (rows[0], rows[299])] == ["s0", "s299"]


def test_a_result_of_one_section_has_no_table(atlas: Atlas, view: ResultView) -> None:
    del view.report["sections"]
    assert section_rows(view) == []
    assert sections(view) is None
    assert reported(view) == []


def test_a_column_that_was_named_reaches_the_command(
    client_for: Callable[..., Any], query: Path
) -> None:
    client = client_for("ok")
    url = "/api/v1/atlases/test/queries?name=a b.h5ad&section_column="
    status = client.post(url + "my slice", data=query.read_bytes()).get_json()
    assert status["section_column"] == "my slice"
    assert status["command"].endswith("'a b.h5ad' --out result.h5ad --section-column 'my slice'")
    refused = client.post(url + "x" * 201, data=query.read_bytes())
    assert refused.status_code == 400
    assert refused.get_json()["expected"].startswith("the name of a column of obs")
