"""At which stage a section is: a posterior over stages, and a time with an interval.

A section has one age, and all its spots vote on it. How far votes are to be believed, and how far
the time that follows from them is off, is taken from the slices of the reference, each placed by
the others. With few slices the interval is wide, and says on how many it rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mapping.staging.conformal import interval
from training.mapping.staging.trend import NoTrend, Trend
from training.mapping.staging.votedtime import VotedTime, learn_voted_time
from training.mapping.votes import count_votes
from training.store import Atlas
from training.store.mapped import EARLIER, LATER

NORMAL = 1.645
"""Standard deviations to either side that hold nine tenths of a normal distribution."""
SHARPNESS = np.exp(np.linspace(np.log(0.5), np.log(16), 16))


@dataclass(frozen=True)
class Placing:
    """What the slices of the reference taught of placing a section.

    Attributes:
        sharpness: power of votes in a posterior.
        errors: (slices,) how far off the time of each was, placed by the others; NaN without time.
        times: (stages,) in the unit of the atlas, NaN where a stage has none.
        voted: how voted times are to be read, where that could be learnt; else a time is the
            posterior's mean, and off as `errors` are.
    """

    sharpness: float
    errors: NDArray[np.float64]
    times: NDArray[np.float64]
    voted: VotedTime | None = None

    def posterior(self, votes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities (..., stages) of mean votes (..., stages)."""
        powers = (np.asarray(votes, dtype=np.float64) + 1e-3) ** self.sharpness
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    def place(self, votes: NDArray[np.floating]) -> dict[str, float] | None:
        """Time of a section by its mean votes (stages,): 'estimate', 'low', 'high', and the number
        of slices and the coverage behind them. None where there are no two stages with times."""
        errors = self.errors[np.isfinite(self.errors)]
        if len(self.times) < 2 or not np.isfinite(self.times).all() or not len(errors):
            return None
        if self.voted is not None:
            return interval(self.voted.read(votes, self.times), self.voted.errors)
        posterior = self.posterior(votes)
        estimate = float(posterior @ self.times)
        # Slices that the encoder has seen may all be placed without a doubt, and a section not.
        spread = np.sqrt(posterior @ np.square(self.times - estimate))
        return interval(estimate, errors, float(NORMAL * spread))


def lift_votes(votes: NDArray[np.floating], sizes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Votes (n, stages) against the stages' sizes (stages,) among those who could vote; rows sum
    to 1."""
    lifted = np.asarray(votes, dtype=np.float64) / np.maximum(sizes, 1e-12)
    lifted[:, sizes <= 0] = 0
    return lifted / np.maximum(lifted.sum(axis=1, keepdims=True), 1e-9)


def learn_placing(
    votes: NDArray[np.floating], truth: NDArray[np.integer], times: Sequence[float]
) -> Placing:
    """From mean votes (slices, stages) of slices placed by the others, and their stages (slices,).

    The sharpness is the likeliest over slices whose stage others share; it stays 2 without any.
    """
    known = np.asarray(times, dtype=np.float64)
    shared = np.array([(truth == stage).sum() > 1 for stage in truth])
    rows = np.arange(len(truth))
    trial = [Placing(float(power), np.empty(0), known) for power in SHARPNESS]
    sharpness = 2.0
    if shared.any() and votes.shape[1] > 1:
        losses = [
            -np.log(placing.posterior(votes)[rows, truth][shared]).mean() for placing in trial
        ]
        sharpness = trial[int(np.argmin(losses))].sharpness
    posterior = Placing(sharpness, np.empty(0), known).posterior(votes)
    voted = learn_voted_time(votes, truth, known)
    return Placing(sharpness, posterior @ known - known[truth], known, voted)


@dataclass(frozen=True)
class PlacedSection:
    """The stage of one section.

    Attributes:
        n_spots: of it.
        posterior: over stages.
        time: see `Placing.place`; None where it cannot be told.
        beyond: time wherever it lies, see `Trend.locate`; None where nothing was learnt of it.
        notes: what a reader should know of it.
    """

    n_spots: int
    posterior: dict[str, float]
    time: dict[str, float] | None
    beyond: dict[str, Any] | None
    notes: list[str]

    @property
    def stage(self) -> str:
        """The likeliest."""
        return max(self.posterior, key=self.posterior.__getitem__)

    def report(self) -> dict[str, Any]:
        """For the reader of a result: 'stage_posterior', and 'time' and 'time_beyond' if known."""
        told = {"stage_posterior": self.posterior, "time": self.time, "time_beyond": self.beyond}
        return {name: each for name, each in told.items() if each is not None}


@dataclass(frozen=True)
class Placed:
    """Stages of a query's n spots.

    Attributes:
        names: (n,); probability: (n,).
        sections: each by itself, in their order.
    """

    names: NDArray[np.str_]
    probability: NDArray[np.float32]
    sections: list[PlacedSection]

    def report(self, kept: Sequence[bool] | NDArray[np.bool_]) -> dict[str, Any]:
        """As of the section where there is one; of several no more than the mean posterior of those
        that are `kept`, by their spots, as they need not have one time."""
        if len(self.sections) == 1:
            return self.sections[0].report()
        chosen = [each for each, keep in zip(self.sections, kept, strict=True) if keep]
        sizes = [each.n_spots for each in chosen]
        found = np.average([list(each.posterior.values()) for each in chosen], 0, sizes)
        return {"stage_posterior": _by_name(list(chosen[0].posterior), found)}

    def notes(self, kept: Sequence[bool] | NDArray[np.bool_]) -> list[str]:
        """What a reader should know of the sections that are `kept`."""
        return [
            note
            for each, keep in zip(self.sections, kept, strict=True)
            if keep
            for note in each.notes
        ]


def vote_on_stages(
    atlas: Atlas, neighbours: NDArray[np.integer], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Votes (n, stages) of each spot's neighbours, against the sizes of stages; rows sum to 1."""
    order = {stage.name: index for index, stage in enumerate(atlas.stages)}
    codes = np.array([order[str(name)] for name in atlas.obs("stage")])
    sizes = np.bincount(codes, minlength=len(order)).astype(np.float64)
    return lift_votes(count_votes(codes, len(order), neighbours, weights), sizes)


def place_stages(
    atlas: Atlas,
    lifted: NDArray[np.floating],
    slices: NDArray[np.integer],
    placing: Placing | None,
    trend: Trend | NoTrend | None = None,
    section_names: Sequence[str] = (),
) -> Placed:
    """Stage of each spot: its own votes times the posterior of its whole section.

    The latent mixes stages on purpose, so that a single spot says little about its age.

    Args:
        lifted: (n, stages) of `vote_on_stages`; slices: (n,) sections, 0 to their number - 1.
        section_names: of the sections; notes tell them where there are several.
    """
    names = [stage.name for stage in atlas.stages]
    times = np.array([np.nan if s.time is None else s.time for s in atlas.stages])
    placing = placing or Placing(2.0, np.empty(0), times)
    shares = np.empty_like(lifted)
    sections = []
    for index in range(int(slices.max()) + 1):
        inside = slices == index
        votes = lifted[inside].mean(axis=0)
        posterior = placing.posterior(votes)
        beyond = None if trend is None else trend.locate(votes)
        time = placing.place(votes)
        # The posterior's mean, and its interval, say nothing of times that no stage has.
        reached = time if placing.voted is not None else None
        head = f"section {section_names[index]}: " if len(section_names) > 1 else ""
        notes = [head + each for each in _edge_notes(names, times, posterior, beyond, reached)]
        sections.append(
            PlacedSection(int(inside.sum()), _by_name(names, posterior), time, beyond, notes)
        )
        joint = (lifted[inside] + 0.05) * posterior
        shares[inside] = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-9)
    winner = shares.argmax(axis=1)
    return Placed(
        names=np.asarray(names)[winner],
        probability=shares[np.arange(len(winner)), winner].astype(np.float32),
        sections=sections,
    )


def _by_name(names: list[str], posterior: NDArray[np.floating]) -> dict[str, float]:
    return {name: round(float(p), 4) for name, p in zip(names, posterior, strict=True)}


def _edge_notes(
    names: list[str],
    times: NDArray[np.floating],
    posterior: NDArray[np.floating],
    beyond: dict[str, Any] | None,
    reached: dict[str, float] | None,
) -> list[str]:
    """What is to be known of a section that may lie before the first stage or after the last, by
    the likeliest stage or by what the interval of its time reached."""
    if beyond and beyond["verdict"] in (EARLIER, LATER):
        last = names[0] if beyond["verdict"] == EARLIER else names[-1]
        return [
            f"outside the covered stages: it is {beyond['verdict']} than {last}, with an interval "
            f"of its time from {beyond['low']:.4g} to {beyond['high']:.4g}; the stages below are "
            "only the nearest ones"
        ]
    likest = int(posterior.argmax()) if len(names) > 1 else -1
    early = reached is not None and reached["low"] < times.min()
    late = reached is not None and reached["high"] > times.max()
    notes = []
    for edge, side, passed in (
        (0, "earlier than the atlas begins", early),
        (len(names) - 1, "later than the atlas ends", late),
    ):
        place = "first" if edge == 0 else "last"
        why = ""
        if likest == edge:
            why = f"it is most like the {place} stage, {names[edge]}"
        elif passed:
            why = f"the interval of its time reaches beyond the {place} stage, {names[edge]}"
        if why:
            notes.append(f"{why}: whether it is {side} cannot be told for certain")
    return notes
