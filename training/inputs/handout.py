"""Features on disk, for other processes to map: on one machine their memory is used once."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.errors import AtlasError
from training.inputs.correction import Correction
from training.inputs.features import Features, Filling, Scaling
from training.inputs.neighbourhood import Neighbourhood

KINDS = {kind.__name__: kind for kind in (Features, Scaling, Neighbourhood, Correction, Filling)}


def save_features(features: Features, folder: Path) -> None:
    """Write features to a folder, arrays that several parts hold in common once.

    Raises:
        AtlasError: if there is no room.
    """
    written: list[NDArray[Any]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tree = _describe(features, folder, written)
        (folder / "features.json").write_text(json.dumps(tree), encoding="utf-8")
    except OSError as error:
        raise AtlasError(
            f"{folder} cannot be written: {error}. Several processes need room there for counts "
            "and expression of the fitted genes; one process alone needs none."
        ) from error


def load_features(folder: Path) -> Features:
    """Features that `save_features` wrote, their arrays mapped into memory and not read.

    Raises:
        AtlasError: if the folder is not there.
    """
    try:
        tree = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        features: Features = _build(tree, folder)
    except (OSError, ValueError) as error:
        raise AtlasError(
            f"{folder} cannot be read: {error}. All processes of a fit must see the folder that "
            "the atlas is written to; machines need a file system in common."
        ) from error
    return features


def _describe(value: Any, folder: Path, written: list[NDArray[Any]]) -> Any:
    """Plain values that say what `value` is; its arrays are written."""
    if isinstance(value, np.ndarray):
        for number, other in enumerate(written):
            if _is_same(value, other):
                return {"array": number}
        np.save(folder / f"{len(written)}.npy", value)
        written.append(value)
        return {"array": len(written) - 1}
    if isinstance(value, sparse.csr_matrix):
        parts = (value.data, value.indices, value.indptr)
        described = [_describe(part, folder, written) for part in parts]
        return {"csr": described, "shape": list(value.shape)}
    if is_dataclass(value) and type(value).__name__ in KINDS:
        inside = {
            each.name: _describe(getattr(value, each.name), folder, written)
            for each in fields(value)
        }
        return {"kind": type(value).__name__, "fields": inside}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    raise TypeError(f"features hold a {type(value).__name__}, of which no file can be made")


def _is_same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return (
        one.dtype == other.dtype
        and one.shape == other.shape
        and one.strides == other.strides
        and one.__array_interface__["data"] == other.__array_interface__["data"]
    )


def _build(tree: dict[str, Any], folder: Path) -> Any:
    if "array" in tree:
        path = folder / f"{tree['array']}.npy"
        # An empty file cannot be mapped.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        return array if array.size else np.load(path, allow_pickle=False)
    if "csr" in tree:
        parts = tuple(_build(part, folder) for part in tree["csr"])
        return sparse.csr_matrix(parts, shape=tuple(tree["shape"]), copy=False)
    if "kind" in tree:
        inside = {name: _build(part, folder) for name, part in tree["fields"].items()}
        return KINDS[tree["kind"]](**inside)
    return tree["value"]
