"""The written format, the code and the first store ever committed agree."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest

import training.store
from training.store import open_atlas, validate_store
from training.store.schema import (
    DESCRIPTION_COLUMNS,
    ELEMENTS,
    ENSEMBL_COLUMNS,
    EXPANSION_LIMIT,
    FORMAT_VERSION,
    LITTER,
    MAX_CATEGORIES,
    SHARD_GENES,
    SPARSE_CHUNK,
    SYMBOL_COLUMNS,
)

DOCUMENT = (Path(training.store.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
GOLDEN = Path(__file__).parent / "golden"


def element_table() -> Iterator[tuple[str, ...]]:
    """Rows of the table whose header starts with Path."""
    rows = iter(DOCUMENT.splitlines())
    for line in rows:
        if line.startswith("| Path |"):
            next(rows)
            break
    for line in rows:
        if not line.startswith("|"):
            return
        yield tuple(cell.strip() for cell in line.strip("|").split("|"))


def test_the_table_of_elements_is_that_of_the_code() -> None:
    written = list(element_table())
    coded = [
        (f"`{e.path}`", e.node, e.version, e.dtype, " × ".join(e.shape) or "-", e.chunks)
        for e in ELEMENTS
    ]
    assert written == coded


def test_the_document_names_version_and_constants() -> None:
    assert DOCUMENT.startswith(f"# The atlas store, format {FORMAT_VERSION}\n")
    for constant in (SHARD_GENES, MAX_CATEGORIES, f"{SPARSE_CHUNK:,}", f"{EXPANSION_LIMIT:,}"):
        assert str(constant) in DOCUMENT
    for name in (*SYMBOL_COLUMNS, *ENSEMBL_COLUMNS, *DESCRIPTION_COLUMNS, *LITTER):
        assert f"`{name}`" in DOCUMENT


def test_every_element_is_in_a_store_with_its_version() -> None:
    root = json.loads((GOLDEN / "v1.atlas.zarr" / "zarr.json").read_text(encoding="utf-8"))
    stated = root["attributes"]["inspire_atlas"]["elements"]
    assert stated == {e.path: e.version for e in ELEMENTS}
    for element in ELEMENTS:
        assert (GOLDEN / "v1.atlas.zarr" / element.path / "zarr.json").is_file()


def test_the_golden_store_is_sound() -> None:
    assert validate_store(GOLDEN / "v1.atlas.zarr") == []


def compare(found: Any, expected: Any, place: str = "") -> None:
    """Equal, numbers to a millionth."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), place
        for key, value in expected.items():
            compare(found[key], value, f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for i, value in enumerate(expected):
            compare(found[i], value, f"{place}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-6), place
    else:
        assert found == expected, place


def test_the_golden_store_answers_as_it_did() -> None:
    expected = json.loads((GOLDEN / "v1.expected.json").read_text(encoding="utf-8"))
    answers = runpy.run_path(str(Path(__file__).with_name("make_golden.py")))["answers"]
    compare(json.loads(json.dumps(answers(open_atlas(GOLDEN / "v1.atlas.zarr")))), expected)


def test_the_golden_answers_are_those_of_its_formulas() -> None:
    """The expected answers follow from the source, not only from the code that wrote them."""
    source = runpy.run_path(str(Path(__file__).with_name("make_golden.py")))["golden_atlas"]()
    expected = json.loads((GOLDEN / "v1.expected.json").read_text(encoding="utf-8"))
    counts = source.X.toarray()
    scaled = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    for g, name in enumerate(expected["genes"]):
        np.testing.assert_array_equal(expected["counts"][name], counts[:, g])
        np.testing.assert_allclose(expected["gene"][name], scaled[:, g], rtol=1e-6)
        data, lo, hi, kind, categories = expected["values"][f"gene:{name}"]
        assert (lo, kind, categories) == (0.0, "number", None)
        np.testing.assert_allclose(np.array(data) / 254 * hi, scaled[:, g], atol=hi / 508 + 1e-6)
    np.testing.assert_allclose(expected["factors"], source.obsm["factors"], rtol=1e-6)


def test_the_golden_reference_opens_with_anndata() -> None:
    data = anndata.read_zarr(GOLDEN / "v1.atlas.zarr" / "reference")
    assert data.shape == (18, 6)
    assert data.obs["stage"].cat.ordered
    assert data.obs["donor"].tolist()[8:10] == ["donor 0", "donor 1"]


def test_the_golden_store_is_small() -> None:
    files = [p for p in GOLDEN.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 150_000
