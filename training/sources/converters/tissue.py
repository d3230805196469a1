"""Tissue images in the layout scanpy draws."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import MissingExtraError

LONGEST_SIDE = 1000
# Spots of the arrays used here are half as wide as the distance of their centres.
DIAMETER_PER_PITCH = 0.5


def tissue_image(path: Path, coordinates: np.ndarray) -> dict[str, Any]:
    """One library of uns['spatial']: a reduced image and the scale to it.

    Args:
        path: full-resolution image.
        coordinates: (n spots, 2) centres in pixels of that image, x then y.

    Returns:
        images.lowres (height, width, 3) uint8 of at most 1,000 pixels; scalefactors with
        tissue_lowres_scalef (reduced pixels per full pixel) and spot_diameter_fullres (pixels).

    Raises:
        MissingExtraError: without the reader of images.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("reading tissue images", "data") from error
    from scipy.spatial import cKDTree

    with warnings.catch_warnings():
        # Slide scans are larger than the size at which the reader suspects an attack.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            full = max(image.size)
            # JPEG can be decoded at a fraction of its size: a slide never lies in memory whole.
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            reduced = image.convert("RGB")
    reduced.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
    distances = cKDTree(coordinates).query(coordinates, k=2)[0][:, 1]
    return {
        "images": {"lowres": np.asarray(reduced, dtype=np.uint8)},
        "scalefactors": {
            "tissue_lowres_scalef": max(reduced.size) / full,
            "spot_diameter_fullres": float(np.median(distances)) * DIAMETER_PER_PITCH,
        },
        "metadata": {"image": path.name},
    }
