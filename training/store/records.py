"""The small immutable records that an atlas hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["number", "category"]


@dataclass(frozen=True)
class SliceInfo:
    """One slice: rows `start` to `stop` (exclusive) of spot-wise arrays. `time` may be None."""

    name: str
    stage: str
    time: float | None
    start: int
    stop: int

    @property
    def n_spots(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class StageInfo:
    """One stage, in order of development. `time` is the mean of its slices' times, or None."""

    name: str
    time: float | None
    n_slices: int
    n_spots: int


@dataclass(frozen=True)
class ObsColumn:
    """A column of spots that can be drawn. `colors` are '#rrggbb', one per category, or None."""

    name: str
    kind: Kind
    categories: list[str] = field(default_factory=list)
    colors: list[str] | None = None


@dataclass(frozen=True)
class Values:
    """One value per spot as a byte.

    A number is `lo + byte / 254 * (hi - lo)`, 255 is missing; of a category the byte is the
    index in `categories`, 255 is missing. Of a gene, byte 0 is a count of zero and only that.
    """

    data: np.ndarray
    lo: float
    hi: float
    kind: Kind
    categories: list[str] | None = None


@dataclass(frozen=True)
class GeneHit:
    """One answer of the gene search. `symbol`, `ensembl_id` and `description`, which says in words
    what the gene is, are '' when the atlas has none."""

    name: str
    symbol: str
    ensembl_id: str
    fitted: bool
    description: str = ""


@dataclass(frozen=True)
class GeneWeight:
    """One gene of a factor.

    loading B_gk in [0, 1]; specificity B_gk / Σ_k B_gk in [0, 1]; score their product;
    rank 1 is the largest score.
    """

    rank: int
    gene: str
    loading: float
    specificity: float
    score: float


@dataclass(frozen=True)
class Annotation:
    """What the builder says of a factor, domain or stage.

    `of` is 'factor', 'domain' or 'stage'; `key` its number or its name in this atlas; `former` the
    name that the fit gave it; `color` '#rrggbb'; `terms` ontology ids such as 'UBERON:0002082'.
    '' and () where nothing is said.
    """

    of: str
    key: str
    former: str = ""
    note: str = ""
    color: str = ""
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelPart:
    """What projecting a query needs: arrays by name (no '/') and a JSON-able configuration."""

    arrays: dict[str, np.ndarray]
    config: dict[str, Any]
