"""The animation: one slice of one stage at a time, from the first stage to the last."""

from __future__ import annotations

import json
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import parts
from atlas_app.http.links import search
from atlas_app.pages.stages.alignment import residual_words
from atlas_app.pages.stages.parts import card_link, map_link
from atlas_app.site import Site
from atlas_app.stages.alignment import frames_of
from atlas_app.stages.courses import trace_course
from atlas_app.stages.film import Film, describe_film, film_of
from atlas_app.stages.state import ALL, StageView
from atlas_app.words.readable import counted

NOTHING_BETWEEN = (
    "One slice of one stage at a time. Between stages: outlines are drawn, spots only fade; "
    "nothing is measured between."
)


def show_film(site: Site, served: ServedAtlas, state: StageView) -> Any:
    """The card of the animation; the browser fills `.atlas-film` (assets/film/mount.mjs)."""
    label, color, lit, notes = film_color(served, state.of)
    film = film_of(served.atlas, state.chosen_slices)
    csv = f"{served.base}/values.csv{search({'of': color})}"
    attributes: dict[str, Any] = {
        "data-base": served.base,
        "data-digest": served.atlas.digest,
        "data-color": color,
        "data-lit": "" if lit is None else str(lit),
        "data-film": json.dumps(describe_film(film), ensure_ascii=False),
        "aria-label": f"{label} from stage to stage",
    }
    return parts.card(
        parts.heading(f"{label} through the stages", csv, file="CSV of all slices"),
        *[parts.notice(text) for text in notes],
        *([card_link(site, served, color.partition(":")[2])] if color.startswith("gene:") else []),
        dmc.Text(NOTHING_BETWEEN, size="sm", c="dimmed"),
        html.Div(className="atlas-film", role="group", **attributes),
        *[parts.notice(text) for text in apart_notes(served, film)],
        html.Div(slice_table(site, served, film, color), className="film-table"),
    )


def film_color(served: ServedAtlas, of: str) -> tuple[str, str, int | None, tuple[str, ...]]:
    """Title, colour, the one category that stands out (or None) and notes of what is shown.

    Raises ApiError (404) for what the atlas does not have.
    """
    if of == f"domain:{ALL}":
        return "Domains", "obs:domain", None, ()
    course = trace_course(served.atlas, served.stages.groups, of)
    if course.kind == "genes" and not course.color.startswith("set:"):
        color = f"set:{','.join(course.genes)}" if course.genes else "obs:domain"
        return course.label, color, None, course.notes
    lit = None
    if course.kind == "domain":
        lit = served.stages.groups.domains.index(course.name)
    return course.label, course.color, lit, course.notes


def apart_notes(served: ServedAtlas, film: Film) -> list[str]:
    """Says of which slices nothing tells how they lie to the others."""
    apart = film.apart
    if not apart:
        return []
    slices, frames = served.atlas.slices, frames_of(served.atlas)
    if len(apart) == len(slices):
        return [
            "The slices of this atlas are not aligned with each other: each is drawn centred, the "
            "way round it was given."
        ]
    alone = ", ".join(slices[i].name for i in apart if frames[i] is None)
    others = ", ".join(slices[i].name for i in apart if frames[i] is not None)
    notes = {
        "Not aligned with the others, so drawn centred, the way round it was given": alone,
        "Aligned with other slices only, so drawn centred": others,
    }
    return [f"{note}: {names}." for note, names in notes.items() if names]


def slice_table(site: Site, served: ServedAtlas, film: Film, color: str) -> Any:
    """What the animation goes through, in words; a script marks the slices that are shown."""
    atlas = served.atlas
    frames = frames_of(atlas)
    unit = str(atlas.card.get("time_unit") or "")
    rows = []
    for stage in film.stages:
        link = dmc.Anchor(stage.name, href=map_link(site, served, color, stage.name), size="sm")
        n = len(stage.slices)
        for each in stage.slices:
            part = atlas.slices[each.slice]
            mark: dict[str, Any] = {"data-slice": str(each.slice)}
            rows.append(
                [
                    html.Span([link, f" · {counted(n, 'slice')}"]),
                    "–" if stage.time is None else f"{stage.time:g} {unit}".strip(),
                    part.name,
                    f"{part.n_spots:,}",
                    html.Span(
                        "shown", className="film-shown", hidden=each.slice != stage.shown, **mark
                    ),
                    residual_words(atlas, each.slice)
                    if not each.apart
                    else "not aligned: drawn centred"
                    if frames[each.slice] is None
                    else "aligned with other slices only: drawn centred",
                ]
            )
    columns = ["Stage", "Time", "Slice", "Spots", "Shown"]
    return parts.values_table(
        [*columns, parts.explained("Residual", "residual")],
        rows,
        "Stages, and the slices that are shown",
    )
