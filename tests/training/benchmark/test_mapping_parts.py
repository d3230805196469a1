"""What the mapping benchmark holds a section against: a joint fit, its own place, cheap rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from training.benchmark.mapping.estimates import average_by_components, decode_counts
from training.benchmark.mapping.imputing import hide_from_panels, mean_of
from training.benchmark.mapping.joint import find_rows, hold_beside, judge_domains
from training.benchmark.mapping.registered import score_return
from training.benchmark.mapping.selfmapping import turn
from training.imputation.accuracy import correlate
from training.mapping.registering import RegisteredQuery


def _atlas(spots: list[str], domains: list[str], names: tuple[str, ...] = ("a", "b")) -> Any:
    """Slices of as many spots each."""
    size = len(spots) // len(names)
    columns = {"spot": np.array(spots, dtype=object), "domain": np.array(domains, dtype=object)}
    pieces = [
        SimpleNamespace(name=name, start=at * size, stop=(at + 1) * size)
        for at, name in enumerate(names)
    ]
    return SimpleNamespace(slices=pieces, n_spots=len(spots), obs=columns.__getitem__)


def test_domains_of_a_joint_fit_are_read_in_the_terms_of_the_reference() -> None:
    reference = _atlas(["1", "2", "3", "4"], ["x", "x", "x", "y"], ("a",))
    # The joint fit lost spot 2 of the slice, and calls x and y by other names.
    joint = hold_beside(
        _atlas(["1", "3", "4", "5", "6", "7"], ["p", "p", "q", "p", "q", "r"]), reference
    )
    assert joint.there.tolist() == [0, -1, 1, 2]
    assert joint.names == {"p": "x", "q": "y"}
    assert joint.agreement == 1.0
    section = ad.AnnData(np.zeros((4, 1), dtype=np.float32), obs={"slice": ["b"] * 4})
    section.obs_names = ["7", "0", "6", "5"]
    found: Any = SimpleNamespace(
        domain=np.array(["x", "x", "y", "y"]), domain_confidence=np.array([0.9, 0.1, 0.8, 0.7])
    )
    promised, right = judge_domains(found, section, joint)
    # Spot 0 the joint fit did not keep; r is nowhere in the reference, so no name is right there.
    assert promised.tolist() == [0.9, 0.8, 0.7]
    assert right.tolist() == [False, True, False]
    few = section.copy()
    few.obs_names = ["7", "8", "9", "10"]
    assert [len(rows) for rows in find_rows(joint, few)] == [0, 0]


def test_a_slice_that_comes_back_is_held_against_its_own_place() -> None:
    record = {"registered": True, "reference": "a", "residual": 4.0, "spacing": 2.0}
    truth = np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    laid = RegisteredQuery(truth + np.array([0.0, 1.0]), [record])
    assert score_return(laid, "a", truth) == {
        "registered": 1.0,
        "own_slice": 1.0,
        "residual": 2.0,
        "off_own": 0.5,
    }
    assert "off_own" not in score_return(laid, "b", truth)
    lost = RegisteredQuery(truth, [{"registered": False, "reference": "a"}])
    assert score_return(lost, "a", truth) == {"registered": 0.0}


def test_a_turned_section_keeps_its_shape_and_is_mirrored() -> None:
    generator = np.random.default_rng(0)
    section = ad.AnnData(np.zeros((9, 1), dtype=np.float32))
    section.obsm["spatial"] = generator.random((9, 2)) * 50
    before = np.array(section.obsm["spatial"])
    after = turn(section, generator).obsm["spatial"]
    assert np.array_equal(section.obsm["spatial"], before)
    gram = [(p - p.mean(axis=0)) @ (p - p.mean(axis=0)).T for p in (before, after)]
    assert gram[0] == pytest.approx(gram[1])
    area = [np.linalg.det(p[1:3] - p[0]) for p in (before, after)]
    assert area[0] == pytest.approx(-area[1])


def test_the_same_genes_are_hidden_from_every_panel() -> None:
    order = [f"g{index}" for index in range(351)]
    hidden, sizes = hide_from_panels(order, (340, 300, 100))
    # Eleven genes say little of a panel of 340, which is therefore not scored.
    assert sizes == [300, 100]
    assert hidden == order[300:]
    assert len(hide_from_panels(order * 5, (1000, 50))[0]) == 500
    assert hide_from_panels(order, (340,)) == ([], [])
    assert mean_of([{"a": 1.0}, {"a": 3.0, "b": 5.0}, {}]) == {"a": 2.0, "b": 5.0}


def test_cheap_rows_find_what_factors_of_visible_genes_say_of_hidden_ones() -> None:
    generator = np.random.default_rng(0)
    genes = [f"g{index}" for index in range(60)]
    shares = generator.dirichlet(np.full(60, 0.3), 3)
    amounts = generator.dirichlet(np.full(3, 0.3), 260)
    counts = sparse.csc_matrix(generator.poisson(400 * amounts @ shares).astype(np.float32))
    totals = np.asarray(counts.sum(axis=1)).ravel()
    logs = sparse.csc_matrix(np.log1p(1e4 * counts.toarray() / totals[:, None]))
    own, rest = np.arange(60), np.arange(60, 260)
    visible, hidden = genes[:40], genes[40:]
    asked: Any = SimpleNamespace(
        reference=SimpleNamespace(
            read=lambda names: counts[rest][:, [genes.index(name) for name in names]],
            expression=lambda found: logs[rest][:, 40:],
            known=lambda names: None,
            totals=totals[rest],
            slices=np.zeros(200, dtype=np.int64),
        ),
        query=SimpleNamespace(
            genes=visible, counts=sparse.csr_matrix(counts)[own], columns=np.arange(40)
        ),
        # Neighbours that know nothing: only the level is theirs.
        projection=SimpleNamespace(
            neighbours=np.tile(np.arange(20), (60, 1)), weights=np.full((60, 20), 1 / 20)
        ),
        hidden=hidden,
    )
    truth = np.log1p(1e4 * (amounts @ shares)[own, 40:])
    known = (counts[own, 40:] > 0).mean(axis=0) > 0.3
    for row in (average_by_components, decode_counts):
        assert np.median(correlate(row(asked), truth)[np.asarray(known).ravel()]) > 0.8
    level = logs[rest][:20, 40:].mean(axis=0)
    assert decode_counts(asked).mean(axis=0) == pytest.approx(np.asarray(level).ravel(), abs=1e-4)
