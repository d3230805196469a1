"""The unit of length that an AnnData file says its coordinates are in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPELT = {
    "nm": ("nm", "nanometre", "nanometer"),
    "um": ("um", "µm", "μm", "micrometre", "micrometer", "micron"),
    "mm": ("mm", "millimetre", "millimeter"),
}
KNOWN = {word + s: unit for unit, words in SPELT.items() for word in words for s in ("", "s")}
LONGEST = 32


def length_unit(told: Any) -> str:
    """For a text that names one of the three in any spelling "nm", "um" or "mm", else ""."""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
    if not isinstance(text, str) or len(text) > LONGEST:
        return ""
    return KNOWN.get(text.strip().lower(), "")


def stated_unit(uns: Mapping[str, Any]) -> str:
    """What `uns['source']['coordinate_unit']` of a group on disk names, as `length_unit` has it.

    Whatever else stands there, or cannot be read, is as if nothing stood there: of no other part
    of the file does it say anything.
    """
    try:
        source = uns.get("source", {})
        element = {} if hasattr(source, "dtype") else source
        told: Any = element.get("coordinate_unit")
        return length_unit(told[()]) if getattr(told, "shape", None) == () else ""
    # h5py and zarr raise almost any type on broken parts.
    except Exception:
        return ""
