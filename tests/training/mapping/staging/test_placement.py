"""Stages and times of sections."""

from __future__ import annotations

import numpy as np
import pytest

from training.mapping.staging.placement import Placing, learn_placing, lift_votes, place_stages
from training.mapping.staging.trend import UNJUDGED, NoTrend
from training.mapping.staging.votedtime import VotedTime
from training.mapping.verdict import tissue_sections
from training.store import Atlas


def test_votes_count_against_the_sizes_of_stages() -> None:
    lifted = lift_votes(np.array([[0.5, 0.5, 0.0]]), np.array([100.0, 300.0, 0.0]))
    np.testing.assert_allclose(lifted, [[0.75, 0.25, 0.0]])


def test_clear_votes_give_a_sharp_posterior_and_unclear_ones_do_not() -> None:
    truth = np.repeat([0, 1, 2], 4)
    clear = np.full((12, 3), 0.3)
    clear[np.arange(12), truth] = 0.4
    rng = np.random.default_rng(0)
    unclear = rng.dirichlet(np.full(3, 8.0), 12)
    sharp = learn_placing(clear, truth, [1.0, 2.0, 3.0])
    blunt = learn_placing(unclear, truth, [1.0, 2.0, 3.0])
    assert sharp.sharpness > 5 * blunt.sharpness
    assert sharp.posterior(np.array([0.3, 0.4, 0.3]))[1] > 0.9


def test_the_interval_holds_the_errors_of_the_reference() -> None:
    placing = Placing(1.0, np.linspace(-1, 1, 21), np.array([5.0, 6.0, 7.0]))
    told = placing.place(np.array([0.0, 1.0, 0.0]))
    assert told is not None
    assert told["estimate"] == pytest.approx(6.0, abs=0.01)
    assert told["high"] - told["estimate"] == pytest.approx(0.9, abs=0.15)
    assert told["n_slices"] == 21
    assert told["coverage"] == 0.9


def test_the_interval_is_no_narrower_than_the_posterior() -> None:
    """Slices that were fitted are placed without a doubt, the section is not."""
    placing = Placing(1.0, np.full(16, 0.001), np.array([4.5, 6.5, 9.0]))
    sure, unsure = placing.place(np.array([0, 1, 0])), placing.place(np.array([0, 0.84, 0.16]))
    assert sure is not None
    assert unsure is not None
    assert sure["high"] - sure["low"] < 0.5
    assert unsure["low"] < 6.5 < unsure["estimate"] == pytest.approx(6.9, abs=0.02)
    assert unsure["high"] < 9


def test_few_slices_promise_less() -> None:
    told = Placing(1.0, np.array([0.1, -0.3]), np.array([1.0, 2.0])).place(np.array([0, 1]))
    assert told is not None
    assert told["coverage"] == pytest.approx(2 / 3, abs=0.001)
    assert told["high"] - told["estimate"] == pytest.approx(0.3, abs=0.001)


@pytest.mark.parametrize("times", [[np.nan, 2.0], [1.0]])
def test_without_two_times_there_is_no_time(times: list[float]) -> None:
    votes = np.full(len(times), 1 / len(times))
    assert Placing(1.0, np.array([0.1]), np.array(times)).place(votes) is None


def test_sections_are_placed_each_by_itself(small_atlas: Atlas) -> None:
    lifted = np.array([[0.9, 0.05, 0.05]] * 3 + [[0.1, 0.1, 0.8]])
    slices = np.array([0, 0, 0, 1])
    times = np.array([9.0, 10.0, 11.0])
    placing = Placing(2.0, np.array([0.1, -0.3]), times)
    both = place_stages(small_atlas, lifted, slices, placing, NoTrend("why"), ["a", "b"])
    assert [each.stage for each in both.sections] == ["E9", "E11"]
    for index, each in enumerate(both.sections):
        own = slices == index
        alone = place_stages(small_atlas, lifted[own], slices[own] * 0, placing, NoTrend("why"))
        assert alone.report([True]) == each.report()
        assert alone.sections[0].time is not None
        assert each.report()["time_beyond"] == {"verdict": UNJUDGED, "reason": "why"}
    # Of both together no time is told, and notes say whose they are.
    together = both.report([True, True])
    assert list(together) == ["stage_posterior"]
    assert together["stage_posterior"]["E9"] == pytest.approx(
        0.75 * both.sections[0].posterior["E9"] + 0.25 * both.sections[1].posterior["E9"], abs=1e-4
    )
    notes = both.notes([True, True])
    assert [note.partition(":")[0] for note in notes] == ["section a", "section b"]
    # A foreign section has no part in either.
    assert both.report([False, True])["stage_posterior"] == both.sections[1].posterior
    assert both.notes([False, True]) == notes[1:]


def test_an_interval_that_reaches_beyond_the_stages_is_told(small_atlas: Atlas) -> None:
    times = np.array([9.0, 10.0, 11.0])
    errors = np.full(10, 0.6)

    def notes(votes: list[float], voted: VotedTime | None) -> list[str]:
        placing = Placing(2.0, errors, times, voted)
        lifted, slices = np.array([votes]), np.zeros(1, dtype=np.int64)
        return place_stages(small_atlas, lifted, slices, placing).notes([True])

    voted = VotedTime(5.0, 0.5, errors)
    assert notes([0.3, 0.4, 0.3], voted) == []
    late = notes([0.05, 0.6, 0.35], voted)
    assert [note.partition(": ")[0] for note in late] == [
        "the interval of its time reaches beyond the last stage, E11"
    ]
    early = notes([0.35, 0.6, 0.05], voted)
    assert "first stage, E9: whether it is earlier than the atlas begins" in early[0]
    # The posterior's mean says nothing of times that no stage has.
    assert notes([0.05, 0.6, 0.35], None) == []
    # A stage that it is most like is told once.
    assert len(notes([0.0, 0.1, 0.9], voted)) == 1


def test_a_summary_rests_on_sections_of_the_atlas_unless_there_is_none() -> None:
    slices = np.array([0, 0, 1, 1])
    assert tissue_sections(np.array([True, False, True, True]), slices).tolist() == [True, False]
    assert tissue_sections(np.ones(4, dtype=bool), slices).tolist() == [True, True]
