"""The column that tells sections of a file apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.errors import DataError
from training.mapping.reading.sectioncolumn import find_section_column, lie_in_one_tissue

N = 200
HALVES = np.repeat(["left", "right"], N // 2)


def places(sections: int = 2) -> np.ndarray:
    """Grids of like spacing, each turned and shifted, which lie on each other."""
    rng = np.random.default_rng(0)
    grid = np.array([(x, y) for x in range(10) for y in range(N // sections // 10)], dtype=float)
    parts = []
    for _ in range(sections):
        c, s = np.cos(angle := rng.uniform(0, 1)), np.sin(angle)
        parts.append(grid @ np.array([[c, -s], [s, c]]) + rng.uniform(0, 1, 2))
    return np.concatenate(parts)


def test_usual_names_are_found_and_the_choice_is_told() -> None:
    obs = pd.DataFrame(
        {
            "region": np.tile(["a", "b"], N // 2),
            "barcode": [f"s{i}" for i in range(N)],
            "Batch": 1,
            "sample": [f"s{i}" for i in range(N)],
            "Library ID": pd.Categorical(HALVES),
        }
    )
    found = find_section_column("q", obs, places())
    assert found.name == "Library ID"
    assert found.labels is not None
    assert found.labels.tolist() == HALVES.tolist()
    assert found.notes[0].startswith("2 sections were told apart by the column Library ID; name")
    none = find_section_column("q", obs.drop(columns="Library ID"), places())
    assert (none.name, none.labels, none.notes) == ("", None, [])
    assert find_section_column("q", obs, places(), named="none").name == ""


def test_the_finest_of_several_columns_counts() -> None:
    quarters = np.repeat([0.0, 1.0, 2.0, 3.0], N // 4)
    obs = pd.DataFrame({"slide": HALVES, "batch": quarters, "replicate": np.tile([1, 2], N // 2)})
    found = find_section_column("q", obs, None)
    # Replicates cross both, and do not divide further what the first name tells.
    assert found.name == "batch"
    assert found.labels is not None
    assert set(found.labels) == {"0", "1", "2", "3"}
    assert "(slide, replicate would tell others)" in found.notes[0]


def test_a_slice_column_decides_also_for_one() -> None:
    obs = pd.DataFrame({"slice": "one", "sample": HALVES})
    assert find_section_column("q", obs, places()).name == "slice"
    each = obs.assign(slice=np.arange(N))
    assert find_section_column("q", each, places()).name == "sample"
    obs.loc[3, "slice"] = None
    assert find_section_column("q", obs, places()).name == "sample"


def test_values_amid_each_other_in_one_tissue_tell_no_sections() -> None:
    tissue = np.array([(x, y) for x in range(20) for y in range(N // 20)], dtype=float)
    labels = np.random.default_rng(0).permutation(HALVES).astype(object)
    assert lie_in_one_tissue(tissue, labels)
    assert not lie_in_one_tissue(tissue, HALVES.astype(object))
    for sections in (2, 4):
        own = np.repeat(np.arange(sections), N // sections).astype(object)
        assert not lie_in_one_tissue(places(sections), own)
    # All sections of an array may be told by its rows and columns, or lie half a step apart.
    for apart in (0, 0.5):
        both = np.tile(tissue[: N // 2], (2, 1)) + apart * (HALVES == "right")[:, None]
        assert not lie_in_one_tissue(both, HALVES.astype(object))
    found = find_section_column("q", pd.DataFrame({"batch": labels}), tissue)
    assert found.name == ""
    assert found.notes[0].startswith("the column batch was not taken for one of sections")


@pytest.mark.parametrize("values", [2, 3, 10])
def test_chance_labels_of_cells_that_lie_anywhere_tell_no_sections(values: int) -> None:
    """Cells keep no distance here, as few of a thick section do."""
    rng = np.random.default_rng(values)
    labels = rng.integers(0, values, 2_000).astype(object)
    assert lie_in_one_tissue(rng.uniform(size=(2_000, 2)), labels)


def test_thousands_of_values_are_judged_by_some_of_them() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 1_000, 20_000).astype(object)
    assert lie_in_one_tissue(rng.uniform(size=(20_000, 2)), labels)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("slde", "no column slde in obs"),
        ("donor", "the column donor without a value for 1 spots"),
        ("barcode", "200 values in the column barcode for 200 spots"),
    ],
)
def test_a_named_column_that_names_no_sections_is_refused(named: str, found: str) -> None:
    donor = pd.Series(HALVES, dtype=object)
    donor[5] = None
    obs = pd.DataFrame({"slide": HALVES, "donor": donor, "barcode": np.arange(N)})
    with pytest.raises(DataError) as caught:
        find_section_column("q.h5ad", obs, places(), named=named)
    text = str(caught.value)
    assert f"q.h5ad: found {found}; expected a column that names the section" in text
    assert "for example: slide" in text
    assert "what to do: choose such a column as the section column" in text
