"""q-values against SciPy's and against the definition."""

from __future__ import annotations

import numpy as np
from scipy.stats import false_discovery_control

from training.store.genes.significance import adjust_p, named_p, told_p


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


def test_p_is_told_with_a_smallest_figure() -> None:
    told = {None: "–", np.nan: "–", 0.0: "< 1e−300", 5e-324: "< 1e−300", 2.34e-105: "2.3e−105"}
    told |= {3.4e-8: "3.4e−8", 0.00099: "9.9e−4", 0.001: "0.001", 0.0123: "0.012", 1.0: "1.000"}
    assert {p: told_p(p) for p in told} == told
    named = {None: "", np.nan: "", 0.0: "q < 1e−300", 0.5: "q = 0.500"}
    assert {p: named_p("q", p) for p in named} == named
