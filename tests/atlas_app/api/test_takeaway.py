"""What is taken away from a mapped query: a table and a report that stands alone."""

from __future__ import annotations

import csv
import html
import io
import runpy
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from atlas_app.drawing.spot_picture import drawn_rows, spot_picture
from atlas_app.pages.map.result import notes, verdicts
from atlas_app.results.columns import Column
from atlas_app.results.csv import result_csv
from atlas_app.results.mapped import ResultView
from atlas_app.results.report import write_report
from atlas_app.results.summary import count_by_confidence, tell_genes_found
from training.store import Atlas

HERE = Path(__file__).parents[1]
WORKER = runpy.run_path(str(HERE / "standin_worker.py"))


@pytest.fixture(scope="module")
def result(query: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("result") / "result.h5ad"
    WORKER["write_result"](query, path, ["ALB"])
    return path


@pytest.fixture
def view(result: Path, atlas: Atlas) -> ResultView:
    return ResultView(result, atlas=atlas, job_id="j" * 32, base="/api", title="my <section>")


STATUS = {
    "digest": "d" * 64,
    "name": "my <section>.h5ad",
    "demo": False,
    "impute": ["ALB"],
    "finished": 1_700_000_000.0,
    "command": "atlas project test.atlas.zarr 'my <section>.h5ad' --out result.h5ad --impute ALB",
}


def test_the_table_holds_every_spot_in_the_order_of_the_file(
    view: ResultView, result: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(result_csv(view)))))
    data = ad.read_h5ad(result)
    assert [row["spot"] for row in rows] == data.obs_names.tolist()
    assert [row["slice"] for row in rows] == data.obs["slice"].tolist()
    assert [row["domain"] for row in rows] == data.obs["domain"].tolist()
    assert [row["out_of_reference"] for row in rows] == [str(v) for v in data.obs.out_of_reference]
    for name, values in (
        ("x", data.obsm["spatial"][:, 0]),
        ("domain_confidence", data.obs["domain_confidence"]),
        ("factor_1", data.obsm["factors"][:, 1]),
    ):
        found = [float(row[name]) for row in rows]
        np.testing.assert_allclose(found, values, rtol=1e-5, atol=1e-6)
    assert list(rows[0])[:5] == ["spot", "slice", "x", "y", "domain"]


class Loads(HTMLParser):
    """Whatever a page would fetch, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_stands_alone_and_names_what_it_rests_on(view: ResultView) -> None:
    text = write_report(view, STATUS, "A test tissue", "1.2.3")
    page = Loads()
    page.feed(text)
    assert page.addresses == []
    assert "script" not in page.tags
    assert "http" not in text
    for part in (
        "d" * 64,
        "1.2.3",
        STATUS["command"],
        "my <section>.h5ad",
        "Two genes of the panel are missing.",
        "2023-11-14 22:13 UTC",
        "clearly one domain wins",
        "50.0%",
    ):
        assert part in page.text
    # Two slices by domain, two confidences and the score.
    assert page.tags.count("svg") == 8
    assert text.count("h0") == 4 * 120
    assert "strong" not in page.tags


def test_a_section_of_other_tissue_is_said_first(
    result: Path, view: ResultView, atlas: Atlas, tmp_path: Path
) -> None:
    told = "This section is not of this atlas's tissue."
    data = ad.read_h5ad(result)
    data.uns["projection"]["verdict"] = [told]
    data.write_h5ad(tmp_path / "foreign.h5ad")
    foreign = ResultView(
        tmp_path / "foreign.h5ad", atlas=atlas, job_id="j" * 32, base="/api", title="section"
    )
    text = write_report(foreign, STATUS, "A test tissue", "1.2.3")
    assert text.count(html.escape(told)) == 1
    assert text.index(html.escape(told)) < text.index("In short")
    (alert,) = verdicts(foreign.report)
    assert (alert.children, alert.color) == (told, "red")
    assert verdicts(view.report) == []


def test_what_is_to_be_known_is_one_notice_of_sentences() -> None:
    assert notes({}) == []
    (alone,) = notes({"warnings": "only 15 genes were measured"})
    assert alone.children == "Only 15 genes were measured."
    (several,) = notes({"warnings": ["1 spot has no counts", "gene3-b: of two it is one."]})
    assert [item.children for item in several.children.children] == [
        "1 spot has no counts.",
        "gene3-b: of two it is one.",
    ]


def test_the_report_of_a_demonstration_says_so(view: ResultView) -> None:
    text = write_report(view, {**STATUS, "demo": True}, "A test tissue", "1")
    assert "a section of the atlas itself, thinned" in text


def test_a_picture_has_a_dot_for_each_spot_in_its_colour() -> None:
    svg = spot_picture(np.array([[0, 0], [10, 0], [0, 20]]), ["#ff0000", "#0000ff", "#ff0000"], "a")
    assert svg.count("<path") == 2
    assert svg.count("h0") == 3
    red = svg.split('stroke="#ff0000"')[0].rsplit("<path", 1)[1]
    assert red.count("h0") == 2
    assert 'aria-label="a"' in svg
    assert "<path" not in spot_picture(np.empty((0, 2)), [], "none")


def test_of_very_many_spots_a_sample_is_drawn() -> None:
    assert drawn_rows(5).tolist() == [0, 1, 2, 3, 4]
    rows = drawn_rows(1000, most=100)
    assert len(np.unique(rows)) == 100
    assert rows.tolist() == drawn_rows(1000, most=100).tolist()


def test_steps_of_confidence_count_every_spot_once() -> None:
    numbers = np.array([0, 0.19, 0.2, 0.5, 0.99, 1.0, np.nan])
    outside = Column("out_of_reference", np.array([0, 1, 0, 1, 0, 1, 1]), ("False", "True"), None)
    rows = count_by_confidence(Column("domain_confidence", None, (), numbers), outside)
    assert [row["spots"] for row in rows] == [2, 1, 1, 0, 2]
    assert [row["outside"] for row in rows] == [1, 0, 1, 0, 1]
    assert [
        row["outside"] for row in count_by_confidence(Column("c", None, (), numbers), None)
    ] == ([None] * 5)


@pytest.mark.parametrize(
    ("found_in", "said"),
    [
        ("gene names: symbols", "38 of its 1,040 genes are in the atlas, found by symbols."),
        (
            "var['id']: Ensembl ids",
            "38 of its 1,040 genes are in the atlas, found by Ensembl ids in var['id'].",
        ),
        ("nowhere", ""),
        (None, ""),
    ],
)
def test_how_genes_were_found_is_said_in_a_sentence(found_in: str | None, said: str) -> None:
    report = {"n_genes_matched": 38, "n_genes": 1040, "names_found_in": found_in}
    assert tell_genes_found(report) == said


def test_table_and_report_are_downloads_of_a_job(
    client_for: Callable[..., Any], query: Path, settings_for: Callable[..., Any]
) -> None:
    import time

    client = client_for(
        "ok", worker_command=(sys.executable, str(HERE / "standin_worker.py"), "ok")
    )
    job = client.post(
        "/api/v1/atlases/test/queries?name=my section.h5ad", data=query.read_bytes()
    ).get_json()
    stop = time.monotonic() + 90
    while (status := client.get(job["status_url"]).get_json())["state"] in ("queued", "running"):
        assert time.monotonic() < stop
        time.sleep(0.1)
    for url, ending, mimetype in (
        (status["csv_url"], "csv", "text/csv"),
        (status["report_url"], "html", "text/html"),
    ):
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer.mimetype == mimetype
        named = answer.headers["Content-Disposition"]
        assert named.startswith("attachment")
        assert f"my section-mapped-{status['digest'][:8]}.{ending}" in named
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Atlas-Digest"] == status["digest"]
    assert status["digest"] in client.get(status["report_url"]).text
    told = list(csv.DictReader(io.StringIO(client.get(status["csv_url"]).text)))
    assert {row["atlas_digest"] for row in told} == {status["digest"]}
    assert all("software" in row for row in told)
    client.delete(job["status_url"])
    assert client.get(status["csv_url"]).status_code == 404
