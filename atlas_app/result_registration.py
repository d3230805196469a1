"""A mapped query on the reference slices it was registered with: figures, words, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_app.http_errors import ApiError
from atlas_app.result_reference import DOMAIN, color_both, reference_color
from atlas_app.results import ResultView
from atlas_app.spot_picture import drawn_rows, overlay_picture, spot_picture
from atlas_app.stacks import unit_words
from training.store import SliceInfo

PICTURES = {
    "reference": "The reference slice",
    "query": "The section, registered",
    "both": "The section (green) over the reference slice (grey)",
}
DRAWN = 10_000
"""Spots drawn of a section at most."""


@dataclass(frozen=True)
class Registration:
    """One section of a query: its `number` and name, the slice of the reference, and the report's
    figures; those of a section that was not registered are missing."""

    number: int
    section: str
    registered: bool
    reference: SliceInfo
    figures: dict[str, Any]


def registrations(view: ResultView) -> list[Registration]:
    """A row for each section, in order; [] of results without."""
    told = view.report.get("registration")
    if not isinstance(told, dict):
        return []
    slices = {info.name: info for info in view.atlas.slices}
    return [
        Registration(
            int(number),
            str(record["section"]),
            bool(record["registered"]),
            slices[str(record["reference"])],
            record,
        )
        for number, record in sorted(told.items(), key=lambda item: int(item[0]))
        if str(record["reference"]) in slices
    ]


def registration_rows(view: ResultView) -> list[list[str]]:
    """Cells of a table of all sections: section, reference slice, how it was turned, spots that
    agree, residual, score."""
    unit = unit_words(str(view.atlas.card.get("coordinate_unit") or ""))
    return [
        [
            each.section,
            f"{each.reference.name} ({each.reference.stage})",
            *(_figures(each.figures, unit) if each.registered else ["not registered", "", "", ""]),
        ]
        for each in registrations(view)
    ]


def _figures(record: dict[str, Any], unit: str) -> list[str]:
    turned = f"{record['rotation']:.0f}°{', mirrored' if record['reflected'] else ''}"
    if abs(record["scale"] - 1) > 1e-6:
        turned += f", scaled by {record['scale']:.3g}"
    residual = f"{record['residual']:.3g}{f' {unit}' if unit else ''}"
    residual += f" ({record['residual'] / record['spacing']:.1f} spots)"
    score = f"{record['score']:.2f}" if "score" in record else "–"
    if "usual_score" in record:
        score += f" (the slice in the atlas: {record['usual_score']:.2f})"
    return [turned, f"{record['inliers']:,} of {record['matches']:,}", residual, score]


def hosts(view: ResultView) -> list[SliceInfo]:
    """The slices that sections were registered with, each once."""
    return list({each.reference.name: each.reference for each in registrations(view)}.values())


def registration_picture(
    view: ResultView, number: int | str, kind: str, color: str = DOMAIN
) -> str:
    """An <svg> in the frame of the reference slice; 'reference' and 'query' in the colours of
    `color_both`.

    An ApiError (404) for a picture that there is none of.
    """
    found = next((each for each in registrations(view) if str(each.number) == str(number)), None)
    if found is None or not found.registered or kind not in PICTURES:
        raise ApiError(
            404,
            "No such picture.",
            found=f"{kind} of section {number}",
            expected="reference, query or both, of a section that was registered",
            examples=tuple(PICTURES),
        )
    info = found.reference
    host = view.atlas.coordinates()[info.start : info.stop]
    several = len(registrations(view)) > 1
    rows = view.section_rows(found.section) if several else np.arange(view.n_spots)
    with view.open() as file:
        own = np.asarray(file["obsm/spatial_registered"][:])[rows]
    frame = np.concatenate([host, own])
    label = f"{PICTURES[kind]}: {found.section} and {info.name}"
    host_drawn, own_drawn = drawn_rows(len(host), DRAWN), drawn_rows(len(own), DRAWN)
    if kind == "both":
        return overlay_picture(host[host_drawn], own[own_drawn], label, frame=frame)
    colors = color_both(view, reference_color(view, color), hosts(view))
    if kind == "reference":
        shown = colors.slices[info.name][host_drawn].tolist()
        return spot_picture(host[host_drawn], shown, label, frame=frame)
    return spot_picture(own[own_drawn], colors.query[rows][own_drawn].tolist(), label, frame=frame)
