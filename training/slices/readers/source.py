"""One place counts were read from: names and coordinates at once, the matrix on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_matrix

    from training.slices.tissue import TissueImage


class Unreadable(Exception):
    """A source that cannot be read; carries the located problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def no_hint() -> str:
    """Nothing more is known."""
    return ""


def no_alternatives() -> list[tuple[str, pd.DataFrame, csr_matrix]]:
    """Nothing else is named as raw counts."""
    return []


def no_images() -> dict[str, TissueImage]:
    """No tissue image is there."""
    return {}


@dataclass
class Source:
    """Spots of one file or folder.

    Attributes:
        place: path as shown to the user, relative to the folder given.
        stem: name of a slice that does not name itself.
        obs: one row per spot, indexed by spot name.
        var: one row per gene, indexed by gene name.
        coordinates: array of any shape as found, None when absent.
        counts: reads the matrix, CSR (n spots, n genes), in the number type of the file.
        counts_hint: says where else in the source raw counts may be; asked only after a fault.
        coordinates_hint: says where else coordinates may be.
        alternatives: reads what the source itself names raw counts elsewhere: place, its genes,
            CSR (n spots, n of these genes).
        var_coordinates: coordinates found along the genes, of a matrix written the wrong way round.
        several: whether a slice column that varies splits the source into several slices.
        region_column: obs column that tells slices apart where there is no slice column.
        n_outside: spots left out because they lie outside the tissue.
        images: reads tissue images in the frame of the coordinates, by name.
        coordinate_unit: unit of length that the source itself names, "" for none.
    """

    place: str
    stem: str
    obs: pd.DataFrame
    var: pd.DataFrame
    coordinates: Any
    counts: Callable[[], csr_matrix]
    counts_hint: Callable[[], str] = field(default=no_hint)
    coordinates_hint: str = ""
    several: bool = False
    region_column: str | None = None
    n_outside: int = 0
    alternatives: Callable[[], list[tuple[str, pd.DataFrame, csr_matrix]]] = field(
        default=no_alternatives
    )
    var_coordinates: Any = None
    images: Callable[[], dict[str, TissueImage]] = field(default=no_images)
    coordinate_unit: str = ""


def damaged(path: Path, place: str, error: BaseException) -> Problem:
    """Problem of a file that ends early or is not what its name says."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if len(reason) > 160:
        reason = reason[:157] + "..."
    size = f"{path.stat().st_size:,} bytes, " if path.is_file() else ""
    if "truncated file" in reason:
        reason = "it ends early"
    return Problem(
        place,
        f"something that cannot be read ({size}{reason})",
        "a complete file",
        remedy="copy or download it again and compare its checksum, or leave it out",
    )


def integers_only(values: np.ndarray) -> bool:
    """Whether the first values of a matrix are non-negative integers, some above zero."""
    import numpy as np

    sample = np.asarray(values[:200_000])
    if sample.size == 0 or sample.dtype.kind not in "iuf":
        return False
    return bool((sample >= 0).all() and (sample > 0).any() and (sample == np.rint(sample)).all())
