"""Names of stages and their times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.slices.stages import SliceStage, clock_in, number_in, resolve_times, time_columns


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("E9.5", 9.5),
        ("6.5 PCW", 6.5),
        ("4.5-5pcw", 4.75),
        ("E8.5-8.75", 8.625),
        ("E8.5-E8.75", 8.625),
        ("4 to 6 days", 5.0),
        ("12–14 weeks", 13.0),
        ("D14", 14.0),
        ("stage_03", 3.0),
        ("stage-03", 3.0),
        ("adult", None),
        ("E9.5_rep2", None),
        ("", None),
    ],
)
def test_number_in_a_name(name: str, number: float | None) -> None:
    assert number_in(name) == number


@given(st.decimals(0, 100, places=2), st.sampled_from(["E{}", "{} PCW", "stage_{}", "{}dpf"]))
def test_any_number_is_found_in_any_form(number: object, form: str) -> None:
    assert number_in(form.format(number)) == float(str(number))


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("E18.5", "embryonic day"),
        ("P0", "postnatal day"),
        ("4.5-5pcw", "week"),
        ("6 PCW", "week"),
        ("day 3", "day"),
        ("3 dpf", "day"),
        ("stage_03", None),
        ("adult", None),
    ],
)
def test_clock_of_a_name(name: str, clock: str | None) -> None:
    assert clock_in(name) == clock


def stage(name: str | None, place: str = "s", **times: float) -> SliceStage:
    return SliceStage(place, name, {key: np.array([value]) for key, value in times.items()})


def test_times_are_in_order_and_ties_keep_their_order() -> None:
    times, problems = resolve_times(
        [stage("E10"), stage("E9 limb"), stage("E9 head"), stage("E10")], {}
    )
    assert problems == []
    assert list(times) == ["E9 limb", "E9 head", "E10"]


def test_before_and_after_birth_need_a_table() -> None:
    slices = [stage("E18.5"), stage("P0")]
    _, (problem,) = resolve_times(slices, {})
    assert list(problem.examples) == ["E18.5 (embryonic day)", "P0 (postnatal day)"]
    times, problems = resolve_times(slices, {"P0": 19.5})
    assert problems == []
    assert list(times.items()) == [("E18.5", 18.5), ("P0", 19.5)]


def test_a_column_that_varies_within_a_stage_is_not_its_time() -> None:
    times, problems = resolve_times(
        [stage("E9", time=1.0), stage("E9", time=2.0), stage("E10", time=3.0)], {}
    )
    assert problems == []
    assert times == {"E9": 9.0, "E10": 3.0}


def test_a_column_that_is_the_same_everywhere_is_no_time() -> None:
    times, problems = resolve_times(
        [stage("E9", time_sequenced=2020.0), stage("E10", time_sequenced=2020.0)], {}
    )
    assert problems == []
    assert times == {"E9": 9.0, "E10": 10.0}


def test_times_of_stages_come_from_one_column() -> None:
    slices = [
        stage("a", time_h=24.0),
        stage("b", time_h=48.0, time_days=2.0),
        stage("c", time_h=72.0, time_days=3.0),
    ]
    times, problems = resolve_times(slices, {})
    assert problems == []
    assert times == {"a": 24.0, "b": 48.0, "c": 72.0}


def test_a_misspelt_settings_table_is_told() -> None:
    _, problems = resolve_times([stage("early"), stage("late")], {"early": 1, "lat": 2})
    assert [problem.place for problem in problems] == ["settings [stages]", "stages"]
    assert list(problems[0].examples) == ["lat"]


def test_a_settings_table_may_hold_stages_left_out() -> None:
    times, problems = resolve_times([stage("early")], {"early": 1, "late": 2})
    assert (times, problems) == ({"early": 1.0}, [])


def test_a_time_course_without_stage_names_is_not_lost() -> None:
    _, (problem,) = resolve_times([stage(None, time_days=1.0), stage(None, time_days=2.0)], {})
    assert "data.stage_column to time_days" in problem.remedy


def test_time_columns_hold_numbers_texts_and_gaps() -> None:
    obs = pd.DataFrame(
        {
            "time_pcw": np.array([4.5, 4.5], dtype=np.float32),
            "Timepoint": pd.Categorical(["E9.5", "E9.5"]),
            "time_of_day": ["noon", "dusk"],
            "age": [1, 2],
            "time_known": [True, True],
        }
    )
    found = time_columns(obs)
    assert sorted(found) == ["Timepoint", "time_of_day", "time_pcw"]
    assert found["time_pcw"].tolist() == [4.5]
    assert found["Timepoint"].tolist() == [9.5]
    assert np.isnan(found["time_of_day"]).all()
