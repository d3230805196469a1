"""Tissue images of slices, kept in uns['spatial'] as scanpy draws them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import zarr

from training.store.errors import StoreError, located
from training.store.hierarchy.nodes import child, get_array, get_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.store.places.location import Location
    from training.store.records import SliceInfo

PLACE = "uns/spatial"
IMAGE = "images/hires"
SCALE = "scalefactors/tissue_hires_scalef"
# Pixels of the longer side; more would be more than a browser has room for beside the spots.
LONGEST_SIDE = 2000


class Imaged(Protocol):
    """What is asked of an atlas for its images."""

    @property
    def reference_group(self) -> zarr.Group: ...

    @property
    def slices(self) -> Sequence[SliceInfo]: ...

    @property
    def location(self) -> Location: ...


@dataclass(frozen=True)
class TissueImage:
    """The image of one slice. The corner of its first pixel is the origin of the coordinates.

    Attributes:
        slice: number of the slice.
        width, height: pixels.
        scale: pixels per unit of the coordinates.
    """

    slice: int
    width: int
    height: int
    scale: float
    array: zarr.Array

    def pixels(self) -> np.ndarray:
        """uint8 (height, width, 3). Raises StoreError for what cannot be read."""
        with located(f"{PLACE}, the image of slice {self.slice}"):
            return np.asarray(self.array[...])


def tissue_images(atlas: Imaged) -> list[TissueImage]:
    """The images of an atlas, in the order of their slices; [] where it has none.

    Raises StoreError for one that is not as FORMAT.md says.
    """
    return list(_read(atlas.reference_group, atlas.slices, str(atlas.location)))


def tissue_faults(
    reference: zarr.Group, slices: Sequence[SliceInfo], place: str
) -> Iterator[StoreError]:
    """What is wrong with the first image that is not as FORMAT.md says."""
    try:
        list(_read(reference, slices, place))
    except StoreError as fault:
        yield fault


def _read(reference: zarr.Group, slices: Sequence[SliceInfo], place: str) -> Iterator[TissueImage]:
    if PLACE not in reference:
        return
    where = f"{place}/reference/{PLACE}"
    libraries: Any = child(reference, PLACE, f"{place}/reference")
    if not isinstance(libraries, zarr.Group):
        return
    for number, part in enumerate(slices):
        name = part.name.replace("/", "_")
        if name not in libraries:
            continue
        library = get_group(libraries, name, where)
        array = get_array(library, IMAGE, f"{where}/{name}")
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
            found = f"{array.dtype} of shape {array.shape}"
            raise StoreError(f"{where}/{name}/{IMAGE}", found, "uint8, height × width × 3")
        height, width = array.shape[:2]
        if not 0 < max(height, width) <= LONGEST_SIDE or min(height, width) < 1:
            expected = f"from 1 to {LONGEST_SIDE} pixels a side"
            raise StoreError(f"{where}/{name}/{IMAGE}", f"{width} × {height} pixels", expected)
        with located(f"{where}/{name}/{SCALE}", "a number"):
            scale = float(np.asarray(get_array(library, SCALE, f"{where}/{name}")[()]))
        if not (math.isfinite(scale) and scale > 0):
            raise StoreError(f"{where}/{name}/{SCALE}", f"{scale}", "a number above 0")
        yield TissueImage(number, width, height, scale, array)
