"""The JSON description of an atlas: what the browser needs to know before it asks for values."""

from __future__ import annotations

import math
from typing import Any

from atlas_app.drawing.stacks import stacks_of, unit_scales
from atlas_app.stages.alignment import aligned_slices
from atlas_app.words.told import describe_factors, told_of
from training.store import Atlas, tissue_images

# Genes that stand for a factor where there is room for a line only.
TOP_GENES = 5


def describe_atlas(atlas: Atlas, *, atlas_id: str, base: str) -> dict[str, Any]:
    """Description of `atlas`, served as `atlas_id` under the address `base`.

    Slices are in row order: slice i holds the spots `start` (included) to `stop` (excluded) of
    every array the HTTP interface gives. Times are in `units.time`, coordinates in
    `units.coordinate`; a time that is not known is null. Everything is JSON.
    """
    card = atlas.card
    scales = unit_scales(atlas)
    aligned = aligned_slices(atlas)
    images = {
        image.slice: {"width": image.width, "height": image.height, "scale": image.scale}
        for image in tissue_images(atlas)
    }
    return {
        "id": atlas_id,
        "title": str(card.get("title") or atlas.id),
        "base": base,
        "kind": "atlas",
        "spots": True,
        "spot_factors": True,
        "digest": atlas.digest,
        "n_spots": atlas.n_spots,
        "n_genes": atlas.n_genes,
        "n_factors": atlas.n_factors,
        "units": {
            "coordinate": str(card.get("coordinate_unit") or ""),
            "time": str(card.get("time_unit") or ""),
        },
        "slices": [
            {
                "name": part.name,
                "stage": part.stage,
                "time": finite(part.time),
                "start": part.start,
                "stop": part.stop,
                # The pixel of a place is its coordinates times the scale.
                **({"tissue": images[number]} if number in images else {}),
                # Coordinates times this are in one unit over the slices; 1 where it is not there.
                **({"unit_scale": scales[number]} if number in scales else {}),
                # Which slice's coordinates those of the alignment are, and how far alike spots of
                # neighbouring slices then lie apart, in their unit.
                **({"aligned": aligned[number]} if number in aligned else {}),
            }
            for number, part in enumerate(atlas.slices)
        ],
        "stages": [
            {
                "name": stage.name,
                "time": finite(stage.time),
                "n_slices": stage.n_slices,
                "n_spots": stage.n_spots,
            }
            for stage in atlas.stages
        ],
        "obs": [
            {
                "name": column.name,
                "kind": column.kind,
                "categories": list(column.categories),
                "colors": list(column.colors) if column.colors else None,
                "told": told_of(atlas, column.name),
            }
            for column in atlas.obs_columns.values()
        ],
        "stacks": [stack.as_dict() for stack in stacks_of(atlas)],
        "factors": describe_factors(atlas, TOP_GENES),
    }


def finite(value: float | None) -> float | None:
    """`value` as JSON can hold it: None for NaN, infinity and None."""
    return float(value) if value is not None and math.isfinite(value) else None
