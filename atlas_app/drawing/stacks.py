"""Which sections of an atlas are of one specimen, and where they lie in it.

A stack is two or more slices of one specimen. A column of obs says which slices are of one
specimen; without one, slices of one stage are taken together, and `told` says that nobody said so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.store import Atlas
from training.store.derived.specimens import specimens_of

DEPTH_UNITS = {"z_um": "um"}
"""Unit of a column of depths by its name; any other column is in the unit of the coordinates."""
MICROMETRES = frozenset({"um", "µm", "μm", "micrometre", "micrometer", "micron", "microns"})


@dataclass(frozen=True)
class Section:
    """A slice in its stack: `slice` is its number, `z` its depth, None where it is not known.

    `registered` says whether it shares a frame with others; `residual` is how far matched spots
    still lie apart, in coordinate units, None where it is not known.
    """

    slice: int
    z: float | None
    registered: bool
    reflected: bool
    rotation: float | None
    residual: float | None
    inlier_share: float | None


@dataclass(frozen=True)
class Stack:
    """Sections of one specimen, from the first to the last.

    Attributes:
        name: unique in the atlas.
        stage: of all of its sections.
        specimen: as the column `told` names it; '' where no column does.
        told: that column, or ''.
        depth: 'given', or 'order' where the sections only follow one another.
        depth_unit: '' where it is not known.
        in_proportion: depth and plane are in one unit.
    """

    name: str
    stage: str
    specimen: str
    told: str
    depth: str
    depth_unit: str
    in_proportion: bool
    sections: tuple[Section, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON; `sections` becomes a list of objects."""
        return asdict(self)


def stacks_of(atlas: Atlas) -> list[Stack]:
    """The stacks of an atlas in the order of its stages; [] when every specimen has one slice."""
    records = alignment_records(atlas)
    known = {atlas.slices[i].name: record_of(i, atlas, records) for i in range(len(atlas.slices))}
    told, specimens = specimens_of(atlas)
    groups: dict[tuple[str, str], list[Section]] = {}
    for part, specimen in zip(atlas.slices, specimens, strict=True):
        groups.setdefault((part.stage, specimen), []).append(known[part.name])
    unit = str(atlas.card.get("coordinate_unit") or "")
    column = _depth_column(atlas, records)
    stages = [stage.name for stage in atlas.stages]
    several: dict[str, int] = {}
    for (stage, _), sections in groups.items():
        several[stage] = several.get(stage, 0) + (len(sections) > 1)
    found = []
    for (stage, specimen), sections in groups.items():
        if len(sections) < 2:
            continue
        depths = [section.z for section in sections]
        given = all(depth is not None for depth in depths) and len(set(depths)) > 1
        if given:
            sections = sorted(sections, key=lambda section: section.z or 0.0)
        depth_unit = DEPTH_UNITS.get(column, unit) if given else ""
        name = " ".join(dict.fromkeys(part for part in (stage, specimen) if part)) or "All sections"
        found.append(
            Stack(
                name=name,
                stage=stage,
                specimen=specimen,
                told=told,
                depth="given" if given else "order",
                depth_unit=depth_unit,
                in_proportion=given and _same_unit(depth_unit, unit),
                sections=tuple(sections),
            )
        )
    return sorted(found, key=lambda stack: stages.index(stack.stage))


def stack_coordinates(
    atlas: Atlas, stacks: Sequence[Mapping[str, Any]] | None = None
) -> NDArray[np.float32]:
    """x, y and depth of every spot, float32 (n, 3).

    x and y are the registered coordinates, or those of the source where the atlas has no others.
    The third is the depth of the slice where its stack has depths, else its number in its stack
    from 0; slices of no stack have 0.

    Args:
        stacks: of the atlas, as `Stack.as_dict` gives them; found anew without.
    """
    if stacks is None:
        stacks = [stack.as_dict() for stack in stacks_of(atlas)]
    plane = atlas.aligned if atlas.aligned is not None else atlas.coordinates("spatial")
    result = np.zeros((atlas.n_spots, 3), dtype=np.float32)
    result[:, :2] = plane[:, :2]
    for stack in stacks:
        for number, section in enumerate(stack["sections"]):
            part = atlas.slices[section["slice"]]
            result[part.start : part.stop, 2] = (
                section["z"] if stack["depth"] == "given" else number
            )
    return result


def record_of(index: int, atlas: Atlas, records: Mapping[str, Mapping[str, Any]]) -> Section:
    """What the card says of a slice, as far as it says anything that can be used."""
    record = records.get(atlas.slices[index].name, {})
    return Section(
        slice=index,
        z=_number(record.get("z")),
        registered=bool(record.get("registered")) and atlas.aligned is not None,
        reflected=bool(record.get("reflected")),
        rotation=_number(record.get("rotation")),
        residual=_number(record.get("residual")),
        inlier_share=_number(record.get("inlier_share")),
    )


def unit_scales(atlas: Atlas) -> dict[int, float]:
    """What the coordinates of slices are to be multiplied by to be in one unit, by slice number;
    only where it is not 1. The alignment found it, where images differed in resolution."""
    records = alignment_records(atlas)
    found = {}
    for number, part in enumerate(atlas.slices):
        scale = _number(records.get(part.name, {}).get("scale"))
        registered = record_of(number, atlas, records).registered
        if registered and scale is not None and scale > 0 and scale != 1:
            found[number] = scale
    return found


def alignment_records(atlas: Atlas) -> dict[str, dict[str, Any]]:
    """What the card says of the alignment of each slice, by its name."""
    return {
        str(record.get("slice")): record
        for record in atlas.card.get("alignment") or []
        if isinstance(record, dict)
    }


def unit_words(unit: str) -> str:
    """A unit as people write it: µm, however it is spelt."""
    return "µm" if unit.strip().lower() in MICROMETRES else unit


def _depth_column(atlas: Atlas, records: Mapping[str, Mapping[str, Any]]) -> str:
    """The column that depths were taken from, as the card tells or the columns suggest."""
    named = {str(record["z_column"]) for record in records.values() if record.get("z_column")}
    if named:
        return min(named)
    return next((column for column in DEPTH_UNITS if column in atlas.obs_columns), "")


def _same_unit(one: str, other: str) -> bool:
    one, other = one.strip().lower(), other.strip().lower()
    return one == other or (one in MICROMETRES and other in MICROMETRES)


def _number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None
