"""Agreement of clusters with labels: known answers, invariances, and inputs without an answer."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import domain_scores, label_codes, mixture_scores


def blobs(n_slices: int = 2, per_label: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three labels far apart in three dimensions, in every slice."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.repeat(["a", "b", "c"], per_label), n_slices)
    slices = np.repeat([f"s{i}" for i in range(n_slices)], 3 * per_label)
    centres = {"a": (0, 0, 0), "b": (20, 0, 0), "c": (0, 20, 5)}
    latent = np.array([centres[name] for name in labels]) + rng.normal(size=(len(labels), 3))
    return latent, labels, slices


def pair_counting_ari(one: list[int], other: list[int]) -> float:
    """ARI from its definition over all pairs."""
    pairs = list(combinations(range(len(one)), 2))
    same_one = sum(one[i] == one[j] for i, j in pairs)
    same_other = sum(other[i] == other[j] for i, j in pairs)
    both = sum(one[i] == one[j] and other[i] == other[j] for i, j in pairs)
    expected = same_one * same_other / len(pairs)
    return (both - expected) / ((same_one + same_other) / 2 - expected)


def test_domains_score_the_pair_counting_ari_of_each_slice_and_their_plain_mean() -> None:
    labels = np.array(list("aaaaabbbbbcc") + list("aaaabbbbcccc"))
    domains = np.array([0] * 6 + [1] * 6 + [0, 1] * 6)
    slices = np.repeat(["x", "y"], 12)
    scores = domain_scores(domains, labels, slices)
    expected = [
        pair_counting_ari(
            [ord(label) for label in labels[slices == name]], list(domains[slices == name])
        )
        for name in ("x", "y")
    ]
    assert [scores.slices[name].ari for name in ("x", "y")] == pytest.approx(expected)
    assert scores.ari == pytest.approx(np.mean(expected))


def test_nmi_of_a_half_split_is_by_hand() -> None:
    # Four equal labels, two domains of two labels each: I = log 2, H = log 4 and log 2.
    labels = np.repeat(list("abcd"), 5)
    domains = np.repeat([0, 1], 10)
    scores = domain_scores(domains, labels, np.zeros(20))
    assert scores.nmi == pytest.approx(np.log(2) / ((np.log(4) + np.log(2)) / 2))


def test_a_mixture_finds_separate_labels_exactly() -> None:
    latent, labels, slices = blobs()
    for covariance in ("tied", "full"):
        scores = mixture_scores(latent, labels, slices, covariance=covariance)
        assert scores.ari == pytest.approx(1.0)
        assert scores.nmi == pytest.approx(1.0)
        assert {name: each.n_spots for name, each in scores.slices.items()} == {"s0": 60, "s1": 60}


def test_too_few_components_merge_labels() -> None:
    latent, labels, slices = blobs()
    assert mixture_scores(latent, labels, slices, n=2).ari < 0.7


def test_dropped_labels_are_neither_counted_nor_scored() -> None:
    latent, labels, slices = blobs()
    scores = mixture_scores(latent, labels, slices, drop=["c"])
    assert {each.n_spots for each in scores.slices.values()} == {40}
    assert scores.slices == mixture_scores(latent, labels, slices, drop=["c"], n=2).slices


@pytest.mark.parametrize("missing", [None, np.nan, ""])
def test_spots_without_a_label_are_not_scored(missing: object) -> None:
    latent, labels, slices = blobs()
    with_gaps = labels.astype(object)
    with_gaps[::4] = missing
    scores = mixture_scores(latent, with_gaps, slices)
    assert {each.n_spots for each in scores.slices.values()} == {45}
    assert scores.ari == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_names_of_labels_domains_and_slices_and_order_of_spots_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, domains, slices = (rng.integers(0, k, 60) for k in (4, 3, 3))
    first = domain_scores(domains, labels, slices)
    order = rng.permutation(60)
    rename = rng.permutation(4)
    second = domain_scores(
        [f"d{2 - d}" for d in domains[order]],
        [f"l{rename[label]}" for label in labels[order]],
        [f"slice {s}" for s in slices[order]],
    )
    assert second.ari == pytest.approx(first.ari, abs=1e-12)
    assert second.nmi == pytest.approx(first.nmi, abs=1e-12)


def test_small_slices_and_slices_of_one_label_are_skipped() -> None:
    latent, labels, slices = blobs(n_slices=4)
    slices = slices.astype(object)
    labels = labels.astype(object)
    small = np.flatnonzero(slices == "s1")
    labels[small[10:]] = None
    labels[small[:5]] = "b"
    labels[slices == "s2"] = "a"
    assert set(mixture_scores(latent, labels, slices).slices) == {"s0", "s3"}
    labels[small[10]] = "a"
    assert set(domain_scores(labels, labels, slices).slices) == {"s0", "s1", "s3"}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([None] * 120, "no labelled spots"),
        (["a"] * 120, "at least two labels"),
        ([f"l{i % 5}" if i % 12 == 0 else None for i in range(120)], "more than 10"),
    ],
)
def test_nothing_to_score_is_said_and_not_zero(labels: list[str | None], reason: str) -> None:
    latent, _, slices = blobs()
    for scores in (
        mixture_scores(latent, labels, slices),
        domain_scores(np.arange(120) % 3, labels, slices),
    ):
        assert scores.ari is None
        assert scores.nmi is None
        assert reason in scores.reason


def test_a_constant_latent_scores_zero() -> None:
    _, labels, slices = blobs()
    scores = mixture_scores(np.ones((120, 3)), labels, slices)
    assert scores.ari == pytest.approx(0.0)


def test_a_sampled_mixture_still_predicts_every_spot() -> None:
    latent, labels, slices = blobs(per_label=60)
    scores = mixture_scores(latent, labels, slices, sample=100)
    assert scores.ari == pytest.approx(1.0)
    assert sum(each.n_spots for each in scores.slices.values()) == 360


def test_the_same_seeds_give_the_same_scores() -> None:
    rng = np.random.default_rng(1)
    latent, labels, slices = rng.normal(size=(120, 4)), *blobs()[1:]
    assert (
        mixture_scores(latent, labels, slices).slices
        == mixture_scores(latent, labels, slices).slices
    )


@pytest.mark.parametrize("n", [0, -1, 121])
def test_an_impossible_number_of_components_is_refused(n: int) -> None:
    latent, labels, slices = blobs()
    with pytest.raises(ValueError, match="expected 1 to 120"):
        mixture_scores(latent, labels, slices, n=n)


def test_a_latent_that_is_not_finite_or_not_one_row_per_spot_is_refused() -> None:
    latent, labels, slices = blobs()
    with pytest.raises(ValueError, match="expected \\(120, d\\)"):
        mixture_scores(latent[:-1], labels, slices)
    latent[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        mixture_scores(latent, labels, slices)


def test_label_codes_are_sorted_and_missing_is_minus_one() -> None:
    codes, names = label_codes(["b", None, "a", float("nan"), "b", "z"], drop=["z"])
    assert names == ["a", "b"]
    assert codes.tolist() == [1, -1, 0, -1, 1, -1]


def test_whole_numbers_are_labels_by_their_digits() -> None:
    codes, names = label_codes(np.array([2.0, np.nan, 10.0]), drop=["10"])
    assert names == ["2"]
    assert codes.tolist() == [0, -1, -1]
