"""The part of a result that lays the section beside and over the reference slice it resembles."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app import parts
from atlas_app.result_registration import (
    PICTURES,
    Registration,
    registration_rows,
    registrations,
)
from atlas_app.results import ResultView

HEADS = ["Section", "Reference slice (stage)", "Turned", "Spots that agree", "Residual", "Score"]
SHOWN = 4
"""Sections that are drawn; the table has all."""
MEANING = (
    "Spots near each other in the latent are matched, and the section is moved rigidly so that "
    "most of them come to lie together; it is not bent. The residual is the median distance of the "
    "matched spots that agree. The score is the mean of the best correlation of a spot with the 6 "
    "nearest of the slice, 1 at most. Positions are in obsm['spatial_registered'] of the file, in "
    "the coordinates of the reference slice."
)
CHANCE = (
    "Not registered: {section} resembles {reference}, the most similar slice of the atlas, no more "
    "than chance does. Its positions are left as they were."
)


def registration(view: ResultView) -> Any:
    """The card; None for a result that does not say."""
    found = registrations(view)
    if not found:
        return None
    drawn = [each for each in found if each.registered][:SHOWN]
    return parts.card(
        *(
            dmc.Text(CHANCE.format(section=each.section, reference=each.reference.name))
            for each in found
            if not each.registered
        ),
        *(
            html.Div(
                [
                    html.Figure(
                        [
                            html.Img(
                                src=f"{view.base}/registration/{each.number}/{kind}.svg",
                                alt=f"{text}: {each.section} and {each.reference.name}",
                            ),
                            html.Figcaption(caption(kind, text, each)),
                        ]
                    )
                    for kind, text in PICTURES.items()
                ],
                className="registered",
            )
            for each in drawn
        ),
        parts.table(HEADS, registration_rows(view), min_width=720),
        dmc.Text(MEANING, size="sm", c="dimmed"),
        title="On the reference",
    )


def caption(kind: str, text: str, each: Registration) -> str:
    """What a picture shows, and of how many spots."""
    if kind == "reference":
        return f"{text} {each.reference.name}, by domain, n = {each.reference.n_spots:,} spots"
    if kind == "query":
        return f"{text}, by domain, n = {each.figures['n_spots']:,} spots"
    return text
