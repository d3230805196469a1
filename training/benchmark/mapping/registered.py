"""Where a mapped section is laid, beside a frame in which its place is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.benchmark.mapping.fitted import Fitted, Mapped
from training.benchmark.mapping.joint import JointFit, find_rows, place_spots
from training.mapping.registering import RegisteredQuery, measure_spacing, register_query

if TYPE_CHECKING:
    from anndata import AnnData


def register(fitted: Fitted, mapped: Mapped) -> RegisteredQuery:
    """As `atlas project` does."""
    found = mapped.projection
    return register_query(fitted.atlas, mapped.query, found.latent, found.neighbours, found.weights)


def score_registration(
    fitted: Fitted, mapped: Mapped, section: AnnData, joint: JointFit
) -> dict[str, float]:
    """How well a section of its own is laid onto the slice it was registered with.

    `registered`, 1 or 0; `residual`, median distance of matched spots that agree; `off_joint`,
    median distance of spots from where the joint fit's common frame has them beside the same slice.
    Distances are in spacings of the slice's spots.
    """
    laid = register(fitted, mapped)
    record = laid.records[0]
    if not record["registered"]:
        return {"registered": 0.0}
    figures = {"registered": 1.0, "residual": record["residual"] / record["spacing"]}
    both, rows = find_rows(joint, section)
    host = str(record["reference"])
    aligned = joint.atlas.aligned
    if len(both) and aligned is not None and _one_frame(joint, host, section):
        there, here = place_spots(joint.atlas, host), place_spots(fitted.atlas, host)
        spots = sorted(set(there) & set(here))
        source = fitted.atlas.coordinates()[[here[spot] for spot in spots]]
        target = aligned[[there[spot] for spot in spots], :2]
        # A rigid motion at one scale, mirrored or not, is found exactly by least squares.
        motion = np.linalg.lstsq(_extend(source), target, rcond=None)[0]
        distance = np.linalg.norm(
            _extend(laid.positions[both]) @ motion - aligned[rows, :2], axis=1
        )
        figures["off_joint"] = float(np.median(distance)) / measure_spacing(target)
    return figures


def score_return(laid: RegisteredQuery, name: str, truth: NDArray[np.floating]) -> dict[str, float]:
    """How near a slice of the reference comes to its own place `truth` (n, 2), turned before.

    `registered`; `own_slice`, whether it was laid onto itself; `residual`; and if it was,
    `off_own`, the median distance of spots from their own place. Distances as in
    `score_registration`.
    """
    record = laid.records[0]
    if not record["registered"]:
        return {"registered": 0.0}
    own = record["reference"] == name
    figures = {
        "registered": 1.0,
        "own_slice": float(own),
        "residual": record["residual"] / record["spacing"],
    }
    if own:
        distance = np.linalg.norm(laid.positions - truth, axis=1)
        figures["off_own"] = float(np.median(distance)) / record["spacing"]
    return figures


def _one_frame(joint: JointFit, host: str, section: AnnData) -> bool:
    """Whether the joint fit registered a section with the slice, or both with a third."""
    records = {record["slice"]: record for record in joint.atlas.card.get("alignment") or []}
    pair = [records.get(name) for name in (host, str(section.obs["slice"].iloc[0]))]
    known = [record for record in pair if record is not None and record["registered"]]
    return len(known) == 2 and known[0]["reference"] == known[1]["reference"]


def _extend(points: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.column_stack([points, np.ones(len(points))]).astype(np.float64)
