"""A mapped query on the reference slices it was registered with: figures, words, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_app.colors import MISSING, category_colors
from atlas_app.http_errors import ApiError
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


def registration_picture(view: ResultView, number: int | str, kind: str) -> str:
    """An <svg> in the frame of the reference slice; 'reference' and 'query' by domain, in the
    atlas's colours, at one scale.

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
    domains = view.atlas.obs_columns["domain"]
    host_codes = view.atlas.values("obs", "domain").data[info.start : info.stop]
    several = len(registrations(view)) > 1
    rows = view.section_rows(found.section) if several else np.arange(view.n_spots)
    with view.open() as file:
        own = np.asarray(file["obsm/spatial_registered"][:])[rows]
    column = view.column("domain")
    codes = np.full(len(rows), -1) if column is None or column.codes is None else column.codes[rows]
    frame = np.concatenate([host, own])
    label = f"{PICTURES[kind]}: {found.section} and {info.name}"
    host_drawn, own_drawn = drawn_rows(len(host), DRAWN), drawn_rows(len(own), DRAWN)
    if kind == "both":
        return overlay_picture(host[host_drawn], own[own_drawn], label, frame=frame)
    palette = np.array(
        [*category_colors(len(domains.categories), domains.colors), MISSING["light"]]
    )
    if kind == "reference":
        return spot_picture(
            host[host_drawn], palette[host_codes[host_drawn]].tolist(), label, frame=frame
        )
    return spot_picture(own[own_drawn], palette[codes[own_drawn]].tolist(), label, frame=frame)
