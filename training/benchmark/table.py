"""The table of a benchmark: means and spreads over seeds, as plain values and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.benchmark.rows import Row
from training.benchmark.sets import DataSet


@dataclass(frozen=True)
class Column:
    """A figure as the table shows it: heading, places after the point, and its unit."""

    figure: str
    heading: str
    places: int = 3
    unit: float = 1.0


COLUMNS: tuple[Column, ...] = (
    Column("ari_tied", "ARI tied"),
    Column("ari_full", "ARI full"),
    Column("nmi", "NMI"),
    Column("ari_domain", "ARI domains"),
    Column("transfer", "transfer"),
    Column("asw", "ASW"),
    Column("ilisi", "iLISI", 2),
    Column("diversity", "diversity"),
    Column("coherence", "coherence"),
    Column("factor_correlation", "factor r"),
    Column("loading_correlation", "loading r"),
    Column("leakage", "leakage"),
    Column("programme_correlation", "programme r"),
    Column("registration", "registration"),
    Column("seconds", "seconds", 1),
    Column("peak_memory", "GB", 2, 1e9),
)


@dataclass
class Benchmark:
    """Everything a table is made of.

    Attributes:
        sets, rows, seeds, settings: what was asked for.
        measured: measurements by names of set and row, then by seed.
        skipped: (set, row or "", reason) of what cannot be measured here.
        failed: (set, row, seed, error) of what was tried in vain.
    """

    sets: Sequence[DataSet]
    rows: Sequence[Row]
    seeds: Sequence[int]
    settings: Sequence[str]
    protocol: dict[str, Any]
    measured: dict[tuple[str, str], dict[int, dict[str, Any]]] = field(default_factory=dict)
    skipped: list[tuple[str, str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, int, str]] = field(default_factory=list)


def summarise(values: Iterable[float | None]) -> dict[str, Any] | None:
    """Mean, least, greatest and number of the values that there are; None without any."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    return {
        "mean": math.fsum(found) / len(found),
        "min": min(found),
        "max": max(found),
        "n": len(found),
    }


def to_json(benchmark: Benchmark) -> dict[str, Any]:
    """The table as plain values: by set and row each figure's mean, spread and single values.

    Figures that do not apply are null, with their reasons beside them. `environments` are the
    versions and machines that the figures were measured with, usually one.
    """
    environments: list[Any] = []
    sets = []
    for dataset in benchmark.sets:
        rows = []
        data: dict[str, Any] | None = None
        for row in benchmark.rows:
            by_seed = benchmark.measured.get((dataset.name, row.name), {})
            if not by_seed:
                continue
            for each in by_seed.values():
                data = data or each["data"]
                if each["environment"] not in environments:
                    environments.append(each["environment"])
            rows.append(
                {
                    "row": row.name,
                    "kind": row.kind,
                    "text": row.text,
                    "overrides": list(row.overrides),
                    "seeds": sorted(by_seed),
                    "seeded": row.seeded,
                    "figures": {
                        column.figure: summarise(
                            each["figures"][column.figure] for each in by_seed.values()
                        )
                        for column in COLUMNS
                    },
                    "by_seed": {
                        str(seed): {
                            "figures": by_seed[seed]["figures"],
                            "details": by_seed[seed]["details"],
                        }
                        for seed in sorted(by_seed)
                    },
                    "reasons": {
                        name: reason
                        for each in by_seed.values()
                        for name, reason in each["reasons"].items()
                    },
                }
            )
        sets.append(
            {
                "set": dataset.name,
                "label": dataset.label,
                "drop": list(dataset.drop),
                "panel": dataset.panel,
                "data": data,
                "rows": rows,
            }
        )
    return {
        "seeds": list(benchmark.seeds),
        "settings": list(benchmark.settings),
        "protocol": benchmark.protocol,
        "environments": environments,
        "columns": {column.figure: column.heading for column in COLUMNS},
        "sets": sets,
        "skipped": [
            {"set": name, "row": row or None, "reason": reason}
            for name, row, reason in benchmark.skipped
        ],
        "failed": [
            {"set": name, "row": row, "seed": seed, "error": error}
            for name, row, seed, error in benchmark.failed
        ],
    }


def to_markdown(tree: dict[str, Any]) -> str:
    """The table for readers, from what `to_json` gives: one table per set, notes below."""
    seeds = ", ".join(str(seed) for seed in tree["seeds"])
    lines = [
        "# Benchmark of fits",
        "",
        f"Training seeds {seeds}; where there are several, the mean, and in brackets the least and "
        "the greatest. Rows without chance are measured once. iLISI is at most the number of "
        "slices; *seconds* is a row alone, *GB* its process at its peak, with the slices it read.",
    ]
    if tree["settings"]:
        lines += ["", "Settings: " + ", ".join(f"`{each}`" for each in tree["settings"]) + "."]
    for each in tree["sets"]:
        if each["rows"]:
            lines += ["", f"## {each['set']}", "", _describe(each), "", *_table(each["rows"])]
    told = {row["row"]: row for each in tree["sets"] for row in each["rows"]}
    if told:
        lines += ["", "## Rows", ""]
        lines += [_explain(row) for row in told.values()]
    if tree["skipped"]:
        lines += ["", "## Not measured", ""]
        lines += [
            f"- {' '.join(filter(None, (each['set'], each['row'])))}: {each['reason']}"
            for each in tree["skipped"]
        ]
    if tree["failed"]:
        lines += ["", "## Failed", ""]
        lines += [
            f"- {each['set']} {each['row']} seed {each['seed']}: {each['error'].splitlines()[-1]}"
            for each in tree["failed"]
        ]
    if tree["environments"]:
        lines += ["", "## Measured with", ""]
        lines += [f"- {_name(environment)}" for environment in tree["environments"]]
    return "\n".join(lines) + "\n"


def _describe(each: dict[str, Any]) -> str:
    data = each["data"]
    size = f"{data['slices']} slices, {data['spots']:,} spots × {data['genes']:,} genes"
    if each["label"] is None:
        return f"{size}; no labels."
    drop = f" without {', '.join(each['drop'])}" if each["drop"] else ""
    return f"{size}; label *{each['label']}*{drop}."


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "| row | " + " | ".join(column.heading for column in COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    for row in rows:
        cells = [_cell(row["figures"][column.figure], column) for column in COLUMNS]
        lines.append(f"| {row['row']} | " + " | ".join(cells) + " |")
    return lines


def _cell(summary: dict[str, Any] | None, column: Column) -> str:
    if summary is None:
        return "n/a"
    mean, least, greatest = (
        f"{summary[key] / column.unit:.{column.places}f}".replace("-", "−")
        for key in ("mean", "min", "max")
    )
    return mean if summary["n"] == 1 else f"{mean} ({least}–{greatest})"


def _explain(row: dict[str, Any]) -> str:
    settings = ", ".join(f"`{each}`" for each in row["overrides"])
    return f"- *{row['row']}*: {row['text']}" + (f" ({settings})" if settings else "")


def _name(environment: dict[str, Any]) -> str:
    machine, versions = environment["machine"], environment["versions"]
    threads = "".join(f", {name}={value}" for name, value in machine["threads"].items())
    return f"{machine['cpu_count']} cores{threads}, {machine['platform']}: " + ", ".join(
        f"{name} {version}" for name, version in versions.items()
    )
