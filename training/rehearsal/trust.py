"""What a rehearsal on the reference says of a query with the same genes.

From it come the probabilities of domains and annotations, the distance and the agreement beyond
which a spot is out of reference, and how sections are placed among stages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.mapping.classes import DOMAIN, read_classes
from training.mapping.encoding.panelfactors import learn_lean
from training.mapping.reference import ReferenceSpots
from training.mapping.staging.domainstages import DomainPlacing
from training.mapping.staging.placement import Placing
from training.mapping.staging.trend import NoTrend, Trend
from training.mapping.votes import Calibration, calibrate, count_votes
from training.rehearsal.panelclasses import PanelClassifier
from training.rehearsal.placing import learn_places
from training.rehearsal.rehearsal import Rehearsal, weigh
from training.rehearsal.ridge import Floats
from training.store import Atlas

ONE_SLICE = (
    "the atlas has one slice, and parts of it stood for slices where probabilities, accuracies and "
    "intervals were set: parts of one slice resemble each other more than two specimens do, so "
    "that these are not calibrated between specimens and promise too much of another one"
)
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
        placing: of sections among stages; trend: of sections beyond them; by_domain: of domains.
        lean: weight of the regression in a panel's factors, 0..1.
        n_spots, n_slices: that took part; n_slices 1 says that parts of a lone one stood for it.
    """

    classes: dict[str, Calibration]
    coefficients: dict[str, Floats]
    genes: list[str]
    distance: float
    agreement: float
    placing: Placing
    trend: Trend | NoTrend
    by_domain: DomainPlacing
    lean: float
    n_spots: int
    n_slices: int

    def report(self) -> dict[str, Any]:
        """For the reader of a result: on left-out slices, accuracy and calibration error, and
        whether these are of slices and not of parts of a lone one."""
        found: dict[str, Any] = {
            "n_spots": self.n_spots,
            "n_slices": self.n_slices,
            "calibrated_between_slices": self.n_slices > 1,
            "factors_by_regression": round(self.lean, 3),
        }
        for name, calibration in self.classes.items():
            if math.isfinite(calibration.accuracy):
                found[f"{name}_accuracy"] = round(calibration.accuracy, 4)
                found[f"{name}_calibration_error"] = round(calibration.error, 4)
        return found

    def notes(self) -> list[str]:
        """What a reader of a result should know of its probabilities beforehand."""
        return [] if self.n_slices > 1 else [ONE_SLICE]


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
        if name == DOMAIN:
            domains = classes[name].apply(shares, scores).argmax(axis=1)
    placing, trend, by_domain = learn_places(atlas, reference, rehearsal, domains)
    return Trust(
        classes=classes,
        coefficients=coefficients,
        genes=classifier.genes,
        distance=float(np.quantile(rehearsal.distances.mean(axis=1), ORDINARY)),
        agreement=float(np.quantile(rehearsal.agreement, 1 - ORDINARY)),
        placing=placing,
        trend=trend,
        by_domain=by_domain,
        lean=learn_lean(rehearsal.proportions, rehearsal.regressed, atlas.factors[rows]),
        n_spots=len(rows),
        n_slices=len(np.unique(rehearsal.slices)),
    )
