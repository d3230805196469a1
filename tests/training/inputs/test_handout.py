"""Features that go through files are the same features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from training.errors import AtlasError
from training.inputs.correction import find_correction
from training.inputs.encoding import Encoding
from training.inputs.features import Features, arrange_features
from training.inputs.graph import normalise_adjacency, radius_graph
from training.inputs.handout import load_features, save_features
from training.inputs.neighbourhood import Neighbourhood

CPU = torch.device("cpu")


def make_features(encoding: Encoding) -> Features:
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(0.5, (30, 8)), dtype=np.float32)
    expression = sparse.csr_matrix((np.log1p(counts.data), counts.indices, counts.indptr), (30, 8))
    slices = np.repeat([0, 1], 15).astype(np.int64)
    graph = radius_graph(rng.uniform(0, 3, (30, 2)), slices, np.ones(2))
    composition = rng.random((30, 6)).astype(np.float32)
    return arrange_features(encoding, counts, expression, graph, composition, slices)


def mapped_file(array: np.ndarray) -> str | None:
    """The file that an array's memory is mapped from, if it is."""
    while not isinstance(array, np.memmap):
        if not isinstance(array.base, np.ndarray):
            return None
        array = array.base
    return str(array.filename)


@pytest.mark.parametrize(
    "encoding", [Encoding("lgcn"), Encoding("gat", paper=True), Encoding("lgcn", inputs="genes")]
)
def test_batches_of_what_was_handed_out_are_the_same(encoding: Encoding, tmp_path: Path) -> None:
    features = make_features(encoding)
    save_features(features, tmp_path / "shared")
    found = load_features(tmp_path / "shared")
    assert (found.hops, found.composed) == (features.hops, features.composed)
    rows = np.array([4, 29, 0])
    ours, theirs = features.gather(rows, CPU), found.gather(rows, CPU)
    for name in ("counts", "expression", "inputs", "slices", "node_slices"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name
    assert len(ours.edges) == len(theirs.edges)
    # Places of counts and expression are written once, and mapped.
    assert mapped_file(found.counts.data) is not None
    assert mapped_file(found.counts.indices) == mapped_file(found.expression.indices)
    assert mapped_file(found.counts.data) != mapped_file(found.expression.data)


def test_what_is_computed_by_rows_and_corrections_go_along(tmp_path: Path) -> None:
    features = make_features(Encoding("lgcn", inputs="genes"))
    graph = radius_graph(np.random.default_rng(1).random((30, 2)), features.slices, np.ones(2))
    computed = Neighbourhood(normalise_adjacency(graph), features.expression)
    correction = find_correction(features.composition, features.slices, 0)
    features = replace(features, neighbourhood=computed, correction=correction)
    save_features(features, tmp_path)
    found = load_features(tmp_path)
    rows = np.arange(30)
    expected = computed[rows].toarray()
    np.testing.assert_array_equal(found.neighbourhood[rows].toarray(), expected)
    assert found.correction is not None
    np.testing.assert_array_equal(found.correction.means, correction.means)


def test_a_folder_that_others_do_not_see_is_told(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="file system in common"):
        load_features(tmp_path / "elsewhere")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(AtlasError, match="cannot be written"):
        save_features(make_features(Encoding("lgcn")), tmp_path / "taken")


def test_a_part_that_no_file_holds_is_refused(tmp_path: Path) -> None:
    features = replace(make_features(Encoding("lgcn")), hops={1, 2})
    with pytest.raises(TypeError, match="set"):
        save_features(features, tmp_path)
