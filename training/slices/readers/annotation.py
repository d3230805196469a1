"""slices.csv: what folders of 10x and SpatialData stores cannot say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import Problem
from training.slices.readers.source import Source, Unreadable

if TYPE_CHECKING:
    import pandas as pd

ANNOTATION_FILE = "slices.csv"
KEY = "slice"


def read_annotation(path: Path) -> pd.DataFrame:
    """Table with a column `slice` (name of the folder or store) and any others, such as stage.

    Raises:
        Unreadable: when the table has no such column or names a slice twice.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={KEY: str, "stage": str})
    except (ValueError, OSError) as error:
        raise Unreadable(
            Problem(path.name, f"a table that cannot be read ({error})", "comma-separated text")
        ) from error
    if KEY not in table or table[KEY].duplicated().any() or table[KEY].isna().any():
        raise Unreadable(
            Problem(
                path.name,
                "columns " + ", ".join(map(str, table.columns)),
                f"a column '{KEY}' with each slice's folder name once, and columns such as stage",
            )
        )
    return table.set_index(KEY)


def annotate(sources: Sequence[Source], table: pd.DataFrame) -> None:
    """Give the spots of each source the values of its row, where they have none of that name."""
    for source in sources:
        if source.stem in table.index:
            for column, value in table.loc[source.stem].items():
                if column not in source.obs and value == value:
                    source.obs[str(column)] = value
