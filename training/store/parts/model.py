"""The model part: plain arrays and a configuration, never a pickled object."""

from __future__ import annotations

import re

import numpy as np
import zarr

from training.store.errors import StoreError, located
from training.store.hierarchy.arrays import write_array
from training.store.hierarchy.nodes import attributes, get_array, get_group
from training.store.hierarchy.plain import jsonable
from training.store.records import ModelPart

ARRAY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")
NUMERIC = "biufc"


def check_model(model: ModelPart, place: str) -> ModelPart:
    """The model in the form it is written in. Raises StoreError for object arrays and every other
    dtype that is neither number, boolean nor fixed-width text, for names that are not plain file
    names, and for a configuration that JSON cannot hold."""
    arrays = {}
    for name in sorted(model.arrays):
        if not ARRAY_NAME.fullmatch(name) or name == "zarr.json":
            raise StoreError(
                f"{place}/model",
                f"an array named {name[:80]!r}",
                "letters, digits, '_', '.', '+' and '-', not starting with '.'",
                "rename the array.",
            )
        values = np.asarray(model.arrays[name])
        if values.dtype.kind != "U" and (
            values.dtype.kind not in NUMERIC or values.dtype.itemsize > 16
        ):
            raise StoreError(
                f"{place}/model/{name}",
                f"dtype {values.dtype}",
                "numbers, booleans or fixed-width text",
                "object arrays would have to be pickled; split them into plain arrays.",
            )
        arrays[name] = values
    return ModelPart(arrays, jsonable(model.config, f"{place}/model (config)"))


def write_model(root: zarr.Group, model: ModelPart) -> None:
    """Write `model/`, checked before. Numbers keep their dtype and shape; fixed-width text ('U')
    is stored as UTF-8 and comes back as 'U'."""
    group = root.create_group("model")
    group.attrs["config"] = model.config
    for name, values in model.arrays.items():
        if values.dtype.kind == "U":
            _write_text(group, name, values)
        else:
            write_array(group, name, values.astype(values.dtype.newbyteorder("<"), copy=False))


def read_model(root: zarr.Group, place: str) -> ModelPart:
    """Read `model/` whole into memory."""
    group = get_group(root, "model", place)
    where = f"{place}/model"
    config = attributes(group, where).get("config")
    if not isinstance(config, dict):
        raise StoreError(f"{where} (config)", type(config).__name__, "a JSON object")
    with located(where):
        names = sorted(group.array_keys())
    if not names and not getattr(group.store, "lists", True):
        raise StoreError(
            where,
            "a web server, which does not name what a folder holds",
            "a folder, or object storage that can be listed",
            "copy the store to this machine to map onto it; reading its values works from here.",
        )
    arrays = {}
    for name in names:
        array = get_array(group, name, where)
        with located(f"{where}/{name}"):
            if attributes(array, where).get("text") is True:
                arrays[name] = _read_text(array)
            else:
                arrays[name] = np.asarray(array[...])
    return ModelPart(arrays, config)


def _write_text(group: zarr.Group, name: str, values: np.ndarray) -> None:
    """Text as bytes: the UTF-8 of all strings joined, after a table of their lengths."""
    encoded = [str(text).encode() for text in values.ravel()]
    lengths = np.array([len(text) for text in encoded], dtype="<u8")
    write_array(group, name, np.frombuffer(lengths.tobytes() + b"".join(encoded), dtype=np.uint8))
    group[name].attrs.update({"text": True, "text_shape": list(values.shape)})


def _read_text(array: zarr.Array) -> np.ndarray:
    stored = array.attrs["text_shape"]
    if not isinstance(stored, list | tuple):
        raise ValueError(f"text_shape {stored}")
    shape = tuple(n for n in stored if isinstance(n, int) and 0 <= n <= array.size)
    if len(shape) != len(stored):
        raise ValueError(f"text_shape {stored}")
    count = int(np.prod(shape, dtype=np.int64))
    data = np.asarray(array[:]).tobytes()
    lengths = np.frombuffer(data[: 8 * count], dtype="<u8")
    texts, start = [], 8 * count
    for length in lengths.tolist():
        texts.append(data[start : start + length].decode())
        start += length
    return np.array(texts, dtype=np.str_).reshape(shape)
