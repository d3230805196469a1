"""Tissue images that slices bring: the image under the spots, and its scale."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Pixels of the longer side that are kept: a spot then is some pixels wide, and an image 3 MB.
LONGEST_SIDE = 1000
# With fewer of its spots within, an image is in another frame than the coordinates.
LEAST_WITHIN = 0.9
SIZES = ("hires", "lowres")


@dataclass(frozen=True)
class TissueImage:
    """An image whose first pixel's corner is the origin of the coordinates.

    Attributes:
        pixels: (height, width, 3) uint8.
        scale: pixels of it per unit of the coordinates.
        diameter: of a spot in the unit of the coordinates, NaN where it is not known.
    """

    pixels: NDArray[np.uint8]
    scale: float
    diameter: float = float("nan")


def read_libraries(libraries: Any) -> dict[str, TissueImage]:
    """The images of uns['spatial'] as scanpy keeps them, by library; the larger of two sizes.

    `libraries` is a mapping or a group on disk. What has no image or no scale is left out.
    """
    found = {}
    for name in libraries:
        library = libraries[name]
        if not (_is_mapping(library) and "images" in library and "scalefactors" in library):
            continue
        images, factors = library["images"], library["scalefactors"]
        for size in SIZES:
            if size in images and f"tissue_{size}_scalef" in factors:
                scale = _number(factors, f"tissue_{size}_scalef")
                diameter = _number(factors, "spot_diameter_fullres")
                image = make_image(np.asarray(images[size][...]), scale, diameter)
                if image is not None:
                    found[str(name)] = image
                break
    return found


def read_visium_image(folder: Path) -> TissueImage | None:
    """The image of a folder `spatial` as Space Ranger writes it, None where there is none."""
    scales = folder / "scalefactors_json.json"
    if not scales.is_file():
        return None
    try:
        from PIL import Image
    except ImportError:
        warnings.warn(f"{folder}: reading its image needs Pillow; it is left out", stacklevel=2)
        return None
    factors = json.loads(scales.read_text(encoding="utf-8"))
    for size in SIZES:
        for file in sorted(folder.glob(f"tissue_{size}_image.*")):
            with Image.open(file) as image:
                pixels = np.asarray(image.convert("RGB"))
            scale = _number(factors, f"tissue_{size}_scalef")
            return make_image(pixels, scale, _number(factors, "spot_diameter_fullres"))
    return None


def make_image(pixels: NDArray[Any], scale: float, diameter: float) -> TissueImage | None:
    """An image as it is kept: RGB bytes on white, LONGEST_SIDE at most; None of what is none.

    Args:
        pixels: (height, width) or (height, width, 1, 3 or 4), bytes or numbers from 0 to 1.
        scale: pixels per unit of the coordinates.
        diameter: of a spot, unit of the coordinates.
    """
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or min(pixels.shape) < 1:
        return None
    if not (np.isfinite(scale) and scale > 0):
        return None
    step = -(-max(pixels.shape[:2]) // LONGEST_SIDE)
    small = _shrink(pixels, step) / (255.0 if pixels.dtype.kind in "iu" else 1.0)
    if small.shape[2] == 4:
        small = small[:, :, :3] * small[:, :, 3:] + 1 - small[:, :, 3:]
    rgb = np.repeat(small, 3, axis=2) if small.shape[2] == 1 else small
    made = np.rint(255 * np.clip(np.nan_to_num(rgb), 0, 1)).astype(np.uint8)
    return TissueImage(made, scale / step, diameter)


def _shrink(pixels: NDArray[Any], step: int) -> NDArray[np.float32]:
    """Means of blocks of step × step pixels.

    The last rows and columns that fill no block are less than a pixel of what is kept. Rows are
    taken few at a time: a whole slide as floats would take gigabytes.
    """
    if min(pixels.shape[:2]) < step:
        return pixels[::step, ::step].astype(np.float32)
    height, width = (n // step for n in pixels.shape[:2])
    small = np.empty((height, width, pixels.shape[2]), dtype=np.float32)
    for row in range(height):
        band = pixels[row * step : (row + 1) * step, : width * step].astype(np.float32)
        small[row] = band.reshape(step, width, step, -1).mean(axis=(0, 2))
    return small


def choose_image(
    images: Mapping[str, TissueImage], name: str, alone: bool, coordinates: NDArray[np.floating]
) -> TissueImage | None:
    """The image of a slice: the one of its name, or the only one of a source that is one slice.

    One that fewer than nine in ten of its spots lie on is left out with a warning: its pixels
    are not those that the coordinates count.
    """
    only = next(iter(images.values())) if alone and len(images) == 1 else None
    image = images.get(name, only)
    if image is None:
        return None
    height, width = image.pixels.shape[:2]
    at = np.asarray(coordinates) * image.scale
    within = ((at >= 0) & (at <= [width, height])).all(axis=1).mean()
    if within < LEAST_WITHIN:
        warnings.warn(
            f"the tissue image of slice '{name}' is left out: {1 - within:.0%} of the spots lie "
            "beside it",
            stacklevel=2,
        )
        return None
    return image


def as_libraries(images: Mapping[str, TissueImage]) -> dict[str, Any]:
    """Images by slice as uns['spatial'] of a collection, which scanpy draws."""
    return {
        name.replace("/", "_"): {
            "images": {"hires": image.pixels},
            "scalefactors": {
                "tissue_hires_scalef": float(image.scale),
                "spot_diameter_fullres": float(image.diameter),
            },
        }
        for name, image in images.items()
    }


def _is_mapping(value: Any) -> bool:
    return hasattr(value, "keys") and not hasattr(value, "dtype")


def _number(factors: Any, name: str) -> float:
    """A number of a mapping or group, NaN where it is none."""
    if name not in factors:
        return float("nan")
    value = factors[name]
    try:
        return float(value[()] if hasattr(value, "shape") else value)
    except (TypeError, ValueError):
        return float("nan")
