"""Developmental stages of slices: their names, numeric times and order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

NO_STAGE = "all"
TABLE_REMEDY = 'give every stage a time in the settings: a table [stages] with lines "NAME" = 9.5'

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_JOINER = re.compile(r"^\s*(?:-|–|—|to)\s*$")
_WORD_BEFORE = re.compile(r"([a-z]+)[\s._-]*$")
_WORD_AFTER = re.compile(r"^[\s._-]*([a-z]+)")
# Words around the number that say on which clock it is; different clocks have no common order.
_CLOCKS = {
    "embryonic day": "e embryonic",
    "postnatal day": "p pn postnatal pnd",
    "day": "d day days dpf dpc",
    "hour": "h hr hrs hour hours hpf",
    "week": "w wk week weeks pcw wpc gw",
    "month": "m mo month months",
    "year": "y yr year years",
    "Carnegie stage": "cs carnegie",
    "Hamburger-Hamilton stage": "hh",
    "Theiler stage": "ts theiler",
}
_CLOCK_OF = {word: clock for clock, words in _CLOCKS.items() for word in words.split()}


@dataclass(frozen=True)
class SliceStage:
    """What one slice says of its stage.

    Attributes:
        place: name of the slice in messages.
        stage: name of the stage, None when the slice has no stage column.
        times: the slice's `time*` columns, by name: its distinct values as numbers.
    """

    place: str
    stage: str | None
    times: Mapping[str, np.ndarray]


def number_in(name: str) -> float | None:
    """The one number in a stage's name, the mean of a range, None when there is none or several.

    "E9.5" is 9.5, "4.5-5pcw" is 4.75, "E8.5-E8.75" is 8.625, "stage_03" is 3.
    """
    found = list(_NUMBER.finditer(name))
    if len(found) == 1:
        return float(found[0].group())
    if len(found) == 2:
        lead = _WORD_BEFORE.search(name[: found[0].start()].lower())
        between = name[found[0].end() : found[1].start()].lower()
        if lead and between.endswith(lead.group(1)):
            between = between.removesuffix(lead.group(1))
        if _JOINER.match(between):
            return (float(found[0].group()) + float(found[1].group())) / 2
    return None


def clock_in(name: str) -> str | None:
    """The clock a stage's name counts on, such as 'week' for "6.5 PCW"; None when unknown."""
    text = name.lower()
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    before = _WORD_BEFORE.search(text[: found[0].start()])
    after = _WORD_AFTER.search(text[found[-1].end() :])
    words = [match.group(1) for match in (before, after) if match]
    return next((_CLOCK_OF[word] for word in words if word in _CLOCK_OF), None)


def time_columns(obs: pd.DataFrame) -> dict[str, np.ndarray]:
    """Distinct values of each `time*` column as numbers, NaN where a value has none."""
    columns: dict[str, np.ndarray] = {}
    for column in obs.columns:
        if not str(column).lower().startswith("time") or obs[column].dtype.kind == "b":
            continue
        numbers = [_number(value) for value in obs[column].unique()]
        columns[str(column)] = np.unique(np.asarray(numbers, dtype=np.float64))
    return columns


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        number = number_in(value) if isinstance(value, str) else None
        return float("nan") if number is None else number


def resolve_times(
    slices: Sequence[SliceStage], table: Mapping[str, float], known: Mapping[str, float] = {}
) -> tuple[dict[str, float], list[Problem]]:
    """Time of every stage, in order of time.

    A stage's time is that of the settings, else of a `time*` column that is constant over the
    stage and differs between stages, else the number in its name. One single stage may have none
    (NaN). Stages of equal time keep the order in which they first occur.

    Args:
        slices: what each slice says of its stage.
        table: times by stage name of the settings.
        known: times of the stages of an atlas that the slices join, which they keep.

    Returns:
        Time by stage name, in stage order, and what stands against it.
    """
    problems: list[Problem] = []
    named = [item for item in slices if item.stage is not None]
    if named and len(named) < len(slices):
        lost = [item.place for item in slices if item.stage is None]
        problems.append(
            Problem(
                "stages",
                f"{len(lost)} of {len(slices)} slices without a stage",
                "a stage for every slice, or for none",
                lost[:5],
                "add the stage column to these slices",
            )
        )
        return {}, problems
    names = list(dict.fromkeys(item.stage or NO_STAGE for item in slices))
    if known:
        problems += _against_known(names, known)
        if problems:
            return {}, problems
    elif not named:
        problems += _hidden_stages(slices)
    times = {name: float(table[name]) for name in names if name in table}
    unused = [name for name in table if name not in names]
    if unused and len(times) < len(names):
        problems.append(
            Problem(
                "settings [stages]",
                f"{len(unused)} names that no slice has",
                "names of stages of the data: " + ", ".join(names[:10]),
                unused[:5],
                "write the names as the slices have them",
            )
        )
    # Where names tell the times of the stages known, they tell those of further ones too.
    if not (known and all(number_in(name) == time for name, time in known.items())):
        times = _column_times(slices) | times
    times |= {name: known[name] for name in names if name in known}
    from_names = [name for name in names if name not in times and number_in(name) is not None]
    times |= {name: number_in(name) or 0.0 for name in from_names}
    told = [name for name, time in known.items() if number_in(name) == time]
    problems += _mixed_clocks([*told, *from_names])
    lacking = [name for name in names if name not in times]
    if lacking and (len(names) > 1 or known):
        problems.append(
            Problem(
                "stages",
                f"{len(lacking)} of {len(names)} stages without a time",
                "a time for each stage: from the settings, a time* column that is constant within "
                "the stage, or one number in its name",
                lacking[:5],
                TABLE_REMEDY,
            )
        )
    order = sorted(names, key=lambda name: times.get(name, np.inf))
    return {name: times.get(name, float("nan")) for name in order}, problems


def _against_known(names: Sequence[str], known: Mapping[str, float]) -> list[Problem]:
    """Stages that cannot stand in one order with those of an atlas."""
    fresh = [name for name in names if name not in known]
    shown = ", ".join(list(known)[:10])
    if not fresh:
        return []
    if fresh == [NO_STAGE]:
        return [
            Problem(
                "stages",
                "slices without a stage",
                f"one of the atlas's stages ({shown}) or a new one with its time",
                remedy="add the stage column to these slices",
            )
        ]
    if any(np.isnan(time) for time in known.values()):
        return [
            Problem(
                "stages",
                "a stage that the atlas does not have, whose own stage has no time",
                f"the stage of the atlas ({shown})",
                fresh[:5],
                "fit all slices together, with times for their stages",
            )
        ]
    return []


def _column_times(slices: Sequence[SliceStage]) -> dict[str, float]:
    """Times of stages from the one `time*` column that gives most of them, `time` before others.

    A column gives a stage's time where it is constant over the stage. One that is the same in
    every stage (a year of sequencing) tells no stage's time.
    """
    stages: dict[str, list[SliceStage]] = {}
    for item in slices:
        stages.setdefault(item.stage or NO_STAGE, []).append(item)
    best: dict[str, float] = {}
    columns = {column for item in slices for column in item.times}
    for column in sorted(columns, key=lambda name: (name.lower() != "time", name)):
        found: dict[str, float] = {}
        for name, members in stages.items():
            values = np.unique(
                np.concatenate([item.times.get(column, np.array([np.nan])) for item in members])
            )
            if values.size == 1 and np.isfinite(values[0]):
                found[name] = float(values[0])
        same = len(stages) > 1 and len(found) == len(stages) and len(set(found.values())) == 1
        if len(found) > len(best) and not same:
            best = found
    return best


def _hidden_stages(slices: Sequence[SliceStage]) -> list[Problem]:
    """Slices without stages whose times differ are a time course that would be lost."""
    columns = set.intersection(*(set(item.times) for item in slices)) if slices else set()
    for column in sorted(columns):
        each = [item.times[column] for item in slices]
        if any(values.size != 1 or not np.isfinite(values[0]) for values in each):
            continue
        distinct = sorted({float(values[0]) for values in each})
        if len(distinct) > 1:
            return [
                Problem(
                    "stages",
                    f"no stage column, but {len(distinct)} values of '{column}' over the slices",
                    "a column that names each slice's stage",
                    [f"{value:g}" for value in distinct[:5]],
                    f"set data.stage_column to {column}, or add a column of stage names",
                )
            ]
    return []


def _mixed_clocks(names: Sequence[str]) -> list[Problem]:
    clocks: dict[str, str] = {}
    for name in names:
        clock = clock_in(name)
        if clock is not None:
            clocks.setdefault(clock, name)
    if len(clocks) < 2:
        return []
    return [
        Problem(
            "stages",
            "stage names that count on different clocks",
            "times on one scale",
            [f"{name} ({clock})" for clock, name in clocks.items()][:5],
            TABLE_REMEDY,
        )
    ]
