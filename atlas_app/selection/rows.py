"""Tables of a comparison: rows as plain dictionaries, and what all of them share."""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas_app.selection.contrast import Contrast
from atlas_app.stages.rows import Row, number
from atlas_app.stages.samples import choose_samples
from training.store import Atlas

DIRECTIONS = {"both": "higher or lower", "up": "higher in A", "down": "lower in A"}


def contrast_rows(
    found: Contrast, most: int | None = None, part: str = "", direction: str = "both"
) -> list[Row]:
    """One row per gene, the clearest first: those whose name holds `part`, in any case."""
    difference = found.difference
    order = found.order()
    if direction != "both":
        effect = difference.effect[order]
        order = order[effect > 0 if direction == "up" else effect < 0]
    wanted = part.lower()
    chosen = [i for i in order.tolist() if wanted in found.names[i].lower()]
    return [
        {
            "gene": found.names[i],
            "log2_fold_change": number(difference.effect[i]),
            "low": number(difference.low[i]),
            "high": number(difference.high[i]),
            "p": number(difference.p[i]),
            "q": number(difference.q[i]),
            "share_a": number(found.share_a[i]),
            "share_b": number(found.share_b[i]),
            "mean_a": number(found.mean_a[i]),
            "mean_b": number(found.mean_b[i]),
            "n_a": int(found.n_a[i]),
            "n_b": int(found.n_b[i]),
        }
        for i in (chosen if most is None else chosen[:most])
    ]


def contrast_columns(found: Contrast) -> dict[str, Any]:
    """What all rows of a comparison share, for files."""
    design = found.design
    return {
        "b_is": "the rest" if found.rest else "a second selection",
        "test": test_name(found),
        "slices_a": len(design.a),
        "slices_b": len(design.b),
        "paired": design.within,
        "spots_a": int(design.spots_a.sum()),
        "spots_b": int(design.spots_b.sum()),
    }


def test_name(found: Contrast) -> str:
    if found.test == "spots":
        return "Wilcoxon rank-sum over spots, pooled over slices, which are no replicates"
    return {
        "paired": f"moderated paired t over {found.samples.unit}s",
        "unpaired": f"moderated t over {found.samples.unit}s",
        "none": f"none: a side with one {found.samples.unit}",
    }[found.design.kind]


def contrast_facts(atlas: Atlas, found: Contrast) -> dict[str, Any]:
    """What a reader is told of a comparison beside its rows."""
    design = found.design
    q = found.difference.q

    def slices(which: Any, spots: Any) -> list[Row]:
        return [
            {"slice": found.samples.names[i], "spots": int(n)}
            for i, n in zip(which, spots, strict=True)
        ]

    return {
        **contrast_columns(found),
        "design": design.kind,
        "unit": found.samples.unit,
        "specimens": choose_samples(atlas, "specimens").pooled,
        "tested": found.tested,
        "counted_a": slices(design.a, design.spots_a),
        "counted_b": slices(design.b, design.spots_b),
        "left_out": [found.samples.names[i] for i in design.left_out],
        "shared_spots": found.shared,
        "genes": len(found.names),
        "genes_below_05": int(np.count_nonzero(q < 0.05)),
        "few_counts": found.untested[0],
        "unmeasured": found.untested[1],
    }
