"""The sections of a mapped query, where it holds several: verdict, stage, time, registration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from atlas_app.results.mapped import ResultView
from atlas_app.results.registration import registrations
from atlas_app.results.stages import beyond_verdict
from atlas_app.words.csv_cells import written
from atlas_app.words.readable import in_line
from training.store.mapped import VERDICTS

HEADS = ("Section", "Spots", "Tissue", "Out of reference", "Stage")
TIME_HEADS = ("Time", "Outside the stages")
LAST_HEAD = "Reference slice"
NAMES = ("section", "spots", "out_of_reference", "verdict", "stage")
NAMED = 5
"""Sections that a sentence names at most."""
TIMES = ("estimate", "low", "high", "coverage")
BEYOND = ("verdict", "estimate", "low", "high", "coverage")
MOTION = ("registered", "reference", "rotation", "reflected", "scale", "residual", "score")


@dataclass(frozen=True)
class SectionRow:
    """One section of several.

    Attributes:
        verdict: whether it is of the atlas's tissue, in words; foreign: it is not.
        outside: share of its spots, 0..1, out of reference.
        stage: the likeliest; posterior: over the stages of the atlas in their order.
        time, beyond: the report's records of its time; {} where there is none.
        registered: its record of the registration; {} where there is none.
    """

    section: str
    spots: int
    verdict: str
    outside: float
    stage: str
    posterior: tuple[float, ...]
    time: dict[str, Any]
    beyond: dict[str, Any]
    registered: dict[str, Any]

    @property
    def foreign(self) -> bool:
        return self.verdict == VERDICTS[2]


def section_rows(view: ResultView) -> list[SectionRow]:
    """A row for each section in their order; [] for a query of one, and results without."""
    told = view.report.get("sections")
    if not isinstance(told, dict):
        return []
    stages = [stage.name for stage in view.atlas.stages]
    motions = {str(each.number): each.figures for each in registrations(view)}
    return [
        SectionRow(
            str(record["section"]),
            int(record["n_spots"]),
            str(record["verdict"]),
            float(record["out_of_reference"]),
            str(record["stage"]),
            tuple(float(record["stage_posterior"].get(stage, 0.0)) for stage in stages),
            record.get("time") or {},
            record.get("time_beyond") or {},
            motions.get(number, {}),
        )
        for number, record in sorted(told.items(), key=lambda item: int(item[0]))
    ]


def section_heads(view: ResultView) -> list[str]:
    """Heads of the table; an atlas of one stage can tell no time."""
    return [*HEADS, *(TIME_HEADS if len(view.atlas.stages) > 1 else ()), LAST_HEAD]


def section_cells(view: ResultView, row: SectionRow) -> list[str]:
    """Cells of `section_heads`. Of a foreign section no stage and time is told: they say nothing of
    it."""
    unit = str(view.atlas.card.get("time_unit") or "")
    timed = len(view.atlas.stages) > 1
    place = [stage.name for stage in view.atlas.stages].index(row.stage)
    stage = f"{row.stage} ({row.posterior[place]:.0%})"
    return [
        row.section,
        f"{row.spots:,}",
        row.verdict,
        f"{row.outside:.1%}",
        "not told" if row.foreign else stage,
        *(_times(row, unit) if timed else ()),
        _registered(row.registered),
    ]


def time_cell(time: dict[str, Any], unit: str) -> str:
    """A time with its interval; – where it cannot be told."""
    if not time:
        return "–"
    estimate, low, high = in_line(time["estimate"], time["low"], time["high"])
    told = f"{estimate}{f' {unit}' if unit else ''}"
    return f"{told} ({low} to {high} at {time['coverage']:.0%})"


def sections_csv(view: ResultView) -> Iterator[str]:
    """Lines of CSV, a row for each section; what is not known is empty, and so are stage, time and
    posterior of a foreign one."""
    stages = [stage.name for stage in view.atlas.stages]
    yield written(
        [
            [
                *NAMES,
                *(f"time_{name}" for name in TIMES),
                *(f"beyond_{name}" for name in BEYOND),
                *MOTION,
                *(f"stage {name}" for name in stages),
            ]
        ]
    )
    yield written(
        [
            row.section,
            row.spots,
            row.outside,
            row.verdict,
            None if row.foreign else row.stage,
            *(None if row.foreign else row.time.get(name) for name in TIMES),
            *(None if row.foreign else row.beyond.get(name) for name in BEYOND),
            *(row.registered.get(name) for name in MOTION),
            *(None if row.foreign else share for share in row.posterior),
        ]
        for row in section_rows(view)
    )


def sections_text(report: dict[str, Any]) -> str:
    """How many sections there are and what tells them apart, in a sentence; "" for one."""
    several, column = int(report.get("n_sections") or 1), report.get("section_column")
    if several < 2:
        return ""
    by = "by file" if report.get("several_files") else f"by the column {column}"
    return f"{several:,} sections, told apart {by}, each mapped on its own."


def left_out_text(view: ResultView) -> str:
    """Which sections a summary leaves out, in a sentence; "" for none."""
    foreign = view.foreign_sections
    if not foreign or view.tissue.all():
        return ""
    named = ", ".join(foreign[:NAMED])
    more = f" and {len(foreign) - NAMED:,} more" if len(foreign) > NAMED else ""
    are = "is" if len(foreign) == 1 else "are"
    return f"Without {named}{more}, which {are} not of the atlas's tissue."


def counted_text(view: ResultView, what: str) -> str:
    """What figures leave out, after a word on `what` these are; "" for nothing."""
    text = left_out_text(view)
    return f"{what}: {text[0].lower()}{text[1:]}" if text else ""


def _times(row: SectionRow, unit: str) -> list[str]:
    if row.foreign:
        return ["not told", "not told"]
    return [time_cell(row.time, unit), beyond_verdict(row.beyond) or "–"]


def _registered(record: dict[str, Any]) -> str:
    if not record:
        return "–"
    name = str(record["reference"])
    return name if record["registered"] else f"not aligned; most similar is {name}"
