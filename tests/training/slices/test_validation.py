"""Checks of counts, coordinates and names, one at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from training.errors import Problem
from training.slices import validation
from training.slices.genepanels import check_panels, shared_genes
from training.slices.validation import check_coordinates, check_copies, check_counts, check_names

SPOTS = [f"s{i}" for i in range(6)]
NAMES = [f"g{i}" for i in range(4)]


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(
        np.float64,
        (6, 4),
        elements=st.sampled_from([0.0, 1.0, 7.0, 0.5, -1.0, -0.5, np.nan, np.inf, 2.0**25]),
    )
)
def test_a_problem_is_told_exactly_when_there_is_one(values: np.ndarray) -> None:
    problems = check_counts("place", sparse.csr_matrix(values), SPOTS, NAMES)
    finite = np.isfinite(values)
    expected = {
        "NaN": int((~finite).sum()),
        "negative": int((finite & (values < 0)).sum()),
        "not integers": int((finite & (values != np.rint(values))).sum()),
        "above": int((finite & (values > 2**24)).sum()),
    }
    found = {
        word: next((p.found for p in problems if word in p.found), "0 ").split()[0]
        for word in expected
    }
    assert {word: int(text.replace(",", "")) for word, text in found.items()} == expected
    for problem in problems:
        for example in problem.examples:
            spot, rest = example.split(", ")
            gene, value = rest.split(": ")
            held = values[SPOTS.index(spot), NAMES.index(gene)]
            assert f"{held:g}" == value


def test_examples_come_from_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "BLOCK", 3)
    values = np.ones((6, 4))
    values[[0, 2, 5], [1, 0, 3]] = -1
    (problem,) = check_counts("place", sparse.csr_matrix(values), SPOTS, NAMES)
    assert list(problem.examples) == ["s0, g1: -1", "s2, g0: -1", "s5, g3: -1"]


@pytest.mark.parametrize(
    ("top", "word"), [(8.0, "(log-normalised data?)"), (900.0, "(normalised data?)")]
)
def test_the_kind_of_normalisation_is_guessed(top: float, word: str) -> None:
    values = np.full((6, 4), 0.5)
    values[0, 0] = top
    (problem,) = check_counts("place", sparse.csr_matrix(values), SPOTS, NAMES)
    assert word in problem.found
    assert len(problem.examples) == 5


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.bool_, np.float32])
def test_integers_of_every_type_pass(dtype: type) -> None:
    assert check_counts("p", sparse.csr_matrix(np.eye(6, 4).astype(dtype)), SPOTS, NAMES) == []


def test_negative_integers_do_not_pass() -> None:
    values = -np.eye(6, 4).astype(np.int8)
    assert "4 negative" in check_counts("p", sparse.csr_matrix(values), SPOTS, NAMES)[0].found


@pytest.mark.parametrize("kind", ["array", "frame", "sparse", "integers"])
def test_coordinates_of_every_kind_become_float32(kind: str) -> None:
    values = np.arange(12).reshape(6, 2)
    forms = {
        "array": values.astype(float),
        "frame": pd.DataFrame(values),
        "sparse": sparse.csr_matrix(values),
        "integers": values,
    }
    found, problems = check_coordinates("p", forms[kind], SPOTS, "spatial")
    assert problems == []
    assert found is not None
    assert found.dtype == np.float32
    assert np.array_equal(found, values)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (None, "no obsm['spatial']"),
        (np.zeros((6, 3)), "(6, 3)"),
        (np.zeros(6), "(6,)"),
        (np.array([["a", "b"]] * 6), "not numbers"),
        (np.array([[0, 1]] * 5 + [[np.inf, 2]]), "1 spots"),
        (np.ones((6, 2)), "all 6 spots"),
    ],
)
def test_coordinates_that_cannot_be_used(values: object, word: str) -> None:
    found, (problem,) = check_coordinates("p", values, SPOTS, "spatial", "a hint")
    assert found is None
    assert word in problem.found
    assert problem.remedy


def test_names_twice_are_listed_in_their_order() -> None:
    (problem,) = check_names("p", ["b", "a", "b", "c", "a", "b"], "gene", "rename")
    assert list(problem.examples) == ["b (3 times)", "a (2 times)"]
    assert check_names("p", ["a", "b"], "gene", "rename") == []


def test_empty_spots_are_never_copies() -> None:
    counts = sparse.csr_matrix(np.array([[0, 0], [0, 0], [1, 2], [1, 2], [1, 3]]))
    places = np.array([[1, 1], [1, 1], [2, 2], [2, 2], [2, 2]], dtype=np.float32)
    (problem,) = check_copies("p", counts, places, SPOTS)
    assert list(problem.examples) == ["s3 = s2"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=1, max_size=5))
def test_shared_genes_are_the_intersection_in_the_order_of_the_first(
    panels: list[list[str]],
) -> None:
    shared = shared_genes([pd.Index(panel, dtype=object) for panel in panels])
    assert set(shared) == set.intersection(*map(set, panels))
    assert list(shared) == [gene for gene in panels[0] if gene in set(shared)]


def tables(**panels: list[str]) -> dict[str, pd.DataFrame]:
    return {place: pd.DataFrame(index=genes) for place, genes in panels.items()}


def test_a_small_panel_within_a_large_one_is_fine() -> None:
    large = [f"g{i}" for i in range(1000)]
    assert check_panels(tables(a=large, b=large[:50])) == []


def test_the_odd_one_out_is_named_even_if_it_is_first() -> None:
    usual = [f"g{i}" for i in range(100)]
    odd = [f"x{i}" for i in range(100)]
    (problem,) = check_panels(tables(odd=odd, a=usual, b=usual))
    assert problem.place == "odd"


def test_versions_of_gene_ids_are_told() -> None:
    plain = [f"ENSG{i:011d}" for i in range(50)]
    (problem,) = check_panels(tables(a=plain, b=[f"{gene}.3" for gene in plain]))
    assert "version" in problem.remedy


def test_examples_that_hold_commas_are_told_apart() -> None:
    assert "for example: a, b\n" in f"{Problem('x', 'y', 'z', ('a', 'b'))}\n"
    assert "for example: s1, A: 0.5; s2, B: 1.5" in str(
        Problem("x", "y", "z", ("s1, A: 0.5", "s2, B: 1.5"))
    )
