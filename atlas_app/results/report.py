"""A report of a mapped query to keep: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from atlas_app.drawing.colors import DEFAULT_MAP, MISSING, category_colors, color_table, hex_color
from atlas_app.drawing.spot_picture import drawn_rows, spot_picture
from atlas_app.results.columns import Column
from atlas_app.results.imputation import coverage_text, own_stage, read_trust
from atlas_app.results.mapped import SCORE_COLUMN, SCORE_TOP, ResultView
from atlas_app.results.report_reference import registered
from atlas_app.results.sections import (
    left_out_text,
    section_cells,
    section_heads,
    section_rows,
    sections_text,
)
from atlas_app.results.stages import beyond_text, held_out_text, spots_text, stages_by_domain
from atlas_app.results.summary import (
    SHOWN_APART,
    count_categories,
    list_missing_genes,
    summarise_result,
    tell_genes_found,
    tissue_column,
)
from atlas_app.results.trust import sentence, trust_text
from atlas_app.words import cards

GENES_LISTED = 200
STYLE = """
:root { color-scheme: light dark; --line: #d5d9de; --quiet: #565d66; --soft: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3c434b; --quiet: #a9b1ba; --soft: #22272d; }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; }
.quiet { color: var(--quiet); }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.5rem; }
.maps, .wide { margin: 1rem 0; } .wide { overflow-x: auto; }
.pair { display: flex; gap: .6rem; } .pair svg { min-width: 0; flex: 1 1 0; align-self: start; }
figure { margin: 0; } svg { max-width: 100%; height: auto; } .scale { white-space: nowrap; }
figcaption { color: var(--quiet); font-size: 14px; }
table { border-collapse: collapse; font-size: 14px; } td { min-width: 4rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top; overflow-wrap: anywhere; }
th, td:first-child { overflow-wrap: normal; }
.pairs th { overflow-wrap: anywhere; min-width: 7rem; }
pre { background: var(--soft); padding: .8rem; overflow: auto; font-size: 13px; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .4em; }
.bar { display: inline-block; width: 8rem; height: .7em; vertical-align: middle; margin: 0 .4em; }
"""


def write_report(view: ResultView, status: dict[str, Any], title: str, version: str) -> str:
    """The report as HTML.

    Args:
        status: what the interface says of the job; title: the atlas's; version: of this software.
    """
    report = view.report
    verdict, notes = (
        found if isinstance(found, list) else [found]
        for found in (report.get(entry) or [] for entry in ("verdict", "warnings"))
    )
    name = html.escape(view.title)
    about = [
        ("Atlas", title),
        ("Digest of the atlas", str(status["digest"])),
        ("inspire-atlas", version),
        ("Query", "a section of the atlas itself, thinned" if status["demo"] else status["name"]),
        ("Genes imputed", ", ".join(status["impute"]) or "none"),
        ("Mapped", moment(status["finished"])),
    ]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}, mapped</title><style>{STYLE}</style></head><body>",
        f'<h1>{name}, mapped</h1><p class="quiet">onto {html.escape(title)}</p>',
        *(f"<p><strong>{html.escape(str(text))}</strong></p>" for text in verdict),
        as_table((), about),
        "<h2>The same as a command</h2>",
        f"<pre>{html.escape(status['command'])}</pre>",
        *(["<h2>To know</h2>", as_list([sentence(str(note)) for note in notes])] if notes else []),
        "<h2>In short</h2>",
        as_table((), summary(view)),
        *quiet(left_out_text(view)),
        *sections(view),
        "<h2>In space</h2>",
        maps(view),
        f'<p class="quiet">{html.escape(trust_text(report))} Imputed values are predictions.</p>',
        *missing(view),
        *registered(view, as_table),
        *shares(view, "domain", "Domains"),
        *shares(view, "stage", "Stages"),
        *domain_stages(view),
        *imputed(view),
        "<h2>What the projection reports</h2>",
        as_table((), cards.flat({k: v for k, v in report.items() if k not in SHOWN_APART})),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def moment(seconds: float | None) -> str:
    """A time in words that mean the same everywhere."""
    from datetime import UTC, datetime

    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def summary(view: ResultView) -> list[tuple[str, str]]:
    found = summarise_result(view)
    rows = [("Spots", f"{found['spots']:,}")]
    genes = tell_genes_found(view.report)
    rows += [("Genes", genes)] if genes else []
    for name, label in (("stage", "Most frequent stage"), ("domain", "Most frequent domain")):
        if found[name]:
            rows.append((label, f"{found[name]['name']} ({found[name]['share']:.0%} of spots)"))
    if found["confidence"] is not None:
        rows.append(("Mean confidence of domains", f"{found['confidence']:.2f}"))
    if found["outside"] is not None:
        rows.append(("Out of reference", f"{found['outside']:.1%}"))
    return rows


def sections(view: ResultView) -> list[str]:
    """What is told of each section, and its stages; [] for a result of one."""
    rows = section_rows(view)
    if not rows:
        return []
    stages = [stage.name for stage in view.atlas.stages]
    posteriors = [
        (row.section, *("–" if row.foreign else f"{p:.0%}" for p in row.posterior)) for row in rows
    ]
    return [
        "<h2>Sections</h2>",
        f"<p>{html.escape(sections_text(view.report))}</p>",
        as_table(section_heads(view), [section_cells(view, row) for row in rows]),
        *([as_table(("section", *stages), posteriors)] if len(stages) > 1 else []),
    ]


def maps(view: ResultView) -> str:
    """The section by domain, confidence and distance from the reference."""
    figures = [
        figure(view, "domain", "Domain", None),
        figure(view, "domain_confidence", "Confidence of the domain", 1.0),
        figure(view, "stage_confidence", "Confidence of the stage", 1.0),
        figure(view, SCORE_COLUMN, "Out of reference, score; above 1 it is", SCORE_TOP),
    ]
    return f'<div class="maps">{"".join(figures)}</div>'


def figure(view: ResultView, name: str, label: str, top: float | None) -> str:
    """One map for each slice, with its key; "" for a column that the result lacks."""
    column = view.column(name)
    if column is None:
        return ""
    colors, key = spot_colors(view, column, top)
    positions = view.spatial()
    colors = view.drawn(colors)
    pictures, sampled = [], 0
    for part in view.slices():
        rows = part["start"] + drawn_rows(part["stop"] - part["start"])
        sampled += part["stop"] - part["start"] - len(rows)
        text = f"{label} of {part['name']}"
        pictures.append(spot_picture(positions[rows], colors[rows].tolist(), text))
    less = f" {sampled:,} of {view.n_spots:,} spots are not drawn." if sampled else ""
    caption = f"{html.escape(label)}. {key}{less}"
    return f"<figure>{''.join(pictures)}<figcaption>{caption}</figcaption></figure>"


def spot_colors(view: ResultView, column: Column, top: float | None) -> tuple[np.ndarray, str]:
    """A colour for every spot in file order, and what the colours mean as HTML."""
    missing = MISSING["light"]
    if column.codes is not None:
        reference = view.atlas.obs_columns.get(column.name)
        given = reference.colors if reference is not None else None
        palette = [*category_colors(len(column.categories), given), missing]
        present = np.unique(column.codes[column.codes >= 0])
        key = " ".join(
            f'<span class="key" style="background:{palette[code]}"></span>'
            f"{html.escape(column.categories[code])}"
            for code in present
        )
        return np.asarray(palette)[column.codes], key
    numbers = np.asarray(column.numbers, dtype=float)
    top = top or float(np.nanmax(numbers, initial=1.0))
    table = color_table(DEFAULT_MAP)
    names = np.asarray([*(hex_color(color) for color in table), missing])
    scaled = np.nan_to_num(np.clip(numbers / top, 0, 1)) * 255
    codes = np.where(np.isnan(numbers), 256, np.rint(scaled)).astype(int)
    # 64 steps look the same and make a quarter of the paths.
    codes = np.where(codes < 256, codes // 4 * 4, codes)
    stops = ", ".join(names[at] for at in range(0, 256, 51))
    bar = f'<span class="bar" style="background:linear-gradient(90deg, {stops})"></span>'
    more = " and more" if top == SCORE_TOP else ""
    return names[codes], f'<span class="scale">0{bar}{top:g}{more}</span>'


def shares(view: ResultView, name: str, title: str) -> list[str]:
    """The composition by a column as a heading and a table; [] where the result lacks it."""
    column = tissue_column(view, name)
    if column is None or column.codes is None:
        return []
    rows = count_categories(column, tissue_column(view, f"{name}_confidence"))
    cells = [
        (
            row["name"],
            f"{row['spots']:,}",
            f"{row['share']:.1%}",
            f"{row['confidence']:.2f}" if "confidence" in row else "",
        )
        for row in rows
    ]
    return [f"<h2>{title}</h2>", as_table((name, "spots", "share", "mean confidence"), cells)]


def domain_stages(view: ResultView) -> list[str]:
    """Where the section's time lies, and the stages of each domain; [] where it is not told."""
    rows, unit = stages_by_domain(view), view.description["units"]["time"]
    beyond = beyond_text(view.report, unit)
    told = [f"<p>{html.escape(beyond)}</p>"] if beyond else []
    if not rows:
        return told
    several = bool(section_rows(view))
    stages = [stage.name for stage in view.atlas.stages]
    heads = (*(["section"] if several else []), "domain", "spots", *stages)
    cells = [
        (
            *([row.section] if several else []),
            row.domain,
            spots_text(row),
            *(f"{value:.0%}" for value in row.posterior),
        )
        for row in rows
    ]
    worth = quiet(held_out_text(view.report))
    return [*told, "<h2>Stage by domain</h2>", as_table(heads, cells), *worth]


def missing(view: ResultView) -> list[str]:
    """Fitted genes that the section lacks, the weightiest first; [] without any."""
    rows = list_missing_genes(view.report)
    heads = ("gene of the atlas", "share of what factors load on")
    return (
        ["<h2>Missing genes that factors load on most</h2>", as_table(heads, rows)] if rows else []
    )


def imputed(view: ResultView) -> list[str]:
    """Imputed genes with what to expect of them, best first; [] without any."""
    rows = sorted(read_trust(view), key=lambda row: (math.isnan(row.pearson), -row.pearson))
    if not rows:
        return []
    stage = own_stage(view, rows)
    heads = (
        "gene",
        "correlation on left-out slices",
        *([f"at {stage}"] if stage else []),
        "rank correlation",
        "error",
        "covered by 90% intervals",
        "slices",
        "correlation in this section",
    )
    cells = [
        (
            row.gene,
            _figure(row.pearson),
            *([_figure(row.stages.get(stage, math.nan))] if stage else []),
            *map(_figure, (row.spearman, row.rmse)),
            "–" if math.isnan(row.coverage) else f"{row.coverage:.0%}",
            str(row.slices),
            f"{row.here_pearson:.2f}" if row.measured else "not measured",
        )
        for row in rows[:GENES_LISTED]
    ]
    covered, more = coverage_text(rows, len(view.atlas.slices)), len(rows) - len(cells)
    told = [f"<p>{html.escape(covered)}</p>"] if covered else []
    rest = [f"<p>{more:,} further genes are in the table of imputed genes.</p>"] if more else []
    return ["<h2>Imputed genes</h2>", *told, as_table(heads, cells), *rest]


def quiet(text: str) -> list[str]:
    """A paragraph in small grey type; [] for no text."""
    return [f'<p class="quiet">{html.escape(text)}</p>'] if text else []


def _figure(value: float) -> str:
    return "not testable" if math.isnan(value) else f"{value:.2f}"


def as_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text; without heads the first cell of each row is its head."""
    tag = "td" if heads else "th"
    head = "<tr>" + "".join(f"<th>{html.escape(each)}</th>" for each in heads) + "</tr>"
    body = "".join(
        f"<tr><{tag}>{html.escape(row[0])}</{tag}>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    look = "" if heads else ' class="pairs"'
    return f'<div class="wide"><table{look}>{head if heads else ""}{body}</table></div>'


def as_list(texts: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"
