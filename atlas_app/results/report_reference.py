"""The part of a report to keep that shows sections on the reference, by domain and by factor."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import numpy as np

from atlas_app.results.mapped import ResultView
from atlas_app.results.reference import DOMAIN, Coloring, color_both, scale_colors
from atlas_app.results.registration import (
    HEADS,
    PICTURES,
    Registration,
    draw_registration,
    hosts,
    pictures_of,
    registration_rows,
    sections_drawn,
)

FACTORS_DRAWN = 4
"""Factors of most share in the query that both sides are shown by."""
FACTOR_SPOTS = 1_500
"""Spots drawn of each side by a factor: 13 bytes each, in every picture of it."""
FACTOR_WIDTH = 230
GENES_NAMED = 3
Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]


def registered(view: ResultView, as_table: Table) -> list[str]:
    """Sections beside and over the reference slices they resemble; [] of results without.

    Args:
        as_table: makes HTML of heads and rows.
    """
    rows = registration_rows(view)
    if not rows:
        return []
    drawn, rest = sections_drawn(view)
    more = [f'<p class="quiet">{html.escape(rest)}</p>'] if rest else []
    return [
        "<h2>On the reference</h2>",
        *by_domain(view, drawn),
        *more,
        as_table([head.lower() for head in HEADS], rows),
        *by_factors(view, drawn),
    ]


def by_domain(view: ResultView, drawn: list[Registration]) -> list[str]:
    """Every picture of each section, both sides in the colours of the atlas's domains."""
    colors = color_both(view, DOMAIN, hosts(view))
    return [
        f'<div class="maps">{"".join(_domain_figures(view, each, colors))}</div>' for each in drawn
    ]


def _domain_figures(view: ResultView, each: Registration, colors: Coloring) -> list[str]:
    return [
        _figure(draw_registration(view, each, kind, colors), _caption(each, kind))
        for kind in pictures_of(each)
    ]


def _caption(each: Registration, kind: str) -> str:
    if kind == "reference":
        return f"{PICTURES[kind]} {each.reference.name}"
    over = f", {each.reference.name}" if kind == "both" else ""
    return f"{PICTURES[kind]}: {each.section}{over}"


def by_factors(view: ResultView, drawn: list[Registration]) -> list[str]:
    """Both sides by each of the leading factors, on one scale; of foreign sections factors say
    nothing."""
    shown = [each for each in drawn if each.section not in view.foreign_sections]
    if not shown:
        return []
    found = ["<h3>By the factors of most share</h3>"]
    bar = f"background:linear-gradient(90deg, {', '.join(scale_colors())})"
    genes = [factor["genes"][:GENES_NAMED] for factor in view.description["factors"]]
    for factor in leading_factors(view):
        colors = color_both(view, f"factor:{factor}", hosts(view))
        pairs = "".join(_pair(view, each, colors) for each in shown)
        named = f"{colors.what} ({', '.join(genes[factor])}), {colors.unit}"
        found += [
            f'<p>{html.escape(named)}: <span class="scale">0<span class="bar" style="{bar}"></span>'
            f"{colors.end:.3g} and more</span></p>",
            f'<div class="maps">{pairs}</div>',
        ]
    sizes = [n for each in shown for n in (each.reference.n_spots, int(each.figures["n_spots"]))]
    if max(sizes) > FACTOR_SPOTS:
        found.append(f'<p class="quiet">Of each {FACTOR_SPOTS:,} spots at most are drawn.</p>')
    return found


def _pair(view: ResultView, each: Registration, colors: Coloring) -> str:
    """The reference slice and the section side by side."""
    pictures = "".join(
        draw_registration(view, each, kind, colors, most=FACTOR_SPOTS, width=FACTOR_WIDTH)
        for kind in pictures_of(each)[:2]
    )
    aligned = "" if each.registered else ", not aligned"
    text = f"Left {each.reference.name} of the atlas, right {each.section}{aligned}"
    return _figure(f'<div class="pair">{pictures}</div>', text)


def leading_factors(view: ResultView) -> list[int]:
    """Numbers of the factors with the greatest mean proportion in the query's own tissue."""
    _, proportions = view.rows(slice(0, view.n_spots))
    means = np.asarray(proportions)[view.tissue].mean(axis=0)
    return [int(factor) for factor in np.argsort(-means, kind="stable")[:FACTORS_DRAWN]]


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"
