"""What is said of each section of a query that holds several."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mapping.reading.query import Query
from training.mapping.staging.placement import PlacedSection
from training.mapping.verdict import judge_share


def describe_sections(
    query: Query,
    outside: NDArray[np.bool_],
    placed: list[PlacedSection],
    domains: list[dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """A record for each section by its number from '0': 'section', its name, 'n_spots',
    'out_of_reference' (share of its spots), 'verdict' of VERDICTS, 'stage', the likeliest, what
    `PlacedSection.report` has and, for an atlas of several stages, 'stage_by_domain'; {} where
    there is one section, which the whole report is of.

    Args:
        outside: (n,) spots out of reference; placed: the stage of each section; domains: what
            `place_domains` found of each, {} for nothing.
    """
    if query.n_sections == 1:
        return {}
    records = {}
    for number, (name, each) in enumerate(zip(query.section_names, placed, strict=True)):
        inside = query.slices == number
        share = float(outside[inside].mean())
        records[str(number)] = {
            "section": name,
            "n_spots": int(inside.sum()),
            "out_of_reference": round(share, 4),
            "verdict": judge_share(share),
            "stage": each.stage,
            **each.report(),
            **({"stage_by_domain": domains[number]} if domains[number] else {}),
        }
    return records
