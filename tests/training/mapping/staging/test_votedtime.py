"""Times of sections by the mean time they vote for, as far from the stages as it takes."""

from __future__ import annotations

import numpy as np
import pytest

from training.mapping.staging.conformal import interval
from training.mapping.staging.placement import learn_placing
from training.mapping.staging.votedtime import VotedTime, learn_voted_time

TIMES = np.array([8.5, 9.5, 10.5, 11.5, 12.5])
STAGES = np.repeat(np.arange(5), 2)


def votes(time: float, times: np.ndarray = TIMES, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Of a section at `time`: spread over all stages, as in a latent that mixes them."""
    rng = np.random.default_rng(seed)
    logs = -0.06 * (times - time) ** 2 + noise * rng.normal(size=len(times))
    return np.asarray(np.exp(logs) / np.exp(logs).sum())


def reference(noise: float = 0.0, stages: np.ndarray = STAGES) -> np.ndarray:
    return np.array([votes(TIMES[stage], TIMES, noise, seed) for seed, stage in enumerate(stages)])


def test_a_time_is_not_drawn_to_the_middle() -> None:
    placing = learn_placing(reference(), STAGES, TIMES.tolist())
    assert isinstance(placing.voted, VotedTime)
    for time in TIMES:
        told = placing.place(votes(time))
        assert told is not None
        assert told["estimate"] == pytest.approx(time, abs=0.3)
        # The mean vote is days off for the same section, the posterior's mean less.
        if time in (8.5, 12.5):
            assert abs(votes(time) @ TIMES - time) > 1


@pytest.mark.parametrize("absent", [0, 2, 4])
def test_the_interval_holds_the_time_of_a_stage_that_the_reference_lacks(absent: int) -> None:
    kept = np.delete(np.arange(5), absent)
    times = TIMES[kept]
    stages = np.repeat(np.arange(4), 3)
    rows = [votes(times[stage], times, 0.08, seed) for seed, stage in enumerate(stages)]
    placing = learn_placing(np.array(rows), stages, times.tolist())
    assert placing.voted is not None
    held = 0
    for seed in range(100, 120):
        told = placing.place(votes(TIMES[absent], times, 0.08, seed))
        assert told is not None
        assert told["n_slices"] == 12
        held += told["low"] <= TIMES[absent] <= told["high"]
    assert held >= 17


def test_slices_alone_in_their_stage_have_no_part_in_the_line() -> None:
    rows = reference()
    alone = np.delete(rows, 5, axis=0)
    stages = np.delete(STAGES, 5)
    # Nobody can vote for the stage of the one that is left.
    own = np.flatnonzero(stages == 2)[0]
    alone[own, 2] = 0
    found = learn_voted_time(alone, stages, TIMES)
    whole = learn_voted_time(np.delete(rows, [4, 5], axis=0), np.delete(STAGES, [4, 5]), TIMES)
    assert found is not None
    assert whole is not None
    assert (found.start, found.slope) == pytest.approx((whole.start, whole.slope))
    assert len(found.errors) == 9


@pytest.mark.parametrize(
    ("rows", "stages", "times"),
    [
        (reference(), STAGES, [8.5, 9.5, 10.5, 11.5, np.nan]),
        (reference()[:6], STAGES[:6], TIMES.tolist()),
        (reference()[::2], STAGES[::2], TIMES.tolist()),
        (np.full((10, 5), 0.2), STAGES, TIMES.tolist()),
        (reference()[:, ::-1], STAGES, TIMES.tolist()),
        (np.random.default_rng(0).dirichlet(np.ones(5), 10), STAGES, TIMES.tolist()),
    ],
    ids=["a stage without time", "three stages", "one slice a stage", "flat", "falling", "noise"],
)
def test_where_votes_teach_nothing_the_posterior_is_asked(
    rows: np.ndarray, stages: np.ndarray, times: list[float]
) -> None:
    assert learn_voted_time(rows, stages, np.array(times)) is None
    placing = learn_placing(rows, stages, times)
    told = placing.place(rows[0])
    if np.isfinite(times).all():
        assert told is not None
        mean = placing.posterior(rows[0]) @ np.array(times)
        assert told["estimate"] == pytest.approx(mean, abs=1e-4)
        wide = interval(float(mean), placing.errors)
        assert told["high"] >= wide["high"]
        assert (told["n_slices"], told["coverage"]) == (wide["n_slices"], wide["coverage"])
    else:
        assert told is None
