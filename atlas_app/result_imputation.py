"""How far the imputed genes of a result can be trusted: its table uns['imputation']."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atlas_app.csv_cells import written
from atlas_app.result_columns import read_column, texts, texts_of
from atlas_app.results import ResultView

TABLE = "uns/imputation"
NAMES = ("pearson", "spearman", "rmse", "slices", "base", "slope", "low", "high")
BY_STAGE = "pearson "


@dataclass(frozen=True)
class GeneTrust:
    """Of one imputed gene, from slices of the atlas that were left out; NaN where not testable.

    Attributes:
        pearson, spearman: correlation of imputed with measured values within a slice.
        rmse: log1p counts per 10,000.
        slices: number of slices it rests on.
        base, slope, low, high: of the 90 % interval, see README.
        stages: correlation in each stage.
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

    def interval(self, value: float) -> tuple[float, float]:
        """Lower and upper end of the 90 % interval of an imputed value."""
        width = float(np.sqrt(self.base + self.slope * max(value, 0.0)))
        return max(value + self.low * width, 0.0), value + self.high * width


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
    return [
        GeneTrust(
            gene,
            **{name: float(numbers[name][row]) for name in NAMES if name != "slices"},
            slices=int(numbers["slices"][row]),
            stages={name.removeprefix(BY_STAGE): float(numbers[name][row]) for name in stages},
        )
        for row, gene in enumerate(genes)
    ]


def trust_csv(rows: list[GeneTrust]) -> str:
    """The table as CSV; figures that are not testable are empty."""
    stages = list(rows[0].stages) if rows else []
    head = ["gene", *NAMES, *(f"{BY_STAGE}{stage}" for stage in stages)]
    lines = [
        [row.gene, *(getattr(row, name) for name in NAMES), *(row.stages[s] for s in stages)]
        for row in rows
    ]
    return written([head, *lines])
