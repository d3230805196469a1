"""Change over stages in the factors, against a change that was planted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.metrics import programme_correlation

TIMES = np.array([4.0, 6.0, 9.0])
N_GENES, N_TYPES, EACH = 600, 4, 80
MEMBERS = np.array([[True, False, False, False], [False, True, True, False]])


class Case:
    """Cell types in three stages; what two programmes make of their expression there."""

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.stages = np.repeat(np.arange(3), EACH)
        # The first type grows common and the last rare: a change in number is no programme.
        weights = np.array([[1, 2, 2, 8], [3, 2, 2, 3], [8, 2, 2, 1]], dtype=float)
        self.truth = np.concatenate([draw.dirichlet(own, EACH) for own in weights])
        self.slopes = np.zeros((2, N_GENES))
        self.slopes[0, :10] = draw.uniform(0.2, 0.5, 10)
        self.slopes[1, 10:18] = -draw.uniform(0.2, 0.5, 8)
        self.plain = draw.dirichlet(np.full(N_GENES, 2.0), N_TYPES)
        stages = []
        for time in TIMES - TIMES.mean():
            own = self.plain * 2 ** (time * MEMBERS.T.astype(float) @ self.slopes)
            stages.append(own / own.sum(axis=1, keepdims=True))
        self.changing = np.concatenate(stages)

    def correlation(
        self, proportions: NDArray[np.floating], profiles: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        return programme_correlation(
            proportions, profiles.T, self.truth, self.stages, TIMES, self.slopes, MEMBERS
        )


@pytest.fixture(scope="module")
def case() -> Case:
    return Case()


def test_factors_of_each_stage_tell_what_changes_in_it(case: Case) -> None:
    """A factor for each cell type and stage: the truth itself."""
    proportions = np.zeros((3 * EACH, 3 * N_TYPES))
    for stage in range(3):
        rows = case.stages == stage
        proportions[rows, stage * N_TYPES : (stage + 1) * N_TYPES] = case.truth[rows]
    assert (case.correlation(proportions, case.changing) > 0.9).all()
    assert (case.correlation(proportions, np.tile(case.plain, (3, 1))) < 0.2).all()


def test_a_change_in_number_is_no_programme(case: Case) -> None:
    assert (np.abs(case.correlation(case.truth, case.plain)) < 0.2).all()


def test_a_programme_whose_genes_or_types_are_missing_is_not_judged(case: Case) -> None:
    profiles = case.plain.copy()
    profiles[:, 4:14] = np.nan
    found = case.correlation(case.truth, profiles)
    assert np.isnan(found[0])
    assert np.isnan(found[1])
    assert np.isfinite(case.correlation(case.truth, case.plain)).all()
    absent = Case()
    absent.truth[absent.stages > 0, 0] = 0
    assert np.isnan(absent.correlation(absent.truth, absent.plain)).tolist() == [True, False]
