"""Stages of domains, and what their probabilities are worth."""

from __future__ import annotations

import numpy as np
import pytest

from training.mapping.staging.domainstages import (
    FEW,
    DomainPlacing,
    Worth,
    learn_domain_placing,
    place_domains,
)

LEARNT = DomainPlacing(Worth(2.0, 0.9, 0.1, 20, 5), None)
STAGES = np.repeat([0, 1, 2], 3)


def spots(clear: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lifted votes, domains, slices and stages of 9 slices with two domains of 40 spots and one of
    5; the own stage gets `clear` more than the others, on average."""
    rng = np.random.default_rng(seed)
    domains = np.tile(np.repeat([0, 1, 2], [40, 40, 5]), len(STAGES))
    slices = np.repeat(np.arange(len(STAGES)), 85)
    stages = STAGES[slices]
    votes = rng.dirichlet(np.ones(3), len(slices))
    votes[np.arange(len(slices)), stages] += clear
    return votes / votes.sum(axis=1, keepdims=True), domains, slices, stages


def test_clear_domains_are_right_and_calibrated() -> None:
    learnt = learn_domain_placing(*spots(0.5))
    assert learnt.many is not None
    assert (learnt.many.n_parts, learnt.many.n_slices) == (18, 9)
    assert learnt.many.accuracy == 1
    assert learnt.many.error < 0.1
    assert {kind: each["n_domains"] for kind, each in learnt.report().items()} == {
        "many": 18,
        "few": 9,
    }
    assert learnt.of(FEW) is learnt.many
    assert learnt.of(FEW - 1) is learnt.few


def test_domains_without_evidence_promise_nothing() -> None:
    votes, domains, slices, stages = spots(0.0)
    learnt = learn_domain_placing(votes, domains, slices, stages)
    names = np.array(["a", "b", "c"])[domains[:85]]
    found = place_domains(votes[:85], names, slices[:85], list("xyz"), learnt)
    assert all(each["calibrated"] for each in found.values())
    for name in "ab":
        assert max(found[name]["stage_posterior"].values()) < 0.45


def test_without_shared_stages_nothing_is_learnt() -> None:
    votes, domains, slices, stages = spots(0.5)
    alone = np.isin(slices, [0, 3, 6])
    learnt = learn_domain_placing(votes[alone], domains[alone], slices[alone], stages[alone])
    assert learnt.report() == {}
    assert learnt.of(100) is None


def test_each_domain_has_a_posterior_and_few_spots_are_marked() -> None:
    votes = np.array([[0.8, 0.2]] * 30 + [[0.1, 0.9]] * 3)
    domains = np.array(["old"] * 30 + ["small"] * 3)
    found = place_domains(votes, domains, np.zeros(33, dtype=int), ["E9", "E10"], LEARNT)
    assert found["old"]["stage"] == "E9"
    assert not found["old"]["few"]
    assert found["small"] == {
        "n_spots": 3,
        "few": True,
        "calibrated": False,
        "stage": "E10",
        "stage_posterior": found["small"]["stage_posterior"],
    }
    assert FEW == 20
    assert sum(found["old"]["stage_posterior"].values()) == pytest.approx(1, abs=1e-3)
    # Of two sections each is judged by its own spots, and their posteriors are averaged.
    both = place_domains(
        votes, np.full(33, "one"), np.repeat([0, 1], [30, 3]), ["E9", "E10"], LEARNT
    )
    assert both["one"]["stage_posterior"]["E9"] == pytest.approx(
        (30 * found["old"]["stage_posterior"]["E9"] + 3 * found["small"]["stage_posterior"]["E9"])
        / 33,
        abs=1e-3,
    )
