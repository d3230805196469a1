"""Agreement of clusters with annotation per slice: ARI and NMI of a mixture or of domains."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

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

LEAST_LABELLED = 10
MIXTURE_SAMPLE = 50_000
MIXTURE_SEEDS = (0, 1, 2)
MIXTURE_STARTS = 2
PREDICT_BLOCK = 65_536

Covariance = Literal["tied", "full"]


@dataclass(frozen=True)
class Agreement:
    """ARI in [−1, 1] and NMI in [0, 1] of one slice, over its labelled spots."""

    ari: float
    nmi: float
    n_spots: int


@dataclass(frozen=True)
class ClusterScores:
    """Agreement per slice, and the means over slices; None with a reason where nothing is left."""

    slices: dict[str, Agreement] = field(default_factory=dict)
    reason: str = ""

    @property
    def ari(self) -> float | None:
        """Mean ARI over the scored slices, each counting the same."""
        return _mean(score.ari for score in self.slices.values())

    @property
    def nmi(self) -> float | None:
        """Mean NMI over the scored slices, each counting the same."""
        return _mean(score.nmi for score in self.slices.values())


def domain_scores(
    domains: ArrayLike, labels: ArrayLike, slices: ArrayLike, drop: Collection[str] = ()
) -> ClusterScores:
    """Agreement of a given clustering with the labels.

    Args:
        domains: (n,) cluster of each spot, text or numbers.
        labels: (n,) annotation; missing values and names in `drop` are not scored.
        slices: (n,) slice of each spot.

    Slices with at most 10 labelled spots, or a single label, are skipped.
    """
    codes, _ = label_codes(labels, drop)
    slice_of, names = slice_codes(slices)
    clusters, _ = label_codes(domains)
    return _score(clusters, codes, slice_of, names)


def mixture_scores(
    latent: ArrayLike,
    labels: ArrayLike,
    slices: ArrayLike,
    drop: Collection[str] = (),
    *,
    covariance: Covariance = "tied",
    n: int | None = None,
    n_init: int = MIXTURE_STARTS,
    seeds: Sequence[int] = MIXTURE_SEEDS,
    sample: int = MIXTURE_SAMPLE,
) -> ClusterScores:
    """Agreement of a Gaussian mixture on the joint latent with the labels.

    One mixture is fitted to the spots of all slices together, labelled or not; it is scored
    slice by slice on labelled spots, and each slice's figures are averaged over the seeds.

    Args:
        latent: (n_spots, d), finite.
        labels: (n_spots,) annotation.
        slices: (n_spots,) slice of each spot.
        drop: label names not scored and not counted.
        covariance: one covariance for all components, or one each.
        n: number of components; None takes the number of labels left.
        n_init: starts of each fit, the likeliest is kept.
        seeds: one fit per seed.
        sample: with more spots than this the mixture is fitted to so many, drawn at random by the
            seed, and predicts all.

    Raises:
        ValueError: a latent of wrong shape or not finite; n below 1 or above the number of spots.
    """
    codes, kept = label_codes(labels, drop)
    slice_of, names = slice_codes(slices)
    points = as_points(latent, len(codes))
    if n is not None and not 1 <= n <= len(points):
        raise ValueError(f"n is {n}, expected 1 to {len(points)} (the number of spots)")
    if not any(True for _ in scored_slices(codes, slice_of, LEAST_LABELLED)):
        return ClusterScores(reason=_why_nothing(codes))
    components = len(kept) if n is None else n
    runs = [
        _score(
            _mixture(points, components, covariance, n_init, seed, sample), codes, slice_of, names
        )
        for seed in seeds
    ]
    return ClusterScores(
        {
            name: Agreement(
                ari=float(np.mean([run.slices[name].ari for run in runs])),
                nmi=float(np.mean([run.slices[name].nmi for run in runs])),
                n_spots=first.n_spots,
            )
            for name, first in runs[0].slices.items()
        }
    )


def _mixture(
    points: NDArray[np.float64],
    components: int,
    covariance: Covariance,
    n_init: int,
    seed: int,
    sample: int,
) -> Codes:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    fitted = points
    if len(points) > sample:
        generator = np.random.default_rng(seed)
        fitted = points[np.sort(generator.choice(len(points), sample, replace=False))]
    mixture = GaussianMixture(
        components, covariance_type=covariance, n_init=n_init, random_state=seed
    )
    with warnings.catch_warnings():
        # A latent with fewer distinct points than components is scored all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(fitted)
    blocks = range(0, len(points), PREDICT_BLOCK)
    return np.concatenate([mixture.predict(points[at : at + PREDICT_BLOCK]) for at in blocks])


def _score(clusters: Codes, codes: Codes, slice_of: Codes, names: Sequence[str]) -> ClusterScores:
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    slices = {
        names[slice_code]: Agreement(
            ari=float(adjusted_rand_score(codes[rows], clusters[rows])),
            nmi=float(normalized_mutual_info_score(codes[rows], clusters[rows])),
            n_spots=len(rows),
        )
        for slice_code, rows in scored_slices(codes, slice_of, LEAST_LABELLED)
    }
    return ClusterScores(slices, "" if slices else _why_nothing(codes))


def _why_nothing(codes: Codes) -> str:
    if not (codes != MISSING).any():
        return "no labelled spots are left"
    return f"no slice has more than {LEAST_LABELLED} labelled spots of at least two labels"


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(np.mean(found)) if found else None
