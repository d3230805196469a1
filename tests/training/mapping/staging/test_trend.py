"""Times beyond the stages of a reference, by how votes fall off."""

from __future__ import annotations

import numpy as np
import pytest

from training.mapping.staging.trend import INSIDE, UNJUDGED, NoTrend, Trend, learn_trend

TIMES = np.array([8.5, 9.5, 10.5, 11.5, 12.5])
STAGES = np.repeat(np.arange(5), 2)


def votes(time: float, fall: float = 0.2, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Of a section at `time`, with errors of their logarithms."""
    rng = np.random.default_rng(seed)
    powers = np.exp(-fall * (TIMES - time) ** 2 + noise * rng.normal(size=len(TIMES)))
    return np.asarray(powers / powers.sum())


def reference(noise: float, fall: float = 0.2) -> np.ndarray:
    return np.array([votes(TIMES[stage], fall, noise, seed) for seed, stage in enumerate(STAGES)])


def test_a_time_beyond_the_stages_is_found_and_said() -> None:
    trend = learn_trend(reference(0.05), STAGES, TIMES.tolist())
    assert isinstance(trend, Trend)
    assert trend.fall == pytest.approx(0.2, rel=0.1)
    for time, verdict in ((7.5, "earlier"), (13.5, "later"), (10.2, INSIDE), (12.5, INSIDE)):
        inside = 0
        for seed in range(100, 120):
            told = trend.locate(votes(time, noise=0.05, seed=seed))
            assert told["verdict"] == verdict
            assert told["estimate"] == pytest.approx(time, abs=0.5)
            assert (told["n_slices"], told["coverage"]) == (10, 0.9)
            inside += told["low"] <= time <= told["high"]
        assert inside >= 14


def test_noisy_votes_say_nothing_for_certain() -> None:
    trend = learn_trend(reference(0.6), STAGES, TIMES.tolist())
    assert trend.locate(votes(13.5, noise=0.6, seed=99))["verdict"] in (INSIDE, UNJUDGED)


@pytest.mark.parametrize(
    ("table", "stages", "times", "why"),
    [
        (reference(0.05), STAGES, [8.5, 9.5, 10.5, 11.5, np.nan], "not all stages"),
        (reference(0.05)[:6], STAGES[:6], TIMES.tolist(), "the atlas has 3 stages"),
        (reference(0.05)[:2], STAGES[:2], TIMES.tolist(), "the atlas has one stage"),
        (np.full((10, 5), 0.2), STAGES, TIMES.tolist(), "does not fall off with time"),
        (reference(0.05, fall=-0.2), STAGES, TIMES.tolist(), "does not fall off with time"),
    ],
    ids=["a stage without time", "three stages", "one", "flat votes", "votes that rise with time"],
)
def test_where_it_cannot_be_told_it_is_said_why(
    table: np.ndarray, stages: np.ndarray, times: list[float], why: str
) -> None:
    trend = learn_trend(table, stages, times)
    assert isinstance(trend, NoTrend)
    told = trend.locate(table[0])
    assert told["verdict"] == UNJUDGED
    assert why in told["reason"]
