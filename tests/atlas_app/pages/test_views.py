"""The pure parts: caches, encodings, links, tables, figures, progress."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atlas_app.components import tables
from atlas_app.drawing import figures
from atlas_app.http.byte_cache import ByteCache, Encoded
from atlas_app.http.encoding import accepted, encode
from atlas_app.http.errors import closest
from atlas_app.http.links import href, page_of, parse_search, search
from atlas_app.jobs.progress import read_progress
from atlas_app.jobs.queries import told_error
from atlas_app.jobs.record import Job
from atlas_app.jobs.uploads import shown_name
from atlas_app.results.columns import Column
from atlas_app.results.summary import count_categories
from atlas_app.words import cards
from training.store import Atlas


def test_the_cache_keeps_the_last_used_within_its_bytes() -> None:
    cache = ByteCache(100)
    made: list[str] = []

    def body(name: str, size: int = 40) -> Encoded:
        def make() -> Encoded:
            made.append(name)
            return Encoded(bytes(size))

        return cache.get(name, make)

    body("a"), body("b"), body("a"), body("c")
    assert made == ["a", "b", "c"]
    assert cache.size == 80
    body("a")
    assert made == ["a", "b", "c"]
    body("b")
    assert made == ["a", "b", "c", "b"]
    body("huge", 101)
    assert cache.size == 80
    assert len(cache) == 2


def test_accept_encoding_is_read_as_written() -> None:
    assert accepted("gzip, deflate, br, zstd") == ["zstd", "br", "gzip"]
    assert accepted("gzip;q=1.0, br;q=0.8") == ["gzip", "br"]
    assert accepted("br;q=nonsense, gzip") == ["gzip"]
    assert accepted("identity") == accepted("") == []
    assert accepted("*") == ["zstd", "br", "gzip"]
    assert encode(b"x" * 100, "gzip") == (b"x" * 100, "")
    noise = np.random.default_rng(0).bytes(4000)
    assert encode(noise, "gzip") == (noise, "")


def test_the_closest_names_come_first() -> None:
    assert closest("myh9", ["ALB", "MYH7", "Myh6"])[:2] in (["MYH7", "Myh6"], ["Myh6", "MYH7"])
    assert closest("zzz", ["ALB", "MYH7"]) == ["ALB", "MYH7"]


def test_links_are_read_as_they_are_written() -> None:
    address = search({"color": "gene:HLA-A/B", "stage": "E 9&5", "atlas": None, "x": ""})
    assert address == "?color=gene:HLA-A/B&stage=E%209%265"
    assert parse_search(address) == {"color": "gene:HLA-A/B", "stage": "E 9&5"}
    assert parse_search("?a=1&a=2") == {"a": "1"}
    assert parse_search(None) == {}
    assert href("/p", "factors", factor=0) == "/p/factors?factor=0"


@pytest.mark.parametrize(
    ("path", "prefix", "page"),
    [
        ("/", "", ""),
        (None, "", ""),
        ("/factors", "", "factors"),
        ("/factors/", "", "factors"),
        ("/nothing", "", None),
        ("/atlas", "/atlas", ""),
        ("/atlas/map", "/atlas", "map"),
        ("/atlases/map", "/atlas", None),
    ],
)
def test_paths_name_pages(path: str | None, prefix: str, page: str | None) -> None:
    assert page_of(path, prefix) == page


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\heart.h5ad", "heart.h5ad"),
        ("a\x00b\n.h5ad", "ab.h5ad"),
        ("", "query.h5ad"),
        ("<img onerror='x'>.h5ad", "img onerror='x'.h5ad"),
        ("ü" * 200 + ".h5ad", "ü" * 75 + ".h5ad"),
    ],
)
def test_upload_names_are_for_showing_only(given: str, shown: str) -> None:
    assert shown_name(given) == shown


def test_progress_survives_what_a_dying_worker_writes(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    assert read_progress(path).fraction == 0.0
    lines = [
        json.dumps({"phase": "check", "fraction": 0.1, "message": "10 spots"}),
        json.dumps({"phase": "project", "fraction": 7, "message": "", "report": {"matched": 3}}),
        "[1, 2]",
        '{"phase": "impu',
    ]
    path.write_text("\n".join(lines))
    found = read_progress(path)
    assert (found.phase, found.fraction) == ("project", 1.0)
    assert found.steps == (("check", "10 spots"), ("project", ""))
    assert found.report == {"matched": 3}


def test_factor_rows_agree_with_the_atlas(atlas: Atlas) -> None:
    rows = tables.factor_rows(atlas)
    assert [row["factor"] for row in rows] == [0, 1, 2, 3]
    factors = np.stack([atlas.factor(k) for k in range(4)], axis=1)
    by_slice = np.stack([factors[s.start : s.stop].mean(axis=0) for s in atlas.slices])
    wanted = np.stack([by_slice[:2].mean(0), by_slice[2:4].mean(0), by_slice[4]])
    for row in rows:
        np.testing.assert_allclose(row["usage"], wanted[:, row["factor"]], atol=1e-5)
    assert [row["stability"] for row in rows] == [None, 0.9, 0.25, 0.7]
    assert set(rows[1]["genes"].split(", ")) <= set(atlas.genes[8:16])
    genes = tables.factor_gene_rows(atlas, 1)
    assert genes[0]["rank"] == 1
    assert genes[0]["score"] == pytest.approx(genes[0]["loading"] * genes[0]["specificity"])


def test_composition_counts_and_averages() -> None:
    codes = np.array([0, 1, 1, -1])
    trust = Column("confidence", None, (), np.array([0.5, 0.25, 0.75, 0.1]))
    rows = count_categories(Column("domain", codes, ("a", "b", "never"), None), trust)
    assert [(row["name"], row["spots"], row["share"]) for row in rows] == [
        ("b", 2, 0.5),
        ("a", 1, 0.25),
    ]
    assert rows[0]["confidence"] == pytest.approx(0.5)


def test_cards_of_any_shape_can_be_shown() -> None:
    assert cards.records([{"a": 1}, {"b": 2.5}]) == (["a", "b"], [["1", "–"], ["–", "2.5"]])
    twins = {"x": {"a": True}, "y": {"a": 2}}
    assert cards.records(twins) == (["name", "a"], [["x", "yes"], ["y", "2"]])
    for other in (
        [],
        {},
        [1, 2],
        {"a": 1},
        {"x": {"a": 1}},
        {"x": {"a": 1}, "y": {"b": 1}},
        "",
        None,
    ):
        assert cards.records(other) is None
    assert cards.flat({"a": {"b": 1, "c": [1, 2]}, "d": None}) == [
        ("a.b", "1"),
        ("a.c", "1, 2"),
        ("d", "–"),
    ]
    assert cards.shown(1234567) == "1,234,567"
    assert cards.shown({"a": 0.123456}) == "a: 0.1235"


def test_usage_chart_shows_every_slice_the_mean_and_n() -> None:
    figure = figures.usage_by_slice(
        ["E9", "E10"], [("a", "E9"), ("b", "E9"), ("c", "E10")], np.array([0.1, 0.3, 0.5])
    )
    mean, points = figure.data
    assert list(mean.y) == pytest.approx([0.2, 0.5])
    assert list(points.y) == [0.1, 0.3, 0.5]
    assert list(points.x) == ["E9<br>n = 2", "E9<br>n = 2", "E10<br>n = 1"]


def test_histogram_counts_every_usable_value() -> None:
    values = np.array([0.0, 0.01, 0.5, 1.0, np.nan])
    bars = figures.confidence_histogram(values).data[0]
    assert sum(bars.y) == 4
    assert bars.y[0] == 2


def test_stage_chart_stacks_slices() -> None:
    figure = figures.spots_by_stage(["E9", "E10"], [("a", "E9", 5), ("b", "E9", 7)])
    assert list(figure.data[0].y) == [5, 7]
    assert figure.layout.barmode == "stack"


def test_an_error_names_the_file_as_it_came() -> None:
    job = Job("j", "a", "d", "left heart.h5ad", (), (), 0.0, 0.0, 1.0, 1)
    text = "error: 1 problem in the input:\n- query.h5ad: found x; write_h5ad('query.h5ad')"
    assert told_error(replace(job, error=text)) == (
        "1 problem in the input:\n- left heart.h5ad: found x; write_h5ad('query.h5ad')"
    )
    assert told_error(job) == ""
