"""Tables of the Stages page: rows as plain dictionaries, and the same as CSV."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from atlas_app.http.errors import ApiError
from atlas_app.stages.abundance import Abundance, Trend, measure_abundance
from atlas_app.stages.cells import Groups
from atlas_app.stages.changes import Changes
from atlas_app.stages.courses import Course
from atlas_app.stages.relations import Edge, Graph
from atlas_app.words.csv_cells import written
from training.store import Atlas

Row = dict[str, Any]


def course_rows(atlas: Atlas, course: Course) -> list[Row]:
    """One row per slice: its value and the summary of its stage; None where there is none."""
    names = [stage.name for stage in atlas.stages]
    rows = []
    for i, part in enumerate(atlas.slices):
        stage = names.index(part.stage)
        found = course.summary
        rows.append(
            {
                "slice": part.name,
                "stage": part.stage,
                "time": number(part.time),
                "spots": int(course.spots[i]),
                "value": number(course.values[i]),
                "stage_n": int(found.n[stage]),
                "stage_mean": number(found.mean[stage, 0]),
                "stage_low": number(found.low[stage, 0]),
                "stage_high": number(found.high[stage, 0]),
                "what": course.label,
                "within": course.within,
                "unit": course.unit,
            }
        )
    return rows


def abundance_rows(atlas: Atlas, abundance: Abundance) -> list[Row]:
    """One row per part and stage."""
    found = abundance.summary
    return [
        {
            abundance.parts: name,
            "label": abundance.labels[part],
            "stage": stage.name,
            "time": number(stage.time),
            "n_slices": int(found.n[t]),
            "mean": number(found.mean[t, part]),
            "low": number(found.low[t, part]),
            "high": number(found.high[t, part]),
        }
        for part, name in enumerate(abundance.names)
        for t, stage in enumerate(atlas.stages)
    ]


def factor_domain_rows(atlas: Atlas, groups: Groups) -> list[Row]:
    """One row per stage, domain and factor; nothing of a stage where no slice has spots enough of
    a domain."""
    rows = []
    for domain in groups.domains:
        try:
            found = measure_abundance(atlas, groups, "factor", domain)
        except ApiError:
            continue
        for row in abundance_rows(atlas, found):
            if row["n_slices"]:
                rows.append({"stage": row["stage"], "time": row["time"], "domain": domain} | row)
    order = [stage.name for stage in atlas.stages]
    return sorted(rows, key=lambda row: order.index(row["stage"]))


def change_rows(
    changes: Changes, labels: Sequence[str] | None = None, most: int | None = None
) -> list[Row]:
    """One row per gene or factor, the clearest first; `labels` name factors for people."""
    found = changes.difference
    order = changes.order().tolist()
    return [
        {
            "name": changes.names[i],
            "label": labels[i] if labels else changes.names[i],
            "mean_a": number(changes.mean_a[i]),
            "mean_b": number(changes.mean_b[i]),
            "effect": number(found.effect[i]),
            "low": number(found.low[i]),
            "high": number(found.high[i]),
            "p": number(found.p[i]),
            "q": number(found.q[i]),
        }
        for i in (order if most is None else order[:most])
    ]


def change_columns(changes: Changes) -> dict[str, Any]:
    """What all rows of a comparison share, for files."""
    return {
        "stage_a": changes.a,
        "stage_b": changes.b,
        "within": changes.within,
        "n_a": changes.n[0],
        "n_b": changes.n[1],
        "slices_a": changes.slices[0],
        "slices_b": changes.slices[1],
        "effect_is": "log2 ratio of counts per 10,000"
        if changes.what == "genes"
        else "difference of mean proportions",
        "test": ("moderated t" if changes.what == "genes" else "Welch t") + f" over {changes.unit}s"
        if changes.tested
        else f"none: a stage with one {changes.unit}",
    }


def relation_rows(atlas: Atlas, graph: Graph, edges: Sequence[Edge]) -> list[Row]:
    """One row per pair of domains of neighbouring stages."""
    rows = []
    for edge in edges:
        first, second = graph.node(edge.source), graph.node(edge.target)
        assert first is not None
        assert second is not None
        rows.append(
            {
                "stage": atlas.stages[first.stage].name,
                "domain": first.domain,
                "next_stage": atlas.stages[second.stage].name,
                "next_domain": second.domain,
                "similarity": number(edge.similarity),
                "mutual": edge.mutual,
            }
        )
    return rows


def trend_rows(abundance: Abundance, trends: Sequence[Trend]) -> list[Row]:
    """What comes and goes, without parts that no stage has."""
    return [
        {
            "name": abundance.names[trend.part],
            "label": abundance.labels[trend.part],
            "word": trend.word,
            "first": trend.first,
            "last": trend.last,
            "effect": trend.effect,
            "low": number(trend.low),
            "high": number(trend.high),
            "certain": trend.certain,
        }
        for trend in trends
        if trend.word != "absent"
    ]


def to_csv(rows: Sequence[Row], digest: str, shared: Row | None = None) -> str:
    """Rows under a header line; the columns `shared` and the atlas's digest end every line."""
    ends = {**(shared or {}), "atlas_digest": digest}
    lines = [[*row.values(), *ends.values()] for row in rows]
    return written([[*rows[0], *ends], *lines]) if rows else ""


def number(value: Any) -> float | None:
    """A number as JSON can hold it: None for NaN and infinity."""
    return None if value is None or not math.isfinite(value) else float(value)
