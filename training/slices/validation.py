"""What raw spatial counts must satisfy; each check returns located problems and never raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from training.errors import Problem

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

EXAMPLES = 5
BLOCK = 1 << 22
# Above this float32 no longer holds every integer.
LARGEST_COUNT = 2**24
# Values of log1p counts stay below this for any library (e^20 is 485 million).
LARGEST_LOG = 20.0
RAW_REMEDY = "put the raw counts, as they came from the instrument's software, into X"


def check_counts(
    place: str, counts: csr_matrix, spots: Sequence[str], genes: Sequence[str], hint: str = ""
) -> list[Problem]:
    """Raw counts are finite, non-negative integers.

    Args:
        place: slice or file named in the problems.
        counts: (n spots, n genes), any number type.
        spots: n spot names.
        genes: n gene names.
        hint: where raw counts may be found instead; leads the remedy.
    """
    values = counts.data
    if values.dtype.kind in "bu" and values.itemsize < 4:
        return []
    kinds = ("missing", "negative", "fraction", "large")
    number = dict.fromkeys(kinds, 0)
    first: dict[str, list[int]] = {kind: [] for kind in kinds}
    for start in range(0, values.size, BLOCK):
        block = values[start : start + BLOCK]
        finite = np.isfinite(block)
        masks = {
            "missing": ~finite,
            "negative": finite & (block < 0),
            "fraction": finite & (block != np.rint(block)),
            "large": finite & (block > LARGEST_COUNT),
        }
        for kind, mask in masks.items():
            count = int(np.count_nonzero(mask))
            if count:
                number[kind] += count
                room = EXAMPLES - len(first[kind])
                first[kind].extend((np.flatnonzero(mask)[:room] + start).tolist())

    def examples(kind: str) -> list[str]:
        rows = np.searchsorted(counts.indptr, first[kind], side="right") - 1
        columns = counts.indices[first[kind]]
        return [
            f"{spots[row]}, {genes[column]}: {values[at]:g}"
            for row, column, at in zip(rows, columns, first[kind], strict=True)
        ]

    remedy = hint or RAW_REMEDY
    problems = []
    if number["missing"]:
        found = f"{number['missing']:,} counts that are NaN or infinite"
        problems.append(Problem(place, found, "raw integer counts", examples("missing"), remedy))
    if number["negative"]:
        found = f"{number['negative']:,} negative values (scaled or centred data?)"
        problems.append(Problem(place, found, "raw integer counts", examples("negative"), remedy))
    if number["fraction"]:
        finite_top = np.nanmax(values[np.isfinite(values)], initial=0.0)
        guess = "log-normalised" if finite_top <= LARGEST_LOG else "normalised"
        found = f"{number['fraction']:,} values that are not integers ({guess} data?)"
        problems.append(Problem(place, found, "raw integer counts", examples("fraction"), remedy))
    if number["large"]:
        found = f"{number['large']:,} counts above {LARGEST_COUNT:,}"
        problems.append(
            Problem(place, found, "raw counts that single precision holds", examples("large"))
        )
    return problems


def check_coordinates(
    place: str, coordinates: Any, spots: Sequence[str], key: str, hint: str = ""
) -> tuple[np.ndarray | None, list[Problem]]:
    """Coordinates are one finite pair per spot.

    Returns:
        The coordinates, float32 (n spots, 2), None where they cannot be used; and the problems.
    """
    expected = f"coordinates of {len(spots)} spots in obsm['{key}'], two finite numbers each"
    remedy = "put x and y of each spot into obsm['" + key + "']" + (f"; {hint}" if hint else "")
    if coordinates is None:
        return None, [Problem(place, f"no obsm['{key}']", expected, remedy=remedy)]
    try:
        if hasattr(coordinates, "toarray"):
            coordinates = coordinates.toarray()
        values = np.asarray(coordinates, dtype=np.float64)
    except (TypeError, ValueError):
        return None, [Problem(place, f"obsm['{key}'] that is not numbers", expected, (), remedy)]
    if values.shape != (len(spots), 2):
        remedy = (
            "keep the two columns of the section's plane; a third, the depth, goes into obs['z']"
            if values.ndim == 2 and values.shape[1] > 2
            else remedy
        )
        found = f"obsm['{key}'] of shape {values.shape}"
        return None, [Problem(place, found, expected, (), remedy)]
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if wrong.size:
        found = f"{wrong.size:,} spots with coordinates that are NaN or infinite"
        shown = [f"{spots[i]}: ({values[i, 0]:g}, {values[i, 1]:g})" for i in wrong[:EXAMPLES]]
        remedy = "give these spots coordinates or remove them"
        return None, [Problem(place, found, expected, shown, remedy)]
    if len(spots) > 1 and (values == values[0]).all():
        found = f"all {len(spots):,} spots at ({values[0, 0]:g}, {values[0, 1]:g})"
        return None, [Problem(place, found, "spots at different places", (), remedy)]
    return values.astype(np.float32), []


def check_names(place: str, names: Sequence[str], what: str, remedy: str) -> list[Problem]:
    """Names of spots or genes are there once each."""
    unique, first, count = np.unique(
        np.asarray(names, dtype=object).astype(str), return_index=True, return_counts=True
    )
    repeated = np.flatnonzero(count > 1)
    if not repeated.size:
        return []
    repeated = repeated[np.argsort(first[repeated])]
    shown = [f"{unique[i]} ({count[i]} times)" for i in repeated[:EXAMPLES]]
    found = f"{repeated.size:,} names of {what} that occur more than once"
    return [Problem(place, found, f"each {what} name once", shown, remedy)]


def check_copies(
    place: str, counts: csr_matrix, coordinates: np.ndarray, spots: Sequence[str]
) -> list[Problem]:
    """No two spots have the same place and the same counts.

    Two cells may share a place (one above the other), and two spots may share their counts; both
    at once is a spot written twice. Spots without counts are not compared.
    """
    import pandas as pd

    filled = np.flatnonzero(np.diff(counts.indptr) > 0)
    shared = filled[pd.DataFrame(coordinates[filled]).duplicated(keep=False).to_numpy()]
    seen: dict[tuple[bytes, bytes, bytes], int] = {}
    pairs = []
    for row in shared.tolist():
        part = slice(counts.indptr[row], counts.indptr[row + 1])
        key = (
            coordinates[row].tobytes(),
            counts.indices[part].tobytes(),
            counts.data[part].tobytes(),
        )
        if key in seen:
            pairs.append(f"{spots[row]} = {spots[seen[key]]}")
        else:
            seen[key] = row
    if not pairs:
        return []
    found = f"{len(pairs):,} spots with the place and counts of another"
    remedy = "remove the copies"
    return [Problem(place, found, "each spot once", pairs[:EXAMPLES], remedy)]
