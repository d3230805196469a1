"""What counts as one sample of a test: a slice, or a specimen with all of its slices.

Sections of one specimen are more alike than those of several, so that a test over slices promises
too much where specimens have more than one. Over specimens their slices are pooled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.store import Atlas
from training.store.derived.specimens import specimens_of

SAMPLES = {"slices": "Slices", "specimens": "Specimens"}


@dataclass(frozen=True)
class Samples:
    """R samples made of the S slices of an atlas.

    Attributes:
        unit: what one of them is: 'slice' or 'specimen'.
        column: of the spots' annotations, that names specimens; '' of slices.
        names: (R).
        of_slice: (S,) sample of each slice.
        stage_of: (R,) position of each sample's stage among the atlas's.
    """

    unit: str
    column: str
    names: list[str]
    of_slice: NDArray[np.int64]
    stage_of: NDArray[np.int64]

    @property
    def pooled(self) -> bool:
        """Whether a sample has more than one slice."""
        return len(self.names) < len(self.of_slice)

    def slices_of(self, samples: NDArray[np.integer]) -> NDArray[np.intp]:
        """Positions of the slices of some samples."""
        return np.flatnonzero(np.isin(self.of_slice, samples))

    def all(self, by_slice: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Marks of slices (S, ...) that hold for all slices of a sample (R, ...)."""
        marks = np.ones((len(self.names), *by_slice.shape[1:]), dtype=bool)
        np.logical_and.at(marks, self.of_slice, by_slice)
        return marks

    def sum(self, by_slice: NDArray) -> NDArray[np.float64]:
        """Values of slices (S, ...) added up by sample (R, ...)."""
        sums = np.zeros((len(self.names), *by_slice.shape[1:]))
        np.add.at(sums, self.of_slice, by_slice)
        return sums


def choose_samples(atlas: Atlas, by: str = "slices") -> Samples:
    """The samples of an atlas, `by` one of SAMPLES.

    A specimen of several stages is one sample in each. Where no column names specimens, every slice
    is taken for one.
    """
    stages = [stage.name for stage in atlas.stages]
    stage_of = np.array([stages.index(part.stage) for part in atlas.slices], dtype=np.int64)
    slices = [part.name for part in atlas.slices]
    column, specimens = specimens_of(atlas) if by == "specimens" else ("", [])
    if not column:
        return Samples("slice", "", slices, np.arange(len(slices)), stage_of)
    held = list(zip(stage_of.tolist(), specimens, strict=True))
    known = {sample: number for number, sample in enumerate(dict.fromkeys(held))}
    return Samples(
        "specimen",
        column,
        [name for _, name in known],
        np.array([known[sample] for sample in held], dtype=np.int64),
        np.array([stage for stage, _ in known], dtype=np.int64),
    )
