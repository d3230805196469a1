"""Slices within sources: which rows, which name, which stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.config import DataConfig
from training.errors import Problem
from training.slices.readers.discovery import natural_key
from training.slices.readers.source import Source
from training.slices.stages import NO_STAGE, SliceStage, time_columns

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Piece:
    """One slice: rows of a source."""

    name: str
    source: Source
    rows: np.ndarray
    stage: SliceStage
    coordinates: np.ndarray | None = None

    @property
    def place(self) -> str:
        """How messages name the slice."""
        return self.stage.place

    @property
    def stage_name(self) -> str:
        """Name of the stage, also where the slice has none."""
        return self.stage.stage or NO_STAGE


def find_pieces(source: Source, data: DataConfig) -> tuple[list[Piece], list[Problem]]:
    """Slices of a source, with their stages, and what is wrong with its names."""
    obs = source.obs
    if len(obs) == 0 or len(source.var) == 0:
        found = "no spots" if len(obs) == 0 else "no genes"
        remedy = "take the slice out of the folder or write it again"
        return [], [Problem(source.place, found, "spots and genes", remedy=remedy)]
    groups, problems = _groups(source, data.slice_column)
    pieces = []
    for name, rows in groups.items():
        place = f"slice '{name}' ({source.place})"
        stage, faults = _stage_name(obs.iloc[rows], place, data.stage_column)
        problems += faults
        times = time_columns(obs.iloc[rows])
        pieces.append(Piece(name, source, rows, SliceStage(place, stage, times)))
    return pieces, problems


def _groups(source: Source, column: str) -> tuple[dict[str, np.ndarray], list[Problem]]:
    obs = source.obs
    everything = np.arange(len(obs))
    if column not in obs and source.region_column is not None:
        column = source.region_column
        if obs[column].nunique() == 1:
            return {source.stem: everything}, []
        split = True
    else:
        split = source.several
    if column not in obs:
        return {source.stem: everything}, []
    names = _text(obs[column])
    lost = np.flatnonzero(names.isna().to_numpy())
    distinct = names.dropna().unique()
    if lost.size and (split or len(distinct) == 1):
        found = f"{lost.size:,} spots without a value in obs['{column}']"
        shown = [str(obs.index[at]) for at in lost[:5]]
        remedy = "fill the column or remove these spots"
        return {source.stem: everything}, [
            Problem(source.place, found, "a slice name for every spot", shown, remedy)
        ]
    if len(distinct) == 1:
        return {str(distinct[0]): everything}, []
    if not split or len(distinct) == 0:
        return {source.stem: everything}, []
    values = names.to_numpy()
    return {
        str(name): np.flatnonzero(values == name) for name in sorted(distinct, key=natural_key)
    }, []


def _stage_name(obs: pd.DataFrame, place: str, column: str) -> tuple[str | None, list[Problem]]:
    if column not in obs:
        return None, []
    names = _text(obs[column])
    distinct = names.dropna().unique().tolist()
    if len(distinct) == 1 and not names.isna().any():
        return str(distinct[0]), []
    lost = int(names.isna().sum())
    found = f"{len(distinct)} stages" + (f" and {lost:,} spots without one" if lost else "")
    remedy = "divide the slice by stage, or give all its spots one stage"
    expected = f"one value of obs['{column}'] in a slice"
    return (str(distinct[0]) if distinct else None), [
        Problem(place, found, expected, [str(name) for name in distinct[:5]], remedy)
    ]


def _text(column: pd.Series) -> pd.Series:
    """Names as text without outer blanks; whole numbers without a point; missing stays missing."""

    def name(value: object) -> object:
        if value is None or value != value:
            return None
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return str(value).strip() or None

    written = {value: name(value) for value in column.dropna().unique()}
    return column.astype(object).map(written)


def check_slice_names(pieces: Sequence[Piece]) -> list[Problem]:
    """No two slices have the same name."""
    places: dict[str, list[str]] = {}
    for piece in pieces:
        places.setdefault(piece.name, []).append(piece.source.place)
    return [
        Problem(
            f"slice '{name}'",
            f"{len(where)} sources with this name",
            "a different name for each slice",
            where[:5],
            "rename the slice column's value in all but one of them",
        )
        for name, where in places.items()
        if len(where) > 1
    ]
