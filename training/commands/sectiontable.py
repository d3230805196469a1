"""The sections of a mapped query as a table in the terminal."""

from __future__ import annotations

from typing import Any

from training.mapping.verdict import VERDICTS

HEADS = ["section", "spots", "verdict", "out of reference", "stage", "time", "registered with"]


def section_cells(record: dict[str, Any], registered: dict[str, Any]) -> list[str]:
    """Cells of HEADS: `record` of `describe_sections`, `registered` of `register_query`.

    Of a foreign section no stage and time is told: they say nothing of it.
    """
    time, stage = record.get("time"), record["stage"]
    told = [
        f"{stage} ({record['stage_posterior'][stage]:.0%})",
        f"{time['estimate']:.3g} ({time['low']:.3g} to {time['high']:.3g})" if time else "",
    ]
    if record["verdict"] == VERDICTS[2]:
        told = ["not told", "not told"]
    return [
        record["section"],
        f"{record['n_spots']:,}",
        record["verdict"],
        f"{record['out_of_reference']:.1%}",
        *told,
        registered["reference"] if registered["registered"] else "none",
    ]
