"""How far the imputed genes of a result can be trusted: its table uns['imputation']."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from atlas_app.results.columns import read_column, texts, texts_of
from atlas_app.results.mapped import ResultView
from atlas_app.words.csv_cells import written

TABLE = "uns/imputation"
NAMES = ("pearson", "spearman", "rmse", "slices", "base", "slope", "low", "high")
BOUNDS = ("base", "slope", "low", "high")
LATER = ("coverage", "here_pearson", "here_inside")
"""Columns that not every result has."""
WIDEST = 0.05, 0.95
"""Quantiles over genes that coverage is told between."""
BY_STAGE = "pearson "


@dataclass(frozen=True)
class GeneTrust:
    """Of one imputed gene, from slices of the atlas that were left out; NaN where not testable.

    Attributes:
        pearson, spearman: correlation of imputed with measured values within a slice.
        rmse: log1p counts per 10,000.
        slices: number of slices it rests on.
        base, slope, low, high: of the 90% interval, see training/MAPPING.md.
        stages: correlation in each stage.
        coverage: share, 0..1, of left-out values inside of 90% intervals whose ends the other
            slices (of an atlas of one slice, its other parts) gave; widths are those of all.
        here_pearson, here_inside: of a gene that the query itself measured, the correlation of
            imputed with measured, and the share of spots measured within the interval; else NaN.
    """

    gene: str
    pearson: float
    spearman: float
    rmse: float
    slices: int
    base: float
    slope: float
    low: float
    high: float
    stages: dict[str, float]
    coverage: float = math.nan
    here_pearson: float = math.nan
    here_inside: float = math.nan

    @property
    def measured(self) -> bool:
        """Whether the query measured the gene itself."""
        return math.isfinite(self.here_pearson)

    def interval(self, value: float) -> tuple[float, float]:
        """Lower and upper end of the 90% interval of an imputed value."""
        low, high = bound(np.array([value]), self.base, self.slope, self.low, self.high)
        return float(low[0]), float(high[0])


def bound(
    values: np.ndarray, base: float, slope: float, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends (n,) of the 90% intervals of imputed values (n,), none below 0."""
    width = np.sqrt(base + slope * np.maximum(values, 0))
    return np.maximum(values + low * width, 0), values + high * width


def read_bounds(view: ResultView, place: int) -> tuple[float, float, float, float] | None:
    """Base, slope, low and high of the gene at a place of the table; None where not known."""
    import h5py

    with h5py.File(view.path, "r") as file:
        frame = file.get(TABLE)
        if frame is None or not all(name in frame for name in BOUNDS):
            return None
        base, slope, low, high = (float(frame[name][place]) for name in BOUNDS)
    return (base, slope, low, high) if np.isfinite((base, slope, low, high)).all() else None


def read_trust(view: ResultView) -> list[GeneTrust]:
    """A row for each imputed gene in the order of the file; [] of results without the table."""
    import h5py

    with h5py.File(view.path, "r") as file:
        if TABLE not in file:
            return []
        frame = file[TABLE]
        genes = [str(name) for name in texts(frame[texts_of(frame.attrs["_index"])[0]])]
        listed = [str(name) for name in texts_of(frame.attrs.get("column-order", []))]
        columns = {name: read_column(frame[name], name) for name in listed}
    numbers = {
        name: np.asarray(column.numbers, dtype=float)
        for name, column in columns.items()
        if column is not None and column.numbers is not None and len(column.numbers) == len(genes)
    }
    if not all(name in numbers for name in NAMES):
        return []
    stages = [name for name in numbers if name.startswith(BY_STAGE)]
    later = [name for name in LATER if name in numbers]
    return [
        GeneTrust(
            gene,
            **{name: float(numbers[name][row]) for name in NAMES if name != "slices"},
            **{name: float(numbers[name][row]) for name in later},
            slices=int(numbers["slices"][row]),
            stages={name.removeprefix(BY_STAGE): float(numbers[name][row]) for name in stages},
        )
        for row, gene in enumerate(genes)
    ]


def own_stage(view: ResultView, rows: Sequence[GeneTrust]) -> str:
    """The stage that most spots of every section were given, where accuracy is told by stage; ""
    where sections are of several, or of tissue that the atlas does not hold."""
    stages = {str(part["stage"]) for part in view.slices()}
    stage = stages.pop() if len(stages) == 1 else ""
    return stage if any(stage in row.stages for row in rows) else ""


def coverage_text(rows: Sequence[GeneTrust], n_slices: int) -> str:
    """How many left-out values 90% intervals covered, in a sentence; "" where nobody looked.

    Of `n_slices`, those of the atlas, one is left out in parts.
    """
    known = np.array([row.coverage for row in rows if math.isfinite(row.coverage)])
    if not len(known):
        return ""
    text = f"90% intervals covered {known.mean():.1%} of left-out values"
    if len(known) > 1:
        low, high = np.quantile(known, WIDEST)
        text += f" (5th to 95th percentile over genes: {low:.0%} to {high:.0%})"
    part = "slice" if n_slices > 1 else "part"
    return (
        f"{text}: those of each {part} of the atlas, by intervals whose ends the other {part}s "
        "gave; how their width grows with the value was taken from all."
    )


def trust_csv(rows: list[GeneTrust]) -> str:
    """The table as CSV; figures that are not testable are empty."""
    stages = list(rows[0].stages) if rows else []
    names = (*NAMES, *LATER)
    head = ["gene", *names, *(f"{BY_STAGE}{stage}" for stage in stages)]
    lines = [
        [row.gene, *(getattr(row, name) for name in names), *(row.stages[s] for s in stages)]
        for row in rows
    ]
    return written([head, *lines])
