"""Which column of a file says what section a spot is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

OWN = "slice"
"""What the column is called here: it decides where spots have values, but not each its own."""
USUAL = (
    "sliceid",
    "section",
    "sectionid",
    "libraryid",
    "library",
    "sample",
    "sampleid",
    "slide",
    "slideid",
    "origident",
    "batch",
    "replicate",
)
"""What else it is called in files of this field, in lower case without signs; the first counts
where two tell apart the same. Of names of tissue, such as region, none is here."""
NO_COLUMN = "none"
"""The choice that takes all spots of a file as one section."""
LEAST_SPOTS = 20
"""Mean number of spots of a value, below which a column that nobody named tells no sections."""
APART = 1.25
"""Times that spots of one value must lie further from each other than they would if values were
dealt at random over all spots, for these not to lie in one tissue. Spots of one array or cells of
one section keep their distance from each other; among those of several sections, each in
coordinates of its own, lie others in between. Two grids of one spacing and direction have 1.4 at
least."""
DEALT = 3
"""Times that values are dealt."""
VALUES_TRIED = 200
SPOTS_TRIED = 20_000


@dataclass(frozen=True)
class SectionColumn:
    """The column that names sections.

    Attributes:
        name: of the column; "" where there is none.
        labels: (n,) section of each spot; None where there is no column.
        notes: what a reader should know.
    """

    name: str
    labels: NDArray[np.object_] | None
    notes: list[str]


def find_section_column(
    place: str,
    obs: pd.DataFrame,
    positions: NDArray[np.floating] | None,
    *,
    named: str = "",
    region: str | None = None,
) -> SectionColumn:
    """The column that tells sections of a file apart, as it was named or by what it is called.

    Args:
        positions: (n, 2), None where they are not known.
        named: the column to take, or NO_COLUMN; "" looks for one.
        region: the column that the file itself names for its regions.

    Raises:
        DataError: for a named column that is not there or names no sections.
    """
    if named == NO_COLUMN and NO_COLUMN not in obs:
        return SectionColumn("", None, [])
    if named:
        return SectionColumn(named, _require(place, obs, named), [])
    if OWN in obs and not obs[OWN].isna().any() and not _of_spots(obs[OWN]):
        unused = _candidates(obs, region) if obs[OWN].nunique() == 1 else []
        notes = [
            f"all spots are of one section by the column {OWN}; name {name} as the section column "
            "if it tells sections apart"
            for name in unused[:1]
        ]
        return SectionColumn(OWN, section_labels(obs[OWN]), notes)
    found = {name: section_labels(obs[name]) for name in _candidates(obs, region)}
    notes = []
    if positions is not None:
        mixed = [name for name, labels in found.items() if lie_in_one_tissue(positions, labels)]
        found = {name: labels for name, labels in found.items() if name not in mixed}
        notes = [
            f"the column {name} was not taken for one of sections: spots of its values lie among "
            "each other in one tissue"
            for name in mixed
        ]
    if not found:
        return SectionColumn("", None, notes)
    chosen = _finest(found)
    labels = found[chosen]
    others = [name for name in found if name != chosen and not _same(found[name], labels)]
    also = f" ({', '.join(others)} would tell others)" if others else ""
    notes.append(
        f"{len(np.unique(labels)):,} sections were told apart by the column {chosen}{also}; name "
        f"another as the section column, or {NO_COLUMN}, if that is not so"
    )
    return SectionColumn(chosen, labels, notes)


def section_labels(column: pd.Series) -> NDArray[np.object_]:
    """The values (n,) of a column as text; whole numbers without a decimal point."""
    if column.dtype.kind == "f" and np.isfinite(column).all() and (column % 1 == 0).all():
        column = column.astype(np.int64)
    return column.astype(str).to_numpy(dtype=object)


def lie_in_one_tissue(positions: NDArray[np.floating], labels: NDArray[np.object_]) -> bool:
    """Whether spots (n, 2) of different labels (n,) lie among each other as those of one section
    do, no nearer than those of one label: then the labels tell no sections apart."""
    codes = np.unique(labels.astype(str), return_inverse=True)[1]
    generator = np.random.default_rng(0)
    if codes.max() >= VALUES_TRIED:
        inside = codes < VALUES_TRIED
        positions, codes = positions[inside], codes[inside]
    tried = np.arange(0, len(codes), -(-len(codes) // SPOTS_TRIED))
    nearest = cKDTree(positions).query(positions[tried], k=2)[1][:, 1]
    chance = 1 - ((np.bincount(codes) / len(codes)) ** 2).sum()
    if (codes[nearest] != codes[tried]).mean() < chance / 2:
        return False
    own = _distance_within(positions, codes, tried)
    dealt = [_distance_within(positions, generator.permutation(codes), tried) for _ in range(DEALT)]
    return own < APART * float(np.mean(dealt))


def _distance_within(
    positions: NDArray[np.floating], codes: NDArray[np.intp], tried: NDArray[np.intp]
) -> float:
    """The distance within which a tenth of the `tried` have a spot of the same code."""
    distances = np.full(len(codes), np.inf)
    asked = np.zeros(len(codes), dtype=bool)
    asked[tried] = True
    for code in np.unique(codes[tried]):
        group = positions[codes == code]
        rows = asked & (codes == code)
        if len(group) > 1:
            distances[rows] = cKDTree(group).query(positions[rows], k=2)[0][:, 1]
    return float(np.quantile(distances[tried], 0.1))


def _candidates(obs: pd.DataFrame, region: str | None) -> list[str]:
    """Columns whose name and values may tell sections apart, the likeliest name first."""
    order = {name: index for index, name in enumerate(USUAL)}
    usual = [str(name) for name in obs.columns if _bare(str(name)) in order]
    usual.sort(key=lambda name: order[_bare(name)])
    named = [region] if region is not None and region in obs else []
    return [name for name in dict.fromkeys([*named, *usual]) if _may_tell(obs[name])]


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _may_tell(column: pd.Series) -> bool:
    """Whether each spot has one of a few values, of which there are two at least."""
    if getattr(column, "ndim", 1) != 1 or column.isna().any():
        return False
    if column.dtype.kind == "f" and not (column % 1 == 0).all():
        return False
    return 2 <= column.nunique() <= len(column) / LEAST_SPOTS


def _of_spots(column: pd.Series) -> bool:
    """Whether a column has values of their own for most spots."""
    return 1 < len(column) < 2 * column.nunique()


def _finest(found: dict[str, NDArray[np.object_]]) -> str:
    """The first column that no other divides further."""
    for name, labels in found.items():
        finer = [
            other
            for other, each in found.items()
            if other != name and _refines(each, labels) and not _refines(labels, each)
        ]
        if not finer:
            return name
    raise AssertionError("refinement is an order")


def _refines(fine: NDArray[np.object_], coarse: NDArray[np.object_]) -> bool:
    """Whether each label of `fine` lies within one of `coarse`."""
    return len(set(zip(fine, coarse, strict=True))) == len(set(fine))


def _same(one: NDArray[np.object_], other: NDArray[np.object_]) -> bool:
    return _refines(one, other) and _refines(other, one)


def _require(place: str, obs: pd.DataFrame, named: str) -> NDArray[np.object_]:
    """Labels (n,) of the column that was named."""
    found = ""
    if named not in obs:
        found = f"no column {named} in obs"
    elif obs[named].isna().any():
        found = f"the column {named} without a value for {int(obs[named].isna().sum()):,} spots"
    elif _of_spots(obs[named]):
        found = f"{obs[named].nunique():,} values in the column {named} for {len(obs):,} spots"
    if not found:
        return section_labels(obs[named])
    likely = _candidates(obs, None) or [str(name) for name in obs.columns if name != named]
    raise DataError(
        [
            Problem(
                place,
                found,
                "a column that names the section of every spot, one value for all its spots",
                likely[:5],
                "choose such a column as the section column, leave it out to have it looked for, "
                f"or take {NO_COLUMN} for one section",
            )
        ]
    )
