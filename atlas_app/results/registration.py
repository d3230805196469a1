"""A mapped query on the reference slices it was registered with: figures, words, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_app.drawing.spot_picture import WIDTH, drawn_rows, overlay_picture, spot_picture
from atlas_app.drawing.stacks import unit_words
from atlas_app.http.errors import ApiError
from atlas_app.results.mapped import ResultView
from atlas_app.results.reference import DOMAIN, Coloring, color_both, reference_color
from atlas_app.words.readable import readable
from training.store import SliceInfo

PICTURES = {
    "reference": "The reference slice",
    "query": "The section, registered",
    "both": "The section (green) over the reference slice (grey)",
    "alone": "The section as it came, not aligned",
}
HEADS = ("Section", "Reference slice (stage)", "Turned", "Pairs that agree", "Residual", "Score")
DRAWN = 10_000
"""Spots drawn of a section at most."""
SECTIONS_DRAWN = 4
"""Sections drawn, registered ones first; the table has all."""


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
    """Cells of a table of all sections: section, reference slice, how it was turned, pairs of
    spots that agree, residual, score."""
    unit = unit_words(str(view.atlas.card.get("coordinate_unit") or ""))
    named = bool(view.slice_column_name)
    return [
        [
            each.section if named else view.title,
            f"{each.reference.name} ({each.reference.stage})",
            *(_figures(each.figures, unit) if each.registered else ["not aligned", "–", "–", "–"]),
        ]
        for each in registrations(view)
    ]


def _figures(record: dict[str, Any], unit: str) -> list[str]:
    degrees = round(record["rotation"])
    turned = f"{degrees}°".replace("-", "−") + f"{', mirrored' if record['reflected'] else ''}"
    if abs(record["scale"] - 1) > 1e-6:
        turned += f", scaled by {readable(record['scale'])}"
    spots = f"{record['residual'] / record['spacing']:.1f} spots"
    residual = f"{readable(record['residual'])} {unit} ({spots})" if unit else spots
    score = f"{record['score']:.2f}" if "score" in record else "–"
    if "usual_score" in record:
        score += f" (the slice in the atlas: {record['usual_score']:.2f})"
    return [turned, f"{record['inliers']:,} of {record['matches']:,}", residual, score]


def hosts(view: ResultView) -> list[SliceInfo]:
    """The slices that sections were registered with, each once."""
    return list({each.reference.name: each.reference for each in registrations(view)}.values())


def pictures_of(each: Registration) -> tuple[str, ...]:
    """Kinds of the pictures that there are of a section: one that was not registered lies beside
    the slice that it resembles most, not over it."""
    return ("reference", "query", "both") if each.registered else ("reference", "alone")


def sections_drawn(view: ResultView) -> tuple[list[Registration], str]:
    """The sections that are drawn, and a sentence on the others; "" for none."""
    found = sorted(registrations(view), key=lambda each: not each.registered)
    rest = len(found) - SECTIONS_DRAWN
    told = f"{rest:,} further section{'s are' if rest > 1 else ' is'} not drawn."
    return found[:SECTIONS_DRAWN], told if rest > 0 else ""


def registration_picture(
    view: ResultView, number: int | str, kind: str, color: str = DOMAIN
) -> str:
    """An <svg> as `draw_registration` makes it, in the colours of `color_both`.

    An ApiError (404) for a picture that there is none of.
    """
    found = next((each for each in registrations(view) if str(each.number) == str(number)), None)
    if found is None or kind not in pictures_of(found):
        raise ApiError(
            404,
            "No such picture.",
            found=f"{kind} of section {number}",
            expected="reference, query or both of a section that was registered, reference or "
            "alone of one that was not",
            examples=tuple(PICTURES),
        )
    return draw_registration(
        view, found, kind, color_both(view, reference_color(view, color), hosts(view))
    )


def draw_registration(
    view: ResultView,
    each: Registration,
    kind: str,
    colors: Coloring,
    most: int = DRAWN,
    width: int = WIDTH,
) -> str:
    """An <svg> of one of `pictures_of` a section, `most` spots of each side drawn.

    Those of a registered section have the frame of the reference slice; of another each has its
    own.
    """
    info = each.reference
    host = view.atlas.coordinates()[info.start : info.stop]
    rows = view.section_rows(each.section) if len(registrations(view)) > 1 else slice(None)
    with view.open() as file:
        name = "spatial_registered" if each.registered else "spatial"
        own = np.asarray(file[f"obsm/{name}"][:, :2])[rows]
    frame = np.concatenate([host, own]) if each.registered else None
    label = f"{PICTURES[kind]}: {each.section} and {info.name}"
    host_drawn, own_drawn = drawn_rows(len(host), most), drawn_rows(len(own), most)
    if kind == "both":
        return overlay_picture(host[host_drawn], own[own_drawn], label, width, frame)
    if kind == "reference":
        shown = colors.slices[info.name][host_drawn].tolist()
        return spot_picture(host[host_drawn], shown, label, width, frame)
    shown = colors.query[rows][own_drawn].tolist()
    return spot_picture(own[own_drawn], shown, label, width, frame)
