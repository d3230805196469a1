"""The part of a result that sets it beside the reference: domains, factors, genes."""

from __future__ import annotations

from typing import Any, cast

import dash_mantine_components as dmc
import numpy as np
from dash import html

from atlas_app.components import parts
from atlas_app.results.comparison import KINDS, Table, lies_beyond, read_comparison
from atlas_app.results.mapped import ResultView
from training.store.genes.significance import told_p

# Genes and factors shown of each domain; the tables hold all.
GENES_SHOWN = 12
FACTORS_SHOWN = 5
ALONE = (
    "One slice was mapped at each stage (n = 1), so there is no p-value. The interval is as wide "
    "as slices of the atlas differ from each other: one in twenty genes lies beyond it by chance."
)
REPLICATES = (
    "The slices of the section are taken as replicates. p and q are moderated t-tests over slices; "
    "slices of one donor are no independent samples."
)
MEANING = (
    "A gene's own change is what is left in a domain when the change of the same gene in the other "
    "domains is taken off, as mapping takes a technology's effect on each gene off a whole "
    "section. A change of all domains alike cannot be told from technology; the tables hold "
    "changes as measured too. Of heart sections that were left out of an atlas, 4 to "
    "10% of genes lay beyond their own interval, and 9 to 11% as measured."
)


def comparison(view: ResultView) -> Any:
    """The card; None for a result without a comparison, or with nothing to compare."""
    tables = {kind: read_comparison(view, kind) for kind in KINDS}
    if not any(len(table.get("stage", ())) for table in tables.values()):
        return None
    tested = any(np.isfinite(table["p"]).any() for table in tables.values() if table)
    return parts.folding_card(
        dmc.Text(REPLICATES if tested else ALONE),
        *_section("Domains", tables["composition"], composition_rows, COMPOSITION_HEADS, tested),
        *_section("Factors", tables["factors"], factor_rows, FACTOR_HEADS, tested),
        *_section("Genes, by their own change", tables["genes"], gene_rows, GENE_HEADS, tested),
        dmc.Group(
            [
                html.A(
                    f"{kind.capitalize()}, CSV",
                    href=f"{view.base}/comparison/{kind}.csv",
                    className="link-button light",
                )
                for kind in KINDS
            ],
            gap="sm",
        ),
        dmc.Text(MEANING, size="sm", c="dimmed"),
        parts.terms_line("out-of-reference", "interval", *(["q"] if tested else [])),
        title="Beside the reference",
    )


SLICES = "Slices, query and atlas"
COMPOSITION_HEADS = ["Stage", "Domain", "Share", "Expected", "Out of reference", SLICES, "q"]
FACTOR_HEADS = ["Stage", "Domain", "Factor", "Proportion", "Expected", SLICES, "q"]
GENE_HEADS = [
    "Stage",
    "Domain",
    "Gene",
    "Own log2 change",
    "95% interval",
    "As measured",
    SLICES,
    "q",
]


def composition_rows(table: Table) -> list[list[Any]]:
    """A row for each domain; a share that is not as expected is marked."""
    beyond = lies_beyond(table)
    return [
        [
            table["stage"][row],
            table["domain"][row],
            marked(f"{table['query'][row]:.1%}", beyond[row]),
            expected(table, row),
            f"{table['outside'][row]:.0%}",
            slices(table, row),
            told_p(table["q"][row]),
        ]
        for row in range(len(beyond))
    ]


def factor_rows(table: Table) -> list[list[Any]]:
    """The factors of each domain that are furthest from what is expected."""
    beyond = lies_beyond(table)
    return [
        [
            table["stage"][row],
            table["domain"][row],
            f"Factor {int(table['factor'][row])}",
            marked(f"{table['query'][row]:.1%}", beyond[row]),
            expected(table, row),
            slices(table, row),
            told_p(table["q"][row]),
        ]
        for row in first_rows(table, beyond, FACTORS_SHOWN)
    ]


def gene_rows(table: Table) -> list[list[Any]]:
    """The genes of each domain whose own change is furthest beyond its interval."""
    beyond = lies_beyond(table, "own_low", "own_high")
    return [
        [
            table["stage"][row],
            table["domain"][row],
            table["gene"][row],
            signed(table["own_log2"][row]),
            f"{signed(table['own_low'][row])} to {signed(table['own_high'][row])}",
            signed(table["log2"][row]),
            slices(table, row),
            told_p(table["own_q"][row]),
        ]
        for row in first_rows(table, beyond, GENES_SHOWN)
    ]


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def first_rows(table: Table, beyond: np.ndarray, most: int) -> list[int]:
    """Rows beyond their interval, at most so many of each stage and domain, in order."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for row in np.flatnonzero(beyond).tolist():
        place = (str(table["stage"][row]), str(table["domain"][row]))
        seen[place] = seen.get(place, 0) + 1
        if seen[place] <= most:
            found.append(row)
    return found


def expected(table: Table, row: int) -> str:
    """The range in which a share is expected; without an interval, the reference's share."""
    low, high = table["expected_low"][row], table["expected_high"][row]
    if not np.isfinite(low):
        return f"{table['reference'][row]:.1%}, no interval"
    return f"{low:.1%} to {high:.1%}"


def slices(table: Table, row: int) -> str:
    """Slices of the query and of the reference."""
    return f"{int(table['n_query'][row])} and {int(table['n_reference'][row])}"


def marked(text: str, beyond: bool) -> Any:
    """A figure beyond its interval, in words too, as colour alone tells nothing to some."""
    return dmc.Text(f"{text}, beyond", fw=700, size="sm") if beyond else text


def _section(title: str, table: Table, rows: Any, heads: list[str], tested: bool) -> list[Any]:
    """One table under its heading; its last column, q, only where anything was tested."""
    if not len(table.get("stage", ())):
        return []
    found = rows(table)
    if not tested:
        heads, found = heads[:-1], [row[:-1] for row in found]
    count = f"{len(table['stage']):,} compared"
    low, high = ("own_low", "own_high") if "own_low" in table else ("low", "high")
    known = np.isfinite(table[low])
    if known.any():
        outside = lies_beyond(table, low, high)
        count += f", {int(outside.sum()):,} of {int(known.sum()):,} beyond their interval"
        count += f" ({outside[known].mean():.1%})"
    shown = (
        html.Div(
            parts.table(heads, found, min_width=640),
            className="long-table",
            tabIndex=0,
            role="region",
            **cast(Any, {"aria-label": title}),
        )
        if found
        else dmc.Text("None lies beyond its interval.", size="sm")
    )
    return [dmc.Title(title, order=3, size="h5"), dmc.Text(count, size="sm", c="dimmed"), shown]
