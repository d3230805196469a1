"""Silhouette and transfer: small cases by hand, bounds, and inputs without an answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import silhouette, transfer_accuracy, transfer_recall


def test_silhouette_of_points_on_a_line_is_by_hand() -> None:
    # Six spots at 0, six at 1, and six at 10 and 11, as the two labels.
    latent = np.repeat([0.0, 1.0, 10.0, 11.0], 6)[:, None]
    labels = np.repeat(["a", "a", "b", "b"], 6)
    inside = 6 / 11
    outer, inner = 1 - inside / 10.5, 1 - inside / 9.5
    found = silhouette(latent, labels, ["x"] * 24)
    assert found.slices["x"] == pytest.approx((outer + inner) / 2)


def test_silhouette_looks_within_slices_only() -> None:
    labels = np.tile(np.repeat(["a", "b"], 10), 2)
    slices = np.repeat(["x", "y"], 20)
    latent = np.where(labels == "a", 0.0, 1.0)[:, None] + np.where(slices == "x", 0.0, 0.5)[:, None]
    assert silhouette(latent, labels, slices).mean == pytest.approx(1.0)


def test_silhouette_is_sampled_when_large_and_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 1000)
    latent = labels[:, None] + rng.normal(size=(1000, 2))
    exact = silhouette(latent, labels, np.zeros(1000)).mean
    sampled = silhouette(latent, labels, np.zeros(1000), sample=300, seed=1).mean
    assert sampled == pytest.approx(exact, abs=0.05)
    assert sampled == silhouette(latent, labels, np.zeros(1000), sample=300, seed=1).mean


def test_silhouette_without_two_labels_is_not_zero() -> None:
    latent = np.random.default_rng(0).normal(size=(30, 2))
    for labels in (["a"] * 30, [None] * 30, [str(i) for i in range(30)]):
        found = silhouette(latent, labels, ["x"] * 30)
        assert found.mean is None
        assert found.reason


def test_transfer_copies_the_majority_of_the_nearest_in_other_slices() -> None:
    # Slice y has three a's and two b's near 0, where x has an a and a b, and three c's at 9.
    latent = np.array([0.0, 0.0, 9.0, 0.1, 0.1, 0.1, 0.1, 0.1, 9.0, 9.0, 9.0])[:, None]
    labels = np.array(list("abc") + list("aaabb") + list("ccc"))
    slices = np.array(["x"] * 3 + ["y"] * 8)
    found = transfer_accuracy(latent, labels, slices, neighbours=5)
    assert found.slices["x"] == pytest.approx(2 / 3)
    # Among all eight a and c are equally common, and a goes first.
    everywhere = transfer_accuracy(latent, labels, slices, neighbours=8)
    assert everywhere.slices["x"] == pytest.approx(1 / 3)


def test_transfer_never_uses_the_own_slice() -> None:
    labels = np.array(["a", "b"] * 20)
    slices = np.repeat(["x", "y"], 20)
    flipped = np.where(slices == "x", labels == "a", labels == "b").astype(float)[:, None]
    assert transfer_accuracy(flipped, labels, slices, neighbours=5).mean == 0.0
    assert transfer_accuracy(1.0 * (labels == "a")[:, None], labels, slices).mean == 1.0


def test_transfer_is_the_plain_mean_over_slices_of_any_size() -> None:
    labels = np.array(["a", "b"] * 50 + ["a", "b"] * 2)
    slices = np.array(["x"] * 50 + ["y"] * 50 + ["z"] * 4)
    latent = 1.0 * (labels == "a")[:, None]
    latent[-4:] = 1 - latent[-4:]
    found = transfer_accuracy(latent, labels, slices)
    assert found.slices == {"x": 1.0, "y": 1.0, "z": 0.0}
    assert found.mean == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("labels", "slices"),
    [
        (["a", "b"] * 10, ["x"] * 20),
        (["a"] * 10 + [None] * 10, ["x"] * 10 + ["y"] * 10),
        ([None] * 20, ["x"] * 10 + ["y"] * 10),
        (["a"] * 10 + ["drop"] * 10, ["x"] * 10 + ["y"] * 10),
    ],
)
def test_transfer_needs_two_labelled_slices(labels: list[str | None], slices: list[str]) -> None:
    found = transfer_accuracy(np.zeros((20, 2)), labels, slices, drop=["drop"])
    assert found.mean is None
    assert "two labelled slices" in found.reason


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_both_are_blind_to_names_of_slices_and_order_of_spots(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, slices = rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    latent = rng.normal(size=(90, 3)) + labels[:, None]
    order = rng.permutation(90)
    renamed = [f"slice {2 - s}" for s in slices[order]]
    for measure in (silhouette, transfer_accuracy):
        first = measure(latent, labels, slices)
        again = measure(latent[order], labels[order], renamed)
        assert again.mean == pytest.approx(first.mean, abs=1e-9)
        assert -1.0 <= first.mean <= 1.0


def test_a_sampled_transfer_is_close_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    labels, slices = rng.integers(0, 2, 2000), rng.integers(0, 2, 2000)
    latent = 1.5 * labels[:, None] + rng.normal(size=(2000, 2))
    exact = transfer_accuracy(latent, labels, slices).mean
    assert transfer_accuracy(latent, labels, slices, sample=600).mean == pytest.approx(
        exact, abs=0.06
    )


def test_recall_is_of_each_label_and_needs_other_slices() -> None:
    # In both slices a's spots lie together; of b's four in each, one lies among a's.
    place = {"a": 0.0, "b": 10.0}
    labels = ["a"] * 20 + ["b"] * 4
    points = [[place[label] + 0.01 * index, 0.0] for index, label in enumerate(labels)]
    points[-1] = [0.05, 0.0]
    both = transfer_recall(points * 2, labels * 2, ["s1"] * 24 + ["s2"] * 24)
    assert both["a"] == 1
    # Fewer than 15 spots of b: its neighbours are mostly a's.
    assert both["b"] == 0
    many = ["a"] * 20 + ["b"] * 20
    apart = [[place[label] + 0.01 * index, 0.0] for index, label in enumerate(many)]
    for row in range(20, 25):
        apart[row] = [0.05, 0.0]
    told = transfer_recall(apart * 2, many * 2, ["s1"] * 40 + ["s2"] * 40)
    assert told == {"a": 1.0, "b": 0.75}
    assert transfer_recall(apart, many, ["s1"] * 40) == {}
