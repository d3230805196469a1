"""Small parts that several pages are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import dcc, html

from atlas_app.drawing.figures import CONFIG
from atlas_app.words.glossary import TERMS
from training.store import Annotation
from training.store.given.ontology import term_address


def canvas(base: str, color: str, *, id: str | None = None, label: str = "", **data: str) -> Any:
    """The drawing of every spot of `base` (an atlas or a result), coloured by `color`.

    The script of the canvas finds it by its class; further `data` become data- attributes.
    """
    attributes: dict[str, Any] = {
        f"data-{name.replace('_', '-')}": value for name, value in data.items() if value
    }
    given: dict[str, Any] = {"id": id} if id else {}
    attributes |= {"data-base": base, "data-color": color}
    attributes["aria-label"] = label or "Map of all spots"
    return html.Div(className="atlas-canvas", role="group", **given, **attributes)


def card(*children: Any, title: str = "", help: str = "", **properties: Any) -> Any:
    """A bordered box with an optional heading, and beside it a "?" for a term of the glossary."""
    head = [dmc.Title(title, order=2, size="h4")] if title else []
    if head and help:
        head = [explained(head[0], help)]
    return dmc.Paper(dmc.Stack([*head, *children], gap="sm"), withBorder=True, p="md", **properties)


def heading(text: str, csv: str, help: str = "", file: str = "CSV") -> Any:
    """A card's heading with its file, named `file`, and a "?" for a term of the glossary."""
    title = html.H2(text, className="card-title")
    return dmc.Group(
        [
            explained(title, help) if help else title,
            html.A(file, href=csv, className="download-link", download=""),
        ],
        justify="space-between",
        align="baseline",
        wrap="nowrap",
    )


def notice(text: str) -> Any:
    return dmc.Alert(text, color="gray", variant="light", py="xs")


def folding_card(*children: Any, title: str, help: str = "", **properties: Any) -> Any:
    """A card that folds up to its heading; on phones it comes folded (assets/page/fold.mjs)."""
    named: Any = dmc.Title(title, order=2, size="h4")
    folded = html.Details(
        [
            html.Summary(explained(named, help) if help else named),
            dmc.Stack(list(children), gap="sm", mt="sm"),
        ],
        className="fold",
        open=True,
    )
    return dmc.Paper(folded, withBorder=True, p="md", **properties)


def term_help(key: str) -> Any:
    """A "?" that explains a term of the glossary; a script opens it (assets/guide/terms.mjs).

    Raises KeyError for a key that the glossary lacks.
    """
    name, _ = TERMS[key]
    return html.Button(
        type="button",
        className="term-help",
        **cast(
            Any,
            {
                "data-term": key,
                "aria-label": f"What does “{name}” mean?",
                "aria-expanded": "false",
            },
        ),
    )


def explained(words: Any, key: str) -> Any:
    """A heading or label with a "?" beside it for a term of the glossary."""
    return html.Span([words, term_help(key)], className="with-help")


def terms_line(*keys: str) -> Any:
    """Terms of a table whose own heads have no room for a "?"."""
    return html.Div(
        ["Terms:", *[explained(html.Span(TERMS[key][0]), key) for key in keys]],
        className="terms-line",
    )


def fact(label: str, value: str, help: str = "") -> Any:
    """A number with its name, and a "?" for a term of the glossary."""
    named = explained(label, help) if help else label
    return html.Div(
        [html.Div(value, className="fact-value"), html.Div(named, className="fact-label")],
        className="fact",
    )


def told(annotation: Annotation | None) -> Any:
    """What the builder says of a factor, domain or stage: colour, note, former name and terms."""
    if annotation is None:
        return None
    items: list[Any] = []
    if annotation.color:
        swatch: dict[str, Any] = {"background": annotation.color}
        items.append(html.Span(className="told-swatch", style=swatch))
    if annotation.note:
        items.append(html.Span(annotation.note))
    items += [
        dmc.Anchor(term, href=term_address(term), target="_blank", size="sm", className="told-term")
        for term in annotation.terms
    ]
    if annotation.former:
        items.append(html.Span(f"formerly {annotation.former}", className="told-former"))
    return html.Div(items, className="told") if items else None


def chart(figure: Any, label: str, file: str = "", caption: str = "") -> Any:
    """A Plotly chart with a name for screen readers; with buttons that save it, given the name of
    a `file` without its ending, and the `caption` of what is saved."""
    graph = dcc.Graph(
        figure=figure,
        config=cast(Any, CONFIG),
        style={"height": f"{figure.layout.height}px"},
    )
    return html.Div(
        [
            kept_open(graph, figure.layout.height),
            *([save_buttons(label, file, caption)] if file else []),
        ],
        role="figure",
        className="figure",
        **cast(Any, {"aria-label": label}),
    )


def kept_open(content: Any, height: int) -> Any:
    """Room of `height` pixels for what a browser draws only after the page around it has come."""
    return html.Div(content, style={"minHeight": f"{height}px"})


def save_buttons(label: str, file: str, caption: str) -> Any:
    """Buttons that save the chart they stand in, with a line of its label and the caption below;
    a script finds them by their data."""
    return html.Div(
        [
            html.Button(
                text,
                type="button",
                className="figure-save",
                **cast(
                    Any,
                    {
                        "data-save": text.lower(),
                        "data-name": file,
                        "data-caption": f"{label} · {caption}" if caption else label,
                        "aria-label": f"Save as {text}: {label}",
                    },
                ),
            )
            for text in ("SVG", "PNG")
        ],
        className="figure-saves",
    )


def take_along(python: str, file: str) -> Any:
    """Buttons that copy the link to what is seen, and the Python that makes its figures again; a
    script finds them by their data (assets/page/takealong.mjs).

    Args:
        python: address that gives the Python, but for the parameters of the page's address.
        file: what the Python is saved as where a browser allows no copying, without its ending.
    """

    def button(text: str, label: str, **data: str) -> Any:
        given = {f"data-{name}": value for name, value in data.items()}
        return html.Button(
            text,
            type="button",
            className="figure-save",
            title=label,
            **cast(Any, given | {"aria-label": label}),
        )

    return html.Div(
        [
            button("Copy link", "Copy link to what is shown", copy="link"),
            button(
                "Copy Python",
                "Copy Python that makes these figures",
                copy="python",
                python=python,
                name=f"{file}.py",
            ),
            html.Span(role="status"),
        ],
        className="take-along",
        role="group",
        **cast(Any, {"aria-label": "Take along"}),
    )


def grid(
    rows: list[dict[str, Any]],
    columns: list[dict[str, Any]],
    *,
    id: str,
    height: int,
    **options: Any,
) -> Any:
    """An AG Grid; `options` are its dashGridOptions.

    Columns share the whole width in proportion to theirs, however wide the page was before; a
    pinned one keeps its own.
    """
    grid_options = {
        "animateRows": False,
        "suppressCellFocus": False,
        # Arrow keys go from cell to cell; the tab key leads out of a table of a thousand.
        "tabToNextCell": {"function": "false"},
        "rowHeight": 38,
        "headerHeight": 40,
        **options.pop("grid_options", {}),
    }
    made = dag.AgGrid(
        id=id,
        rowData=rows,
        columnDefs=[sharing(column) for column in columns],
        defaultColDef={"sortable": True, "resizable": True, "suppressMovable": True},
        dashGridOptions=grid_options,
        className="atlas-grid",
        style={"height": f"{height}px", "width": "100%"},
        **options,
    )
    return kept_open(made, height)


def sharing(column: dict[str, Any]) -> dict[str, Any]:
    """A column whose width is a share of what there is, where it has one and is not pinned."""
    if "width" not in column or column.get("pinned"):
        return column
    return {**column, "flex": column["width"]}


def table(
    columns: Sequence[Any], rows: list[list[Any]], caption: str = "", min_width: int = 320
) -> Any:
    """A plain table that scrolls sideways where it is too wide.

    One of texts alone is given as data: with a component for each cell a browser is busy for
    seconds where it is long.
    """
    look: dict[str, Any] = {"striped": True, "withTableBorder": True, "fz": "sm"}
    if all(isinstance(cell, (str, int, float)) for row in [columns, *rows] for cell in row):
        made = text_table(columns, rows, caption, **look)
    else:
        made = dmc.Table(
            [
                *([dmc.TableCaption(caption)] if caption else []),
                dmc.TableThead(dmc.TableTr([dmc.TableTh(column) for column in columns])),
                dmc.TableTbody([dmc.TableTr([dmc.TableTd(cell) for cell in row]) for row in rows]),
            ],
            **look,
        )
    return dmc.TableScrollContainer(made, minWidth=min_width)


def values_table(columns: Sequence[Any], rows: list[list[Any]], summary: str) -> Any:
    """The numbers of a chart, folded away until they are asked for."""
    return html.Details([html.Summary(summary), table(columns, rows)], className="values")


def text_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "", **look: Any
) -> Any:
    """A plain table of texts and numbers in one component, however long it is."""
    data: dict[str, Any] = {"head": list(columns), "body": [list(row) for row in rows]}
    return dmc.Table(data=cast(Any, data | ({"caption": caption} if caption else {})), **look)


def prose(text: str) -> list[Any]:
    """Paragraphs of a text in which **some** words stand out and *others* are stressed."""
    return [html.P(_marked(" ".join(part.split()))) for part in text.strip().split("\n\n")]


def _marked(line: str) -> list[Any]:
    """The line cut where it is marked; every second piece is."""
    pieces = re.split(r"(\*{1,2})(.+?)\1", line)
    found: list[Any] = []
    stars, inside = [*pieces[1::3], ""], [*pieces[2::3], ""]
    for before, mark, marked in zip(pieces[::3], stars, inside, strict=True):
        found.append(before)
        if mark:
            found.append((html.Strong if mark == "**" else html.Em)(marked))
    return found


def pairs(rows: Sequence[tuple[Any, Any]]) -> Any:
    """Names and values, one pair a line."""
    parts: list[Any] = []
    for name, value in rows:
        parts += [html.Dt(name), html.Dd(value)]
    return html.Dl(parts, className="pairs")


def command(text: str) -> Any:
    """A command line with a button that copies it."""
    return html.Div(
        [
            html.Pre(html.Code(text)),
            dcc.Clipboard(content=text, title="Copy the command", className="copy"),
        ],
        className="command",
    )
