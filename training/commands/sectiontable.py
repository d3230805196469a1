"""The sections of a mapped query as a table in the terminal."""

from __future__ import annotations

from typing import Any

HEADS = ["section", "spots", "verdict", "out of reference", "stage", "time", "registered with"]


def section_cells(record: dict[str, Any], registered: dict[str, Any]) -> list[str]:
    """Cells of HEADS: `record` of `describe_sections`, `registered` of `register_query`."""
    time = record.get("time")
    stage = f"{record['stage']} ({record['stage_posterior'][record['stage']]:.0%})"
    return [
        record["section"],
        f"{record['n_spots']:,}",
        record["verdict"],
        f"{record['out_of_reference']:.1%}",
        stage,
        f"{time['estimate']:.3g} ({time['low']:.3g} to {time['high']:.3g})" if time else "",
        registered["reference"] if registered["registered"] else "none",
    ]
