"""The unit of a mapped query's coordinates, as far as its registration or its file tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atlas_app.drawing.stacks import unit_scales
from training.store import Atlas


def coordinate_unit(
    atlas: Atlas, report: Mapping[str, Any], sections: Sequence[str]
) -> tuple[str | None, list[float] | None]:
    """The unit of the coordinates, None where it is not known, and what those of each section are
    to be multiplied by to be in it (None: by nothing).

    The atlas's unit where sections were laid onto it, else the one that the query's file names.
    """
    scales = section_scales(atlas, report, sections)
    unit = str(atlas.card.get("coordinate_unit") or "")
    if scales and unit:
        return unit, scales
    told = report.get("coordinate_unit")
    own = told if isinstance(told, str) else ""
    return (own, None) if own else (None, scales)


def section_scales(
    atlas: Atlas, report: Mapping[str, Any], sections: Sequence[str]
) -> list[float] | None:
    """What the coordinates of each section are to be multiplied by to be in the atlas's unit.

    A section that was laid onto a slice, with nothing but a turn and a shift beside this scale, is
    as large as the slice shows it. Of one that was not nothing is known, nor is then of a map that
    shows it beside others: None.

    Args:
        report: of the result; sections: names in its own order.
    """
    told = report.get("registration")
    records = list(told.values()) if isinstance(told, dict) else []
    hosts = {part.name: number for number, part in enumerate(atlas.slices)}
    own = unit_scales(atlas)
    by_name = {str(record["section"]): record for record in records}
    # The only section may have no name in the file.
    alone = records[0] if len(records) == len(sections) == 1 else {}
    scales = []
    for section in sections:
        record = by_name.get(section, alone)
        host = hosts.get(str(record.get("reference")))
        if host is None or not record.get("registered"):
            return None
        scales.append(float(record["scale"]) * own.get(host, 1.0))
    return scales or None
