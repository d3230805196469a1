"""The result of mapping a section: the query drawn, what it consists of, how far to trust it."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids, parts
from atlas_app.drawing import figures
from atlas_app.pages.map.compare import comparison
from atlas_app.pages.map.drawing import drawing, usable_color
from atlas_app.pages.map.genes import genes_found
from atlas_app.pages.map.imputed import imputed
from atlas_app.pages.map.registration import registration
from atlas_app.pages.map.sections import sections
from atlas_app.pages.map.stages import domain_stages
from atlas_app.pages.map.trust import confidence, result_file
from atlas_app.results.columns import Column
from atlas_app.results.mapped import ResultView
from atlas_app.results.sections import counted_text, left_out_text, section_rows
from atlas_app.results.stages import beyond_text
from atlas_app.results.summary import SHOWN_APART, count_categories, summarise_result, tissue_column
from atlas_app.results.trust import sentence
from atlas_app.site import Site
from atlas_app.words import cards
from atlas_app.words.readable import counted, in_line


def panel(
    site: Site, served: ServedAtlas, view: ResultView, status: dict[str, Any], color: str
) -> Any:
    """The whole result."""
    color = usable_color(view, color)
    return dmc.Stack(
        [
            heading(site, served, view, status),
            *origin(status),
            *verdicts(view.report),
            *notes(view.report),
            facts(view),
            *left_out(view),
            *genes_found(view.report),
            sections(view),
            dmc.Grid(
                [
                    dmc.GridCol(drawing(view, color), span={"base": 12, "md": 7, "lg": 8}),
                    dmc.GridCol(
                        dmc.Stack([domains(view), stages(view)]),
                        span={"base": 12, "md": 5, "lg": 4},
                    ),
                ]
            ),
            registration(view, color),
            domain_stages(view),
            comparison(view),
            imputed(view, status["imputed_url"]),
            confidence(view),
            record(served, status, view),
        ],
        gap="lg",
    )


def heading(site: Site, served: ServedAtlas, view: ResultView, status: dict[str, Any]) -> Any:
    hours = max(0.0, (status["expires"] - time.time()) / 3600)
    return dmc.Group(
        [
            html.Div(
                [
                    dmc.Title(f"{view.title}, mapped", order=1, size="h2"),
                    dmc.Group(
                        [
                            dmc.Text(
                                f"onto {served.description['title']} · kept for another "
                                f"{hours:.0f} h",
                                c="dimmed",
                            ),
                            parts.take_along(f"{view.base}/python/map.py", f"{view.title}-mapped"),
                        ],
                        gap="sm",
                    ),
                ]
            ),
            dmc.Group(
                [
                    html.A(
                        "Download result.h5ad",
                        href=status["result_url"],
                        className="link-button filled",
                        download="",
                        id="map-download",
                    ),
                    html.A(
                        "Table, CSV",
                        href=status["csv_url"],
                        className="link-button light",
                        download="",
                    ),
                    html.A(
                        "Report to keep",
                        href=status["report_url"],
                        className="link-button light",
                        download="",
                    ),
                    dmc.Anchor(
                        "Map another",
                        href=site.href("map", served),
                        underline="never",
                        className="link-button light",
                    ),
                    dmc.Button(
                        "Delete now",
                        id=ids.MAP_DELETE,
                        variant="subtle",
                        color="red",
                        className="danger",
                    ),
                ],
                gap="sm",
            ),
        ],
        justify="space-between",
        align="end",
    )


def origin(status: dict[str, Any]) -> list[Any]:
    """What is to be known of where a result comes from."""
    notes = []
    if status["demo"]:
        notes.append(
            "A demonstration: this section is one of the atlas's own, of whose counts half were "
            "taken away at random. The atlas was fitted to it, so it fits better than a section of "
            "your own will, and genes are imputed from its own spots among others."
        )
    if status["note"]:
        notes.append(status["note"])
    return [dmc.Alert(text, color="blue") for text in notes]


def verdicts(report: dict[str, Any]) -> list[Any]:
    """Which sections are not of the atlas's tissue, a notice each."""
    return [dmc.Alert(text, color="red") for text in told_list(report, "verdict")]


def notes(report: dict[str, Any]) -> list[Any]:
    """What the projection wants its reader to know, in one notice; [] for nothing."""
    found = [sentence(text) for text in told_list(report, "warnings")]
    if not found:
        return []
    if len(found) == 1:
        return [dmc.Alert(found[0], color="yellow")]
    listed = dmc.List([dmc.ListItem(text) for text in found], size="sm", spacing=4)
    return [dmc.Alert(listed, color="yellow", title="To know")]


def told_list(report: dict[str, Any], entry: str) -> list[str]:
    """Texts of an entry of the report; a list of one may have come as a text alone."""
    found = report.get(entry) or []
    return [str(text) for text in (found if isinstance(found, list) else [found])]


def left_out(view: ResultView) -> list[Any]:
    """Which sections the figures above leave out; [] for none."""
    text = counted_text(view, "Shares and means")
    return [dmc.Text(text, size="sm")] if text else []


def facts(view: ResultView) -> Any:
    summary = summarise_result(view)
    shown = [parts.fact("spots", f"{summary['spots']:,}")]
    report = view.report
    if len(section_rows(view)) > 1:
        shown.append(parts.fact("sections", f"{len(section_rows(view)):,}"))
    fitted, known = report.get("n_fitted_genes_matched"), report.get("n_genes_fitted")
    if fitted is not None and known:
        shown.append(parts.fact("of the atlas's fitted genes", f"{fitted:,} / {known:,}"))
    elif report.get("n_genes_matched") is not None:
        shown.append(parts.fact("genes matched", f"{int(report['n_genes_matched']):,}"))
    if report.get("loading_share") is not None:
        shown.append(parts.fact("of what factors load on", f"{report['loading_share']:.0%}"))
    if summary["stage"]:
        share = summary["stage"]["share"]
        shown.append(parts.fact(f"of spots at this stage: {share:.0%}", summary["stage"]["name"]))
    if summary["confidence"] is not None:
        shown.append(
            parts.fact("mean confidence of domains", f"{summary['confidence']:.2f}", "confidence")
        )
    if summary["outside"] is not None:
        shown.append(
            parts.fact("out of reference", f"{summary['outside']:.1%}", "out-of-reference")
        )
    return html.Div(shown, className="facts")


def domains(view: ResultView) -> Any:
    column = tissue_column(view, "domain")
    if column is None or column.codes is None:
        return parts.folding_card(dmc.Text("The result names no domains."), title="Domains")
    rows = count_categories(column, tissue_column(view, "domain_confidence"))
    without = left_out_text(view)
    return parts.folding_card(
        parts.table(
            ["Domain", "Spots", "Share", parts.explained("Confidence", "confidence")],
            [
                [
                    row["name"],
                    f"{row['spots']:,}",
                    f"{row['share']:.1%}",
                    f"{row['confidence']:.2f}" if "confidence" in row else "–",
                ]
                for row in rows
            ],
        ),
        *([dmc.Text(without, size="sm", c="dimmed")] if without else []),
        title="Domains",
        help="domain",
    )


def stage_shares(view: ResultView) -> tuple[list[str], list[float], bool] | None:
    """Stages, the share of each in [0, 1], and whether that is how probable it is for the whole
    section (else the share of spots that resemble it most); None where no stage is named."""
    column: Column | None = tissue_column(view, "stage")
    if column is None or column.codes is None:
        return None
    order = list(column.categories)
    posterior = view.report.get("stage_posterior")
    if isinstance(posterior, dict) and set(posterior) <= set(order):
        return order, [float(posterior.get(name, 0.0)) for name in order], True
    values = {row["name"]: row["share"] for row in count_categories(column)}
    return order, [values.get(name, 0.0) for name in order], False


def stages(view: ResultView) -> Any:
    found = stage_shares(view)
    if found is None:
        return parts.folding_card(dmc.Text("The result names no stages."), title="Stage")
    order, shares, posterior = found
    text = "Share of spots by the stage they resemble most."
    if posterior and section_rows(view):
        text = (
            "How probable each stage is, the mean of the sections by their spots; their own are in "
            "the table of sections."
        )
        text = f"{text} {left_out_text(view)}".rstrip()
    elif posterior:
        text = "How probable each stage is for the whole section."
    figure = figures.shares(order, shares)
    unit = view.description["units"]["time"]
    told, beyond = time_text(view.report, unit), beyond_text(view.report, unit)
    return parts.folding_card(
        *([dmc.Text(told)] if told else []),
        *([dmc.Text(beyond, size="sm")] if beyond else []),
        parts.chart(figure, text, result_file(view, "stages"), figures.caption(view.atlas)),
        dmc.Text(text, size="sm", c="dimmed"),
        parts.values_table(
            ["Stage", "Probability" if posterior else "Share of spots"],
            [[name, f"{share:.1%}"] for name, share in zip(order, shares, strict=True)],
            "Values by stage",
        ),
        title="Stage",
    )


def time_text(report: dict[str, Any], unit: str) -> str:
    """The section's time with its interval; "" where the atlas cannot tell it."""
    told = report.get("time")
    if not isinstance(told, dict):
        return ""
    time, low, high = in_line(told["estimate"], told["low"], told["high"])
    return (
        f"About {time}{f' {unit}' if unit else ''}; between {low} and {high} at "
        f"{told['coverage']:.0%}, judged by the atlas's {counted(int(told['n_slices']), 'slice')}, "
        "each placed by the others."
    )


def record(served: ServedAtlas, status: dict[str, Any], view: ResultView) -> Any:
    """What was done, so that it can be repeated and cited."""
    rows: list[tuple[str, Any]] = [
        ("Atlas", served.description["title"]),
        ("Digest of the atlas", html.Code(status["digest"], className="digest")),
        ("inspire-atlas", version("inspire-atlas")),
        *cards.flat({k: v for k, v in view.report.items() if k not in SHOWN_APART}),
    ]
    return parts.folding_card(
        parts.command(status["command"]),
        dmc.Accordion(
            [
                dmc.AccordionItem(
                    [
                        dmc.AccordionControl("Report of the projection"),
                        dmc.AccordionPanel(parts.pairs(rows)),
                    ],
                    value="report",
                )
            ],
            variant="contained",
        ),
        title="The same as a command",
    )
