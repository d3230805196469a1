"""A comparison as tables: in a result, as CSV, for a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.comparison.compare import Compared, Comparison, compare_sides, log_odds
from training.comparison.distance import Distance, Floats
from training.comparison.sums import (
    Mapped,
    join_mapped,
    leave_out_foreign,
    read_mapped,
    slice_stages,
    sum_query,
    sum_reference,
)
from training.errors import AtlasError
from training.store import Atlas
from training.store.genes.significance import adjust_p

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("composition", "factors", "genes")
OWN = ("own_log2", "own_low", "own_high", "own_p", "own_q")


def compare_mapped(mapped: Mapped, atlas: Atlas) -> dict[str, pd.DataFrame]:
    """The tables of a mapped query beside its reference, by `KINDS`.

    Columns of all: stage, domain, query and reference (means over slices: shares, proportions,
    counts per 10,000 of the genes that both measured), n_query and n_reference (slices that count),
    log2 (ratio of genes, odds ratio of shares and proportions) with low and high, its 95 %
    interval, and p and q, NaN but where both sides have two slices. Beside them

    - composition: spots, outside (share of the spots out of reference), expected_low and
      expected_high, shares that a slice like the reference's stays within 19 times in 20;
    - factors: factor, the same expectation;
    - genes: gene, and own_log2, own_low, own_high, own_p, own_q, with the section's own effect
      taken off.

    Rows: stages and domains in order, what lies furthest beyond its interval first.
    """
    domains = list(atlas.obs_columns["domain"].categories)
    query = sum_query(mapped, mapped.genes, len(domains))
    comparison = compare_sides(query, sum_reference(atlas, mapped.genes))
    stages = [stage.name for stage in atlas.stages]
    return tabulate(comparison, mapped, stages, domains)


def describe(mapped: Mapped, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """What the comparison rests on, and how much lies beyond its interval, for the report."""
    genes = tables["genes"]
    told: dict[str, Any] = {
        "n_slices": int(mapped.slices.max()) + 1,
        "n_genes": len(mapped.genes),
        "n_compared": len(genes),
    }
    for name, prefix in (("as_measured", ""), ("own", "own_")):
        low, high = genes[f"{prefix}low"], genes[f"{prefix}high"]
        if low.notna().any():
            outside = ((low > 0) | (high < 0))[low.notna()]
            told[f"beyond_{name}"] = round(float(outside.mean()), 4)
    return told


def tabulate(
    comparison: Comparison, mapped: Mapped, stages: Sequence[str], domains: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """The tables of `compare_mapped`."""
    import pandas as pd

    parts: dict[str, list[pd.DataFrame]] = {kind: [] for kind in KINDS}
    for each in comparison.composition:
        table = _common(each, stages[each.stage], [domains[row] for row in each.rows])
        inside = [(mapped.domains == row) for row in each.rows]
        table.insert(2, "spots", [int(rows.sum()) for rows in inside])
        table["outside"] = [
            float(mapped.outside[rows].mean()) if rows.any() else 0.0 for rows in inside
        ]
        parts["composition"].append(_expected(table, each))
    for each in comparison.factors:
        table = _common(each, stages[each.stage], [domains[each.domain]] * len(each.rows))
        table.insert(2, "factor", each.rows.astype(np.int64))
        parts["factors"].append(_order(_expected(table, each), "log2", "low", "high"))
    for each in comparison.genes:
        table = _common(each, stages[each.stage], [domains[each.domain]] * len(each.rows))
        table.insert(2, "gene", [mapped.genes[row] for row in each.rows])
        own = each.own
        assert own is not None
        table["own_log2"], table["own_low"], table["own_high"] = own.effect, own.low, own.high
        table["own_p"], table["own_q"] = own.p, adjust_p(own.p)
        parts["genes"].append(_order(table, "own_log2", "own_low", "own_high"))
    return {
        kind: pd.concat(found, ignore_index=True) if found else empty(kind)
        for kind, found in parts.items()
    }


def empty(kind: str) -> pd.DataFrame:
    """A table without rows, where nothing could be compared."""
    import pandas as pd

    none, names = np.zeros(0), np.zeros(0, dtype=object)
    nothing = Distance(none, none, none, none, none.astype(int), none.astype(int))
    table = _common(Compared(0, 0, none.astype(int), none, none, nothing), "", [])
    more: dict[str, dict[str, Any]] = {
        "composition": {"spots": none, "outside": none},
        "factors": {"factor": none},
        "genes": {"gene": names, **dict.fromkeys(OWN, none)},
    }
    expected = {} if kind == "genes" else {"expected_low": none, "expected_high": none}
    return pd.DataFrame(table.assign(**more[kind], **expected))


def write_comparison(
    results: Sequence[Path], atlas: Atlas, folder: Path
) -> tuple[dict[str, pd.DataFrame], dict[str, Any], list[str]]:
    """Compare results of `atlas project`, as slices of one query, and write a CSV of each table.

    Returns the tables, what they rest on, and notes.

    Raises:
        AtlasError: for a result that does not fit, or a folder that cannot be written to.
    """
    mapped, foreign = leave_out_foreign(join_mapped([read_mapped(path, atlas) for path in results]))
    if not mapped.genes:
        raise AtlasError("these results have no gene in common: compare them one by one")
    tables = compare_mapped(mapped, atlas)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, table in tables.items():
            table.to_csv(folder / f"{kind}.csv", index=False, float_format="%.6g")
    except OSError as error:
        raise AtlasError(f"{folder} cannot be written: {error}") from error
    notes = [foreign_note(foreign)] if foreign else []
    return tables, describe(mapped, tables), [*notes, *notes_of(mapped, atlas)]


def foreign_note(n: int) -> str:
    """That so many slices were left out of a comparison, one or more."""
    one = n == 1
    return (
        f"{n} {'slice is' if one else 'slices are'} not of the atlas's tissue and "
        f"{'takes' if one else 'take'} no part in the comparison"
    )


def notes_of(mapped: Mapped, atlas: Atlas) -> list[str]:
    """What a reader of a comparison should know of its slices."""
    stages = slice_stages(mapped)
    return [
        f"n = 1 at {atlas.stages[stage].name}: one slice gives no p-value; its intervals say how "
        "far slices of the reference lie from each other"
        for stage in np.unique(stages).tolist()
        if (stages == stage).sum() == 1
    ]


def _common(each: Compared, stage: str, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    effect = each.effect
    return pd.DataFrame(
        {
            "stage": np.full(len(each.rows), stage, dtype=object),
            "domain": np.array(names, dtype=object),
            "query": each.query,
            "reference": each.reference,
            "n_query": effect.n_query,
            "n_reference": effect.n_reference,
            "log2": effect.effect,
            "low": effect.low,
            "high": effect.high,
            "p": effect.p,
            "q": adjust_p(effect.p),
        }
    )


def _expected(table: pd.DataFrame, each: Compared) -> pd.DataFrame:
    """With the shares that the query's lies within if 0 lies within the interval of its effect."""
    logs = log_odds(each.query)
    table["expected_low"] = _share(logs - each.effect.high)
    table["expected_high"] = _share(logs - each.effect.low)
    return table


def _share(logs: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp2(-logs)))


def _order(table: pd.DataFrame, effect: str, low: str, high: str) -> pd.DataFrame:
    """Rows by how many half widths of their interval the effect is away from 0; without an
    interval, after those, by the effect."""
    half: NDArray[Any] = (table[high] - table[low]).to_numpy() / 2
    away = np.abs(table[effect].to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(half > 0, away / half, -1.0)
    order = np.lexsort((-np.nan_to_num(away), -ratio))
    return table.iloc[order]
