"""q-values against SciPy's and against the definition."""

from __future__ import annotations

import numpy as np
from scipy.stats import false_discovery_control

from training.store.significance import adjust_p


def test_q_values_are_those_of_scipy() -> None:
    p = np.random.default_rng(0).uniform(size=200) ** 3
    p[10] = p[20]
    np.testing.assert_allclose(adjust_p(p), false_discovery_control(p))


def test_tests_that_were_not_made_do_not_count() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03, np.nan])
    q = adjust_p(p)
    np.testing.assert_allclose(q[[0, 2, 3]], [0.03, 0.04, 0.04])
    assert np.isnan(q[[1, 4]]).all()
    assert np.isnan(adjust_p(np.full(3, np.nan))).all()
    assert len(adjust_p(np.zeros(0))) == 0
