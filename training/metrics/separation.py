"""How well the latent tells labels apart: silhouette widths, and transfer between slices."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.metrics.labels import (
    MISSING,
    Codes,
    as_points,
    label_codes,
    scored_slices,
    slice_codes,
)

SILHOUETTE_SAMPLE = 5_000
TRANSFER_SAMPLE = 30_000
TRANSFER_NEIGHBOURS = 15
LEAST_LABELLED = 10


@dataclass(frozen=True)
class SliceMeans:
    """One figure per slice, and their mean; None with a reason where nothing is left."""

    slices: dict[str, float] = field(default_factory=dict)
    reason: str = ""

    @property
    def mean(self) -> float | None:
        """Mean over the scored slices, each counting the same."""
        return float(np.mean(list(self.slices.values()))) if self.slices else None


def silhouette(
    latent: ArrayLike,
    labels: ArrayLike,
    slices: ArrayLike,
    drop: Collection[str] = (),
    *,
    sample: int = SILHOUETTE_SAMPLE,
    seed: int = 0,
) -> SliceMeans:
    """Mean silhouette width of labels within each slice (ASW), in [−1, 1].

    Args:
        latent: (n_spots, d), finite.
        labels: (n_spots,) annotation.
        slices: (n_spots,) slice of each spot.
        sample: at most so many labelled spots of a slice are used, drawn at random by `seed`.

    Slices with at most 10 labelled spots, or a single label, are skipped.
    """
    from sklearn.metrics import silhouette_score

    codes, _ = label_codes(labels, drop)
    slice_of, names = slice_codes(slices)
    points = as_points(latent, len(codes))
    generator = np.random.default_rng(seed)
    found: dict[str, float] = {}
    for slice_code, rows in scored_slices(codes, slice_of, LEAST_LABELLED):
        if len(rows) > sample:
            rows = np.sort(generator.choice(rows, sample, replace=False))
        if 2 <= len(np.unique(codes[rows])) < len(rows):
            found[names[slice_code]] = float(silhouette_score(points[rows], codes[rows]))
    return SliceMeans(found, "" if found else "no slice has two labels to compare")


def transfer_accuracy(
    latent: ArrayLike,
    labels: ArrayLike,
    slices: ArrayLike,
    drop: Collection[str] = (),
    *,
    neighbours: int = TRANSFER_NEIGHBOURS,
    sample: int = TRANSFER_SAMPLE,
    seed: int = 0,
) -> SliceMeans:
    """Accuracy of labels copied to each slice from the others.

    Each labelled spot of a slice takes the commonest label of its `neighbours` nearest labelled
    spots in all other slices (of equally common ones, the first by name).

    Args:
        latent: (n_spots, d), finite.
        labels: (n_spots,) annotation.
        slices: (n_spots,) slice of each spot.
        sample: at most so many labelled spots are used, drawn at random by `seed`.

    Returns:
        The fraction right per slice, in [0, 1]; n/a with fewer than two labelled slices.
    """
    transferred = list(_transfer(latent, labels, slices, drop, neighbours, sample, seed))
    if len(transferred) < 2:
        return SliceMeans(reason="fewer than two labelled slices")
    return SliceMeans({name: float(np.mean(copied == own)) for name, _, own, copied in transferred})


def transfer_recall(
    latent: ArrayLike, labels: ArrayLike, slices: ArrayLike, drop: Collection[str] = ()
) -> dict[str, float]:
    """Of each label's spots, the fraction that has it from the other slices, in [0, 1].

    Copied as by `transfer_accuracy`; empty with fewer than two labelled slices.
    """
    found = list(
        _transfer(latent, labels, slices, drop, TRANSFER_NEIGHBOURS, TRANSFER_SAMPLE, seed=0)
    )
    if len(found) < 2:
        return {}
    own, copied = (np.concatenate([each[at] for each in found]) for at in (2, 3))
    return {
        name: float(np.mean(copied[own == code] == code))
        for code, name in enumerate(found[0][1])
        if (own == code).any()
    }


def _transfer(
    latent: ArrayLike,
    labels: ArrayLike,
    slices: ArrayLike,
    drop: Collection[str],
    neighbours: int,
    sample: int,
    seed: int,
) -> Iterator[tuple[str, Sequence[str], Codes, Codes]]:
    """For each labelled slice its name, the labels, and codes of its spots, own and copied."""
    codes, kept = label_codes(labels, drop)
    slice_of, names = slice_codes(slices)
    points = as_points(latent, len(codes))
    rows = np.flatnonzero(codes != MISSING)
    if len(rows) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    points, codes, slice_of = points[rows], codes[rows], slice_of[rows]
    present = np.unique(slice_of)
    for slice_code in present if len(present) > 1 else ():
        query = slice_of == slice_code
        copied = _copy(points[~query], codes[~query], points[query], neighbours, len(kept))
        yield names[slice_code], kept, codes[query], copied


def _copy(
    reference: NDArray[np.float64],
    codes: Codes,
    query: NDArray[np.float64],
    neighbours: int,
    n_labels: int,
) -> Codes:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(neighbours, len(reference))).fit(reference)
    near = codes[search.kneighbors(query, return_distance=False)]
    votes = np.zeros((len(query), n_labels), dtype=np.int64)
    np.add.at(votes, (np.arange(len(query))[:, None], near), 1)
    return votes.argmax(axis=1)
