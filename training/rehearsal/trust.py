"""What a rehearsal on the reference says of a query with the same genes.

From it come the probabilities of domains and annotations, the distance and the agreement beyond
which a spot is out of reference, and how sections are placed among stages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.mapping.classes import read_classes
from training.mapping.placement import Placing, learn_placing, lift_votes
from training.mapping.votes import Calibration, calibrate, count_votes
from training.rehearsal.panelclasses import PanelClassifier
from training.rehearsal.reference import ReferenceSpots
from training.rehearsal.rehearsal import Rehearsal, weigh
from training.rehearsal.ridge import Floats
from training.store import Atlas

ORDINARY = 0.95
"""Share of ordinary spots, in slices like the reference's, that are in reference."""


@dataclass(frozen=True)
class Trust:
    """How a query is judged.

    Attributes:
        classes: calibration of the domain and of each annotation.
        coefficients: (2P, C) of each on the genes of the panel that tell classes apart.
        genes: names of these P genes.
        distance: that ORDINARY spots keep to their nearest ones in other slices.
        agreement: of measured with decoded expression that ORDINARY spots exceed.
        placing: of sections among stages.
        n_spots, n_slices: that took part; n_slices 1 says that parts of a lone one stood for it.
    """

    classes: dict[str, Calibration]
    coefficients: dict[str, Floats]
    genes: list[str]
    distance: float
    agreement: float
    placing: Placing
    n_spots: int
    n_slices: int

    def report(self) -> dict[str, Any]:
        """For the reader of a result: on left-out slices, accuracy and calibration error."""
        found: dict[str, Any] = {"n_spots": self.n_spots, "n_slices": self.n_slices}
        for name, calibration in self.classes.items():
            if math.isfinite(calibration.accuracy):
                found[f"{name}_accuracy"] = round(calibration.accuracy, 4)
                found[f"{name}_calibration_error"] = round(calibration.error, 4)
        return found


def learn_trust(atlas: Atlas, reference: ReferenceSpots, rehearsal: Rehearsal) -> Trust:
    """Calibrations, thresholds and placing from reference spots mapped onto other slices."""
    weights = weigh(rehearsal.distances)
    rows, folds = rehearsal.rows, rehearsal.folds
    classifier = PanelClassifier(rehearsal)
    classes, coefficients = {}, {}
    for name, (codes, categories) in read_classes(atlas).items():
        shares = count_votes(codes, len(categories), rehearsal.neighbours, weights)
        scores = classifier.held_out(codes[rows], len(categories))
        classes[name] = calibrate(shares, codes[rows], folds, scores)
        coefficients[name] = classifier.coefficients(codes[rows], len(categories))
    return Trust(
        classes=classes,
        coefficients=coefficients,
        genes=classifier.genes,
        distance=float(np.quantile(rehearsal.distances.mean(axis=1), ORDINARY)),
        agreement=float(np.quantile(rehearsal.agreement, 1 - ORDINARY)),
        placing=_learn_placing(atlas, reference, rehearsal),
        n_spots=len(rows),
        n_slices=len(np.unique(rehearsal.slices)),
    )


def _learn_placing(atlas: Atlas, reference: ReferenceSpots, rehearsal: Rehearsal) -> Placing:
    times = [math.nan if stage.time is None else stage.time for stage in atlas.stages]
    stages, folds = reference.stages, rehearsal.folds
    sizes = np.bincount(stages, minlength=reference.n_stages).astype(np.float64)
    votes = count_votes(
        stages, reference.n_stages, rehearsal.neighbours, weigh(rehearsal.distances)
    )
    means, truth = [], []
    for fold in np.unique(folds):
        inside = folds == fold
        own = int(stages[rehearsal.rows[inside][0]])
        # All spots but those of the slice itself could vote.
        voters = sizes.copy()
        voters[own] -= (reference.slices == rehearsal.slices[inside][0]).sum()
        means.append(lift_votes(votes[inside], voters).mean(axis=0))
        truth.append(own)
    return learn_placing(np.array(means), np.array(truth), times)
