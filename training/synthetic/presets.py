"""Sizes and difficulty of the simulated series that can be asked for by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DAYS = (8.5, 9.5, 10.5, 11.5, 12.5, 13.5)
ATLAS_DAYS = (9.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5, 16.5)
ATLAS_SPOTS = (5_902, 8_494, 30_080, 51_321, 84_615, 102_517, 109_734, 121_752)
"""Spots of the published mouse embryo series, E9.5 to E16.5 (Chen et al., Cell 2022)."""


@dataclass(frozen=True)
class Preset:
    """Size and difficulty of a simulated series.

    Attributes:
        spots: spots of one slice at each stage, before the cut unless `exact`.
        slices: slices per stage.
        genes: number of genes.
        depth: median counts of a spot.
        batch_sd: standard deviation of the natural-log slice-gene effect gamma.
        dispersion: negative-binomial dispersion phi; variance = mean + phi * mean^2.
        tissue: a growing embryo, or layers of a cortex.
        times: days of the stages: after conception for embryos, after birth for the cortex.
        exact: whether slices have `spots` spots after the cut.
        jitter: standard deviation of a spot's place around its grid point, in spacings: spots of
            an array hardly leave it, cells do.
        cells: part of a spot's molecules that is of cells which differ from spot to spot and say
            nothing of its layer; cortex only.
    """

    spots: tuple[int, ...]
    slices: int
    genes: int
    depth: float
    batch_sd: float = 0.5
    dispersion: float = 0.3
    tissue: Literal["embryo", "cortex"] = "embryo"
    times: tuple[float, ...] = DAYS
    exact: bool = False
    jitter: float = 0.08
    cells: float = 0.0


PRESETS: dict[str, Preset] = {
    "tiny": Preset((70, 80, 95, 110, 125, 140), 2, 240, 500.0, batch_sd=0.3, dispersion=0.1),
    "embryo": Preset((600, 820, 1060, 1330, 1650, 2080), 2, 800, 400.0),
    "four-sections": Preset(
        (3_600,), 4, 2_000, 1_500.0, batch_sd=0.3, tissue="cortex", times=(56.0,), exact=True
    ),
    "mixed-cortex": Preset(
        (1_600,),
        3,
        1_000,
        1_500.0,
        batch_sd=0.3,
        tissue="cortex",
        times=(56.0,),
        exact=True,
        cells=0.8,
    ),
    "embryo-atlas": Preset(ATLAS_SPOTS, 1, 2_366, 600.0, times=ATLAS_DAYS, exact=True),
    "imaging-panel": Preset(
        (125_000,) * 4,
        2,
        300,
        150.0,
        times=(10.5, 11.5, 12.5, 13.5),
        exact=True,
        jitter=0.35,
    ),
}
