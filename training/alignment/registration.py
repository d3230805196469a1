"""The slices of a fitted collection in common frames: coordinates for the store, and the record.

What is computed stands in `training.alignment.align`; here depths are read from the table of spots
and the outcome is put into words for the model card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.alignment.align import SliceAlignment, align_slices
from training.alignment.depths import depth_column
from training.inputs.normalised import Normalised
from training.metrics.registration import best_correlations, registration_score

if TYPE_CHECKING:
    import pandas as pd

ONE_UNIT = ("um", "µm", "μm", "micrometre", "micrometer", "micron", "microns", "nm", "mm")
"""Units of length: coordinates in one of them need no comparing of grids."""
SCORED = 1_000
"""Spots of a slice at most that the registration score is taken over."""


@dataclass(frozen=True)
class Registration:
    """Aligned coordinates (n, 2) or, with depths, (n, 3) float32, and a record for each slice."""

    positions: NDArray[np.float32]
    records: list[dict[str, Any]]

    @property
    def n_registered(self) -> int:
        """Slices that share a frame with others."""
        return sum(record["registered"] for record in self.records)


def register_slices(
    obs: pd.DataFrame,
    positions: NDArray[np.floating],
    latent: NDArray[np.floating],
    expression: sparse.csr_matrix | Normalised,
    *,
    unit: str = "",
    depth: str = "",
    reflection: bool = True,
    seed: int = 0,
    measured: NDArray[np.bool_] | None = None,
) -> Registration:
    """Align the slices of a collection and score them.

    Args:
        obs: (n) rows with the categorical columns slice and stage, and perhaps a depth.
        positions: (n, 2) coordinates.
        latent: (n, d).
        expression: (n, G) normalised expression, for the score.
        unit: unit of the coordinates; slices in a unit of length are never rescaled.
        depth: column of obs with the depth of each slice; '' looks for one.
        reflection: slices may lie upside down.
        measured: (S, G) where some slices did not measure all genes: two slices are scored by the
            genes that both did.
    """
    codes = obs["slice"].cat.codes.to_numpy().astype(np.int64)
    names = [str(name) for name in obs["slice"].cat.categories]
    rows = [np.flatnonzero(codes == index) for index in range(len(names))]
    stages = obs["stage"].cat.codes.to_numpy()
    column, depths = depth_column(obs, rows, depth) or ("", None)
    found = align_slices(
        positions,
        latent,
        codes,
        [int(stages[own[0]]) for own in rows],
        depths=depths,
        one_unit=unit.strip().lower() in ONE_UNIT,
        reflection=reflection,
        seed=seed,
    )
    aligned = np.empty((len(positions), 2), dtype=np.float32)
    for own, each in zip(rows, found, strict=True):
        aligned[own] = each.apply(positions[own]) if each.registered else positions[own]
    records = []
    for index, (own, each) in enumerate(zip(rows, found, strict=True)):
        score = None
        if each.joined:
            some = own[:: -(-len(own) // SCORED)]
            other = rows[each.joined[0]]
            own_values, others = expression[some], expression[other]
            if measured is not None:
                both = np.flatnonzero(measured[index] & measured[each.joined[0]])
                own_values, others = own_values[:, both], others[:, both]
            best = best_correlations(own_values, aligned[some], others, aligned[other])
            score = registration_score(best)
        z = None if depths is None else depths[index]
        record = describe(index, each, names, score, z)
        records.append(record | {"z_column": column} if column else record)
    if depths is not None:
        aligned = np.column_stack([aligned, np.asarray(depths, dtype=np.float32)[codes]])
    return Registration(aligned, records)


def describe(
    index: int,
    each: SliceAlignment,
    names: Sequence[str],
    score: float | None,
    depth: float | None,
) -> dict[str, Any]:
    """The record of a slice in the model card, of plain values.

    aligned = scale * R(rotation) M x + shift, R counter-clockwise by `rotation` degrees, M turning
    the sign of the first coordinate where `reflected`. `residual` is the median distance of the
    matched spots that agree (inliers), in coordinate units of the reference; `score` the mean best
    Pearson correlation of a spot with its 6 nearest in the slice that matches best.
    """
    return {
        "slice": names[index],
        "reference": names[each.reference],
        "registered": each.registered,
        # Adding 0 turns minus nil into nil.
        "rotation": round(each.motion.degrees, 3) + 0.0,
        "reflected": each.motion.reflected,
        "scale": round(each.scale, 5),
        "shift": [round(float(value), 3) for value in each.motion.shift],
        "z": depth,
        "joined": [names[other] for other in each.joined],
        "matches": each.matches,
        "inliers": each.inliers,
        "inlier_share": round(each.inliers / each.matches, 4) if each.matches else None,
        "residual": round(each.residual, 3) if np.isfinite(each.residual) else None,
        "score": None if score is None else round(score, 4),
    }
