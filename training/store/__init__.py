"""The atlas store: one Zarr folder between fitting and browsing. See FORMAT.md.

Names are loaded when first used: Zarr alone takes most of a second to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.store.derived.estimates import Estimates
    from training.store.derived.genelists import factors_csv, factors_gmt
    from training.store.errors import GeneNotFound, StoreError, StoreUnreachable, StoreUnwritten
    from training.store.parts.tissue import TissueImage, tissue_images
    from training.store.reader import Atlas, open_atlas
    from training.store.records import (
        Annotation,
        GeneHit,
        GeneWeight,
        ModelPart,
        ObsColumn,
        SliceInfo,
        StageInfo,
        Values,
    )
    from training.store.schema import FORMAT_VERSION
    from training.store.tables import write_matrix_csv
    from training.store.validate import validate_store
    from training.store.writer import create_atlas

_HOME = {
    "Annotation": "records",
    "Atlas": "reader",
    "Estimates": "derived.estimates",
    "FORMAT_VERSION": "schema",
    "GeneHit": "records",
    "GeneNotFound": "errors",
    "GeneWeight": "records",
    "ModelPart": "records",
    "ObsColumn": "records",
    "SliceInfo": "records",
    "StageInfo": "records",
    "StoreError": "errors",
    "StoreUnreachable": "errors",
    "StoreUnwritten": "errors",
    "TissueImage": "parts.tissue",
    "Values": "records",
    "create_atlas": "writer",
    "factors_csv": "derived.genelists",
    "factors_gmt": "derived.genelists",
    "open_atlas": "reader",
    "tissue_images": "parts.tissue",
    "validate_store": "validate",
    "write_matrix_csv": "tables",
}

__all__ = [
    "FORMAT_VERSION",
    "Annotation",
    "Atlas",
    "Estimates",
    "GeneHit",
    "GeneNotFound",
    "GeneWeight",
    "ModelPart",
    "ObsColumn",
    "SliceInfo",
    "StageInfo",
    "StoreError",
    "StoreUnreachable",
    "StoreUnwritten",
    "TissueImage",
    "Values",
    "create_atlas",
    "factors_csv",
    "factors_gmt",
    "open_atlas",
    "tissue_images",
    "validate_store",
    "write_matrix_csv",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
