"""Counts and coordinates as two tables of text, comma- or tab-separated."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from training.errors import Problem
from training.slices.readers.source import Source, Unreadable, damaged

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
# Names of the columns of x and y, folded; the first pair that a table has is taken.
PAIRS = (
    ("x", "y"),
    ("x_um", "y_um"),
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("pixel_x", "pixel_y"),
    ("x_centroid", "y_centroid"),
    ("center_x", "center_y"),
    ("imagecol", "imagerow"),
    ("array_col", "array_row"),
    ("array_x", "array_y"),
    ("col", "row"),
)
COORDINATES_NAME = re.compile(r"coord|position|location|spatial|centroid|metadata", re.IGNORECASE)
# A table of coordinates has few columns; one of counts has as many as there are genes or spots.
MOST_COORDINATE_COLUMNS = 60
BLOCK_VALUES = 4_000_000
LONGEST_LINE = 64 * 2**20
EXPECTED = (
    "a table of counts, with the names of spots along one side and of genes along the other, and a "
    "table of coordinates, with a column of the same spot names and columns x and y"
)


@dataclass(frozen=True)
class Table:
    """A table's file as its first lines show it: `separator`, and `header` with all its fields."""

    path: Path
    place: str
    separator: str
    header: tuple[str, ...]
    second: tuple[str, ...]

    @property
    def pair(self) -> tuple[int, int] | None:
        """The positions of x and y among the fields of a line; None where none are named."""
        folded = [name.strip().lower() for name in self.header]
        # R writes no name over the column of row names.
        shift = int(len(self.second) == len(self.header) + 1)
        for x, y in PAIRS:
            if x in folded and y in folded and len(folded) <= MOST_COORDINATE_COLUMNS:
                return folded.index(x) + shift, folded.index(y) + shift
        return None

    @property
    def bare(self) -> bool:
        """Whether its first line is data already: a name and two numbers, and nothing else."""
        return len(self.header) == 3 and all(_is_number(field) for field in self.header[1:])

    @property
    def may_be_coordinates(self) -> bool:
        return self.pair is not None or self.bare


def is_table(path: Path) -> bool:
    """Whether a file is a table by its name."""
    return path.name.lower().endswith(ENDINGS) and not path.name.startswith(".")


def read_tables(paths: Sequence[Path], *, stem: str) -> Source:
    """Source of a table of counts and one of coordinates, told apart by their columns.

    Counts may have spots as rows or as columns: the spot names of the coordinates tell. Further
    columns of the coordinates go to obs.

    Raises:
        Unreadable: when there are not the two tables, or their names or values do not fit.
    """
    tables = [_look(path) for path in paths]
    counts_table, coordinates_table = _roles(tables)
    obs, positions = _coordinates(coordinates_table)
    names, columns, matrix = _counts(counts_table)
    spots = obs.index
    by_row, by_column = np.isin(names, spots).sum(), np.isin(columns, spots).sum()
    if by_column > by_row:
        names, columns, matrix = columns, names, matrix.T.tocsr()
    rows = spots.get_indexer(names)
    lost = np.flatnonzero(rows < 0)
    if lost.size:
        _refuse_lost(counts_table, coordinates_table, names, spots, lost)
    import pandas as pd

    return Source(
        place=counts_table.place,
        stem=stem,
        obs=obs.iloc[rows].set_axis(names),
        var=pd.DataFrame(index=pd.Index(columns.astype(str))),
        coordinates=positions[rows],
        counts=lambda: matrix,
        n_outside=len(obs) - len(rows),
        several=True,
    )


def _refuse_lost(
    counts: Table,
    coordinates: Table,
    names: np.ndarray,
    spots: pd.Index,
    lost: np.ndarray,
) -> None:
    few = lost.size < len(names)
    raise Unreadable(
        Problem(
            counts.place,
            f"{lost.size:,} of {len(names):,} rows whose names have no coordinates in "
            f"{coordinates.place}",
            "the same spot names in both tables, along one side of the counts",
            [str(names[at]) for at in lost[:5]],
            "remove these spots, or add their coordinates"
            if few
            else f"name spots as in the coordinates: {', '.join(map(str, spots[:3]))}",
        )
    )


def _look(path: Path) -> Table:
    place = path.name
    try:
        with _opened(path) as file:
            lines = [file.readline(LONGEST_LINE) for _ in range(2)]
        first, second = (line.decode("utf-8-sig").rstrip("\r\n") for line in lines)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise Unreadable(damaged(path, place, error)) from error
    separator = max("\t,;", key=first.count)
    if "\0" in first or separator not in first or not second:
        raise Unreadable(
            Problem(
                place,
                "no table" if first else "an empty file",
                "lines of values with commas or tabs between them",
                [first[:60]] if first and first.isprintable() else [],
                "write it as CSV, with a line of names at its head",
            )
        )
    return Table(path, place, separator, _fields(first, separator), _fields(second, separator))


def _opened(path: Path) -> IO[bytes]:
    packed = path.name.lower().endswith(".gz")
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _fields(line: str, separator: str) -> tuple[str, ...]:
    return tuple(field.strip().strip('"') for field in line.split(separator))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _roles(tables: list[Table]) -> tuple[Table, Table]:
    """The table of counts and that of coordinates among the tables given."""
    candidates = [table for table in tables if table.may_be_coordinates]
    if len(candidates) > 1:
        # A table named for it wins, of such that could be either.
        named = [table for table in candidates if COORDINATES_NAME.search(table.path.name)]
        exact = [table for table in named if table.path.name.startswith("coordinates.")]
        candidates = exact or named or candidates
    others = [table for table in tables if table not in candidates]
    if len(candidates) == 1 and len(others) == 1:
        return others[0], candidates[0]
    shown = [f"{table.place} ({', '.join(table.header[:6])})"[:100] for table in tables]
    found = f"{len(tables)} tables, {len(candidates)} of them with coordinates"
    if len(tables) == 1:
        found = "one table alone"
    remedy = "name the columns of the coordinates x and y, and leave other tables out"
    raise Unreadable(Problem(tables[0].place, found, EXPECTED, shown, remedy))


def _coordinates(table: Table) -> tuple[pd.DataFrame, np.ndarray]:
    """(obs by spot name, (n, 2) float64 x and y; NaN where an entry is no number)."""
    import pandas as pd

    try:
        frame = pd.read_csv(
            table.path,
            sep=table.separator,
            header=None if table.bare else 0,
            index_col=0,
            dtype={0: str},
            encoding="utf-8-sig",
        )
    except (ValueError, OSError, EOFError) as error:
        raise Unreadable(damaged(table.path, table.place, error)) from error
    frame.index = frame.index.astype(str)
    frame.index.name = None
    x, y = (1, 2) if table.pair is None else table.pair
    if 0 in (x, y):
        raise Unreadable(
            Problem(
                table.place,
                "coordinates in the first column",
                "spot names in the first column, then x and y",
                list(table.header[:5]),
                "put the names of the spots, as in the counts, before the coordinates",
            )
        )
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()].unique()
        raise Unreadable(
            Problem(
                table.place,
                f"{len(twice):,} spot names that occur more than once",
                "each spot once",
                twice[:5].tolist(),
                "give each spot its own name, or remove the copies",
            )
        )
    pair = [frame.iloc[:, x - 1], frame.iloc[:, y - 1]]
    positions = np.column_stack([pd.to_numeric(part, errors="coerce") for part in pair])
    frame.columns = frame.columns.astype(str)
    kept = [at for at in range(frame.shape[1]) if at not in (x - 1, y - 1)]
    return frame.iloc[:, kept], positions.astype(np.float64)


def _counts(table: Table) -> tuple[np.ndarray, np.ndarray, csr_matrix]:
    """(row names, column names, CSR of the values) of a table of numbers."""
    import pandas as pd
    from scipy.sparse import csr_matrix, vstack

    width = max(len(table.header), len(table.second)) - 1
    step = max(1, BLOCK_VALUES // max(1, width))
    names: list[str] = []
    blocks: list[Any] = []
    columns: np.ndarray | None = None
    try:
        with pd.read_csv(
            table.path,
            sep=table.separator,
            index_col=0,
            dtype={0: str},
            chunksize=step,
            encoding="utf-8-sig",
        ) as reader:
            for frame in reader:
                columns = _plain_names(table, frame)
                _require_numbers(table, frame)
                names += frame.index.astype(str).tolist()
                blocks.append(csr_matrix(frame.to_numpy(dtype=np.float64)))
    except Unreadable:
        raise
    except (ValueError, OSError, EOFError, OverflowError) as error:
        raise Unreadable(damaged(table.path, table.place, error)) from error
    if columns is None or not blocks:
        raise Unreadable(Problem(table.place, "a table without rows", EXPECTED))
    return np.asarray(names, dtype=object), columns, csr_matrix(vstack(blocks))


def _plain_names(table: Table, frame: pd.DataFrame) -> np.ndarray:
    """The columns' names as the file has them: pandas numbers those that occur twice."""
    names = np.asarray(table.header[-frame.shape[1] :] if frame.shape[1] else (), dtype=object)
    return names if len(names) == frame.shape[1] else np.asarray(frame.columns, dtype=object)


def _require_numbers(table: Table, frame: pd.DataFrame) -> None:
    odd = [at for at in range(frame.shape[1]) if frame.dtypes.iloc[at].kind not in "iufb"]
    if not odd:
        return
    shown = []
    for at in odd[:5]:
        words = frame.iloc[:, at].astype(str)
        word = next((each for each in words if not _is_number(each)), words.iloc[0])
        shown.append(f"{frame.columns[at]}: {word[:40]}")
    raise Unreadable(
        Problem(
            table.place,
            f"{len(odd):,} columns of counts with words in them",
            "numbers everywhere but in the first line and the first column",
            shown,
            "keep the names and the counts only; columns that describe spots go to the coordinates",
        )
    )
