"""Abundance, relations, the state in the address, and the charts of the Stages page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from atlas_app.stages import charts, rows
from atlas_app.stages.abundance import Abundance, compare_ends, measure_abundance
from atlas_app.stages.cells import Groups, group_spots
from atlas_app.stages.changes import compare_stages
from atlas_app.stages.courses import trace_course
from atlas_app.stages.relation_chart import relation_chart
from atlas_app.stages.relations import relate_domains, shown_edges
from atlas_app.stages.replicates import summarise
from atlas_app.stages.state import StageView, read_view, write_view
from training.store import Atlas


@pytest.fixture(scope="module")
def groups(changed: Atlas) -> Groups:
    return group_spots(changed)


@pytest.mark.parametrize("parts", ["domain", "factor"])
def test_shares_of_a_slice_sum_to_one(parts: str, changed: Atlas, groups: Groups) -> None:
    found = measure_abundance(changed, groups, parts)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1, atol=1e-5)
    assert found.summary.n.tolist() == [3, 3, 1]
    assert len(rows.abundance_rows(changed, found)) == 12


def test_what_comes_and_goes_is_named() -> None:
    shares = np.array(
        [
            [0.50, 0.000, 0.30, 0.2, 0.0, 0.000],
            [0.52, 0.000, 0.28, 0.2, 0.0, 0.000],
            [0.30, 0.100, 0.20, 0.1, 0.0, 0.300],
            [0.10, 0.300, 0.00, 0.6, 0.0, 0.000],
            [0.12, 0.320, 0.00, 0.5, 0.0, 0.000],
        ]
    )
    stage_of = np.array([0, 0, 1, 2, 2])
    names = list("abcdef")
    found = Abundance("domain", names, names, shares, summarise(shares, stage_of, 3))
    trends = {names[trend.part]: trend for trend in compare_ends(found, stage_of)}
    words = {name: trend.word for name, trend in trends.items()}
    assert words == {
        "a": "shrinks",
        "b": "appears",
        "c": "disappears",
        "d": "grows",
        "e": "absent",
        "f": "passes",
    }
    assert trends["a"].certain
    assert trends["a"].effect == pytest.approx(-0.4)
    single = compare_ends(
        Abundance("domain", names, names, shares[1:], summarise(shares[1:], stage_of[1:], 3)),
        stage_of[1:],
    )
    assert {trend.certain for trend in single} == {None}
    assert "e" not in {row["name"] for row in rows.trend_rows(found, list(trends.values()))}


def test_relations_join_consecutive_stages(changed: Atlas, groups: Groups) -> None:
    graph = relate_domains(changed, groups)
    assert graph is not None
    assert len(graph.nodes) == 12
    assert len(graph.edges) == 32
    assert sum(node.share for node in graph.nodes if node.stage == 0) == pytest.approx(1)
    kept = [edge for edge in shown_edges(graph, -1) if edge.mutual]
    assert len(kept) == 8
    for edge in kept:
        first, second = graph.node(edge.source), graph.node(edge.target)
        assert first is not None
        assert second is not None
        assert (second.stage - first.stage, first.domain) == (1, second.domain)
    own = shown_edges(graph, -1, "1:brain")
    assert len(own) == 8
    assert [e.similarity for e in own] == sorted((e.similarity for e in own), reverse=True)
    table = rows.relation_rows(changed, graph, own)
    assert {row["stage"] for row in table} == {"E9", "E10"}


@pytest.mark.parametrize(
    "state",
    [
        StageView(),
        StageView(of="genes:A,B", within="x y&z"),
        StageView(view="changes", a="E 9", b="E10", what="factors", row="3"),
        StageView(view="relations", least=0.25, node="1:brain"),
        StageView(view="film", of="domain:*", t=9.75, slices="0_3"),
        StageView(view="film", t=0.0),
    ],
)
def test_addresses_are_read_as_they_are_written(state: StageView) -> None:
    assert read_view(write_view(state)) == state


@pytest.mark.parametrize(
    "query",
    [
        {"view": "nothing", "parts": "x", "what": "y"},
        {"least": "2"},
        {"least": "nan"},
        {"least": "x"},
        {"of": "MYH7"},
        {"t": "nan"},
        {"t": "late"},
        {"slices": "x_-1_"},
        {"of": "obs:domain"},
        {"a": ""},
    ],
)
def test_what_cannot_be_read_counts_as_not_given(query: dict[str, str]) -> None:
    assert read_view(query) == StageView()


def test_of_slices_what_can_be_read_is_kept() -> None:
    assert read_view({"slices": "1_9_x_3_"}).chosen_slices == [1, 9, 3]


def test_the_course_marks_one_slice_and_leads_to_maps(changed: Atlas, groups: Groups) -> None:
    figure = charts.course_chart(
        changed, trace_course(changed, groups, "gene:MYH7"), lambda stage: f"/explore?{stage}"
    )
    line, points, several, single = figure.data
    assert list(line.x) == [9, 10, 11]
    assert len(points.x) == 7
    assert points.customdata[0][1] == "/explore?E9"
    assert list(several.x) == [9, 10]
    assert several.error_y.visible
    assert list(single.x) == [11]
    assert not single.error_y.visible
    assert "no interval" in single.name
    assert list(figure.layout.xaxis.ticktext) == ["E9<br>n = 3", "E10<br>n = 3", "E11<br>n = 1"]
    assert figure.layout.xaxis.title.text == "time (days)"
    assert "counts per 10,000" in figure.layout.yaxis.title.text
    # Slices stand beside their stage, nearer to it than to any other.
    for x, part in zip(charts.slice_places(changed), changed.slices, strict=True):
        assert part.time is not None
        assert abs(x - part.time) < 0.5


def light(color: str) -> float:
    """Relative luminance of #rrggbb, in [0, 1] (WCAG)."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("n", [1, 2, 3, 6, 12])
def test_colours_of_stages_are_seen_on_light_and_dark(n: int) -> None:
    found = charts.stage_colors(n)
    assert len(set(found)) == n
    for color in found:
        for page in ("#ffffff", "#242424"):
            low, high = sorted([light(color), light(page)])
            assert (high + 0.05) / (low + 0.05) >= 3, (color, page)


def test_slices_of_the_only_stage_stand_close_together() -> None:
    one = SimpleNamespace(
        stages=[SimpleNamespace(name="E9", time=9.0)],
        slices=[SimpleNamespace(name=f"s{i}", stage="E9") for i in range(7)],
    )
    x = charts.slice_places(cast(Atlas, one))
    left, right = charts.stage_range([9.0])
    assert len(set(x)) == 7
    assert max(x) - min(x) < 0.15 * (right - left)


def test_bars_add_up_and_intervals_skip_single_slices(changed: Atlas, groups: Groups) -> None:
    found = measure_abundance(changed, groups, "domain")
    bars = charts.composition_chart(changed, found, lambda part, stage: part)
    assert [bar.marker.color for bar in bars.data][:2] == ["#aa0000", "#00aa00"]
    np.testing.assert_allclose(np.sum([bar.y for bar in bars.data], axis=0), 1)
    dots = charts.interval_chart(changed, found, lambda part, stage: part)
    assert [trace.error_x.visible for trace in dots.data] == [True, True, False]
    assert [trace.name for trace in dots.data] == ["E9 (n = 3)", "E10 (n = 3)", "E11 (n = 1)"]


def test_effects_show_rises_and_falls(changed: Atlas, groups: Groups) -> None:
    found = compare_stages(changed, groups, "E9", "E10")
    (dots, *_) = charts.effect_chart(found, found.names, lambda name: name, shown=3).data
    assert len(dots.x) == 6
    assert list(dots.x) == sorted(dots.x)
    assert dots.customdata[-1][1] == "GENE12"
    assert dots.error_x.visible
    untested = compare_stages(changed, groups, "E9", "E11", "liver")
    assert not charts.effect_chart(untested, untested.names, str).data[0].error_x.visible
    # A line of all of it would be cut beside the names of factors.
    factors = compare_stages(changed, groups, "E9", "E10", what="factors")
    title = charts.effect_chart(factors, factors.names, str).layout.xaxis.title.text
    assert max(map(len, title.split("<br>"))) <= len("mean proportions")


def test_the_graph_draws_nodes_and_what_edges_say(changed: Atlas, groups: Groups) -> None:
    graph = relate_domains(changed, groups)
    assert graph is not None
    edges = shown_edges(graph, 0.5)
    figure = relation_chart(changed, graph, edges, "0:heart", lambda key: f"/{key}")
    nodes = [trace for trace in figure.data if trace.text]
    assert len(nodes) == 12
    assert nodes[0].customdata[0][1] == "/"
    assert nodes[1].customdata[0][1] == "/0:brain"
    middle = next(trace for trace in figure.data if trace.mode == "markers")
    assert "each the other's most similar" in middle.customdata[0][0]
