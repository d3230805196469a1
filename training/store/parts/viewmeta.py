"""What the view says of itself in its attributes: the table of slices and of obs columns."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from training.store.errors import StoreError
from training.store.records import Kind, SliceInfo, StageInfo
from training.store.schema import MAX_CATEGORIES

COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class ViewColumn:
    """One row of view/obs: of a number its range, of a category its categories and colours."""

    name: str
    kind: Kind
    lo: float
    hi: float
    categories: list[str]
    colors: list[str] | None


@dataclass(frozen=True)
class ViewMeta:
    """Attributes of `view`."""

    slices: list[SliceInfo]
    columns: list[ViewColumn]

    def stages(self) -> list[StageInfo]:
        """Stages that have a slice, in the order of the categories of obs['stage']."""
        order = next((c.categories for c in self.columns if c.name == "stage"), [])
        known = [*order, *(s.stage for s in self.slices if s.stage not in order)]
        found = []
        for name in dict.fromkeys(known):
            members = [s for s in self.slices if s.stage == name]
            if members:
                times = [s.time for s in members if s.time is not None]
                time = math.fsum(times) / len(times) if times else None
                found.append(StageInfo(name, time, len(members), sum(s.n_spots for s in members)))
        return found


def to_attributes(meta: ViewMeta) -> dict[str, Any]:
    """The attributes as written."""
    return {
        "slices": [
            {"name": s.name, "stage": s.stage, "time": s.time, "start": s.start, "stop": s.stop}
            for s in meta.slices
        ],
        "obs": [
            {
                "name": c.name,
                "kind": c.kind,
                "lo": c.lo,
                "hi": c.hi,
                "categories": c.categories,
                "colors": c.colors,
            }
            for c in meta.columns
        ],
    }


def from_attributes(attributes: dict[str, Any], place: str) -> ViewMeta:
    """The attributes as read: every type and range is checked. Raises StoreError."""
    slices = [
        _slice(item, f"{place} (slices[{i}])")
        for i, item in enumerate(_list(attributes.get("slices"), f"{place} (slices)"))
    ]
    start = 0
    for info in slices:
        if info.start != start or info.stop <= info.start:
            raise StoreError(
                f"{place} (slices)",
                f"slice {info.name[:60]!r} at rows {info.start} to {info.stop}",
                f"at least one row, from row {start} on",
            )
        start = info.stop
    columns = [
        _column(item, f"{place} (obs[{i}])")
        for i, item in enumerate(_list(attributes.get("obs"), f"{place} (obs)"))
    ]
    for what, names in (
        ("slices", [s.name for s in slices]),
        ("obs", [c.name for c in columns]),
    ):
        if len(set(names)) < len(names):
            raise StoreError(f"{place} ({what})", "a name that occurs twice", "unique names")
    return ViewMeta(slices, columns)


def _slice(item: object, place: str) -> SliceInfo:
    record = _dict(item, place)
    time = record.get("time")
    return SliceInfo(
        _text(record.get("name"), f"{place}.name"),
        _text(record.get("stage"), f"{place}.stage"),
        None if time is None else _number(time, f"{place}.time"),
        _whole(record.get("start"), f"{place}.start"),
        _whole(record.get("stop"), f"{place}.stop"),
    )


def _column(item: object, place: str) -> ViewColumn:
    record = _dict(item, place)
    kind = record.get("kind")
    if kind not in ("number", "category"):
        raise StoreError(f"{place}.kind", repr(kind)[:60], "'number' or 'category'")
    categories = [
        _text(c, f"{place}.categories")
        for c in _list(record.get("categories"), f"{place}.categories")
    ]
    if len(categories) > MAX_CATEGORIES:
        raise StoreError(
            f"{place}.categories", f"{len(categories)} of them", f"at most {MAX_CATEGORIES}"
        )
    colors = record.get("colors")
    if colors is not None:
        colors = [_text(c, f"{place}.colors") for c in _list(colors, f"{place}.colors")]
        if len(colors) != len(categories) or not all(COLOR.fullmatch(c) for c in colors):
            raise StoreError(
                f"{place}.colors", f"{len(colors)} entries", "one '#rrggbb' per category"
            )
    lo, hi = _number(record.get("lo"), f"{place}.lo"), _number(record.get("hi"), f"{place}.hi")
    if hi < lo:
        raise StoreError(f"{place}.hi", f"{hi} below lo = {lo}", "hi of at least lo")
    name = _text(record.get("name"), f"{place}.name")
    return ViewColumn(name, cast(Literal["number", "category"], kind), lo, hi, categories, colors)


def _dict(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StoreError(place, type(value).__name__, "a JSON object")
    return value


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise StoreError(place, type(value).__name__, "a list")
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise StoreError(place, type(value).__name__, "text")
    return value


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StoreError(place, type(value).__name__, "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise StoreError(place, "a number out of range", "a finite number")
    return number


def _whole(value: object, place: str) -> int:
    if type(value) is not int or value < 0:
        raise StoreError(place, repr(value)[:60], "a whole number of at least 0")
    return value
