"""One self-contained HTML page about a fit."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.report.findings import Finding

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; }
.quiet { color: #595959; } img { max-width: 100%; }
table { border-collapse: collapse; font-size: 14px; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #ddd;
         vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f4f4f4; padding: .8rem; overflow: auto; font-size: 13px; }
"""


@dataclass(frozen=True)
class Picture:
    """A figure of the report: heading, what it shows, its data address, text for those who cannot
    see it."""

    title: str
    caption: str
    address: str
    alternative: str


def write_page(
    title: str,
    facts: Sequence[tuple[str, str]],
    findings: Sequence[Finding],
    pictures: Sequence[Picture],
    stability: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    scores: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The report as HTML; it loads nothing from elsewhere.

    `scores` are those of `training.report.scores`.
    """
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Fit of {html.escape(title)}</title><style>{STYLE}</style></head><body>",
        f'<h1>{html.escape(title)}</h1><p class="quiet">Report of the fit</p>',
        _table(("", ""), facts),
        "<h2>What to look at</h2>",
        _findings(findings),
        *_scores(scores),
    ]
    for picture in pictures:
        parts += [
            f"<h2>{html.escape(picture.title)}</h2><p>{html.escape(picture.caption)}</p>",
            f'<img src="{picture.address}" alt="{html.escape(picture.alternative, quote=True)}">',
        ]
    if stability:
        parts += [
            "<h2>Stability of the domains</h2>",
            "<p>How partitions of random halves of the spots agree (adjusted Rand index), and what "
            "they tell of each other (mutual information in nats, less chance). Of communities of "
            "the neighbour graph the finest next to the most stable that is nearly as stable is "
            "looked at, of Gaussian mixtures the finest that is nearly as stable; of these "
            "two the communities are taken, unless halves tell each other clearly more by the "
            "mixture and agree on it. All spots are divided at the resolution that divides them "
            "most like those halves, or by a mixture that begins at those of the halves.</p>",
            _table(
                ("found by", "domains", "agreement", "information"),
                [
                    (
                        f"resolution {row['resolution']:g}" if row["resolution"] else "mixture",
                        str(row["domains"]),
                        f"{row['agreement']:.3f}",
                        f"{row['information']:.2f}",
                    )
                    for row in stability
                ],
            ),
        ]
    told = html.escape(json.dumps(settings, indent=1, ensure_ascii=False))
    parts += [f"<h2>Settings</h2><pre>{told}</pre>", "</body></html>"]
    return "\n".join(parts) + "\n"


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "<p>No check found anything unusual.</p>"
    return _table(
        ("check", "where", "found", "what it may mean"),
        [tuple(map(str, asdict(finding).values())) for finding in findings],
    )


def _scores(scores: Sequence[Mapping[str, Any]]) -> list[str]:
    if not scores:
        return []
    rows = [
        (
            each["score"] + (f", labels {each['label']}" if each["label"] else ""),
            "none" if each["value"] is None else f"{each['value']:.3g}",
            str(each["most"]),
            each["says"] + (f" None here: {each['reason']}." if each["value"] is None else ""),
        )
        for each in scores
    ]
    return ["<h2>Scores</h2>", _table(("score", "value", "at most", "what it says"), rows)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads) if any(heads) else ""
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"
