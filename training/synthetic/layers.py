"""Sections of a simulated cortex: layers one above the other, the same in all sections.

Six layers and the white matter below them run as curved bands through a square block. Each runs
one programme, with soft borders; vessels cross them, and activity rises to one side. Kinds of
cells that lie in all layers alike can be mixed in, to each spot others: they say nothing of its
layer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.synthetic.embryo import HOUSEKEEPING, smooth_field

Array = NDArray[np.float64]

LAYERS = ("Layer 1", "Layer 2", "Layer 3", "Layer 4", "Layer 5", "Layer 6", "White matter")
BORDERS = (0.10, 0.24, 0.42, 0.52, 0.68, 0.84)
"""Depths between the layers, 0 at the surface and 1 at the lower edge of the block."""
SOFTNESS = 0.02
VESSELS, ACTIVITY = "Vessels", "Activity"
CELLS = ("Astrocytes", "Microglia", "Precursors", "Interneurons Sst", "Interneurons Vip")
LAYER_PROGRAMMES: tuple[str, ...] = (*LAYERS, VESSELS, ACTIVITY, HOUSEKEEPING)
MIXED_PROGRAMMES: tuple[str, ...] = (*LAYERS, VESSELS, ACTIVITY, *CELLS, HOUSEKEEPING)
CELL_SHAPE = 0.6
"""Of the gamma distribution of a kind of cell's part in a spot: below 1 few kinds lead a spot."""
LAYER_MARKERS: dict[str, str] = {
    "Layer 1": "Reln Ndnf Lhx5 Trp73 Nxph4",
    "Layer 2": "Cux2 Calb1 Lamp5 Otof Rasgrf2",
    "Layer 3": "Cux1 Satb2 Pou3f2 Plxnd1 Matn2",
    "Layer 4": "Rorb Rspo1 Scnn1a Kcnh5 Whrn",
    "Layer 5": "Fezf2 Bcl11b Etv1 Pcp4 Npr3",
    "Layer 6": "Foxp2 Tle4 Ccn2 Syt6 Ntsr1",
    "White matter": "Mbp Plp1 Mobp Mog Cnp",
    "Vessels": "Cldn5 Flt1 Pecam1 Rgs5 Vtn",
    "Activity": "Fos Arc Egr1 Npas4 Junb",
    "Astrocytes": "Gfap Aqp4 Slc1a3 Aldh1l1 Gja1",
    "Microglia": "Cx3cr1 P2ry12 Csf1r Hexb C1qa",
    "Precursors": "Cspg4 Olig1 Sox10 Vcan Ptprz1",
    "Interneurons Sst": "Sst Chodl Grin3a Elfn1 Tac1",
    "Interneurons Vip": "Vip Calb2 Crh Htr3a Cck",
    "Housekeeping": "Actb Gapdh Eef1a1 Tuba1a Ubb Ppia",
}


def spots_in_block(n_spots: int, jitter: float, rng: np.random.Generator) -> Array:
    """Exactly `n_spots` hexagonal positions (n, 2) in a block, both coordinates about 0..1."""
    pitch = np.sqrt(2 / (np.sqrt(3) * n_spots))
    rows = np.arange(0, 1.1, pitch * np.sqrt(3) / 2)
    columns = np.arange(0, 1, pitch)
    x = columns[None, :] + (np.arange(len(rows)) % 2)[:, None] * pitch / 2
    y = np.broadcast_to(rows[:, None], x.shape)
    grid = np.column_stack([x.ravel(), y.ravel()])[:n_spots]
    return grid + rng.normal(0, pitch * jitter, grid.shape)


def assign_layers(block: Array, rng: np.random.Generator) -> tuple[NDArray[np.str_], Array]:
    """The layer of each spot and its depth below the surface.

    The bands are bent alike in all sections and warped a little in each of its own way.
    """
    bend = 0.08 * np.sin(2.2 * block[:, 0] + 0.4)
    depth = block[:, 1] + bend - 0.08 * np.sin(0.4) + 0.01 * smooth_field(block, rng)
    return np.array(LAYERS)[np.searchsorted(BORDERS, depth)], depth


def mix_layers(block: Array, depth: Array, rng: np.random.Generator) -> Array:
    """Programme proportions (n, T), rows sum to 1."""
    column = {name: i for i, name in enumerate(LAYER_PROGRAMMES)}
    below = 1 / (1 + np.exp(-(depth[:, None] - np.array(BORDERS)) / SOFTNESS))
    edges = np.column_stack([np.ones(len(block)), below, np.zeros(len(block))])
    weights = np.zeros((len(block), len(LAYER_PROGRAMMES)))
    strength = np.clip(0.8 + 0.12 * smooth_field(block, rng), 0.35, None)
    weights[:, : len(LAYERS)] = (edges[:, :-1] - edges[:, 1:]) * strength[:, None]
    weights[:, column[VESSELS]] = 0.08 * np.exp(0.8 * smooth_field(3 * block, rng))
    weights[:, column[ACTIVITY]] = 0.4 / (1 + np.exp(-6 * (block[:, 0] - 0.5)))
    weights[:, column[HOUSEKEEPING]] = 0.6
    weights *= rng.lognormal(0, 0.15, weights.shape)
    return weights / weights.sum(axis=1, keepdims=True)


def mix_cells(proportions: Array, part: float, rng: np.random.Generator) -> Array:
    """Proportions (n, T) of MIXED_PROGRAMMES from those of LAYER_PROGRAMMES: kinds of cells, drawn
    for each spot by itself, make `part` of it."""
    kinds = rng.gamma(CELL_SHAPE, size=(len(proportions), len(CELLS)))
    kinds *= part / kinds.sum(axis=1, keepdims=True)
    layered = proportions * (1 - part)
    return np.hstack([layered[:, :-1], kinds, layered[:, -1:]])


def place_block(block: Array, rng: np.random.Generator) -> tuple[NDArray[np.float32], float, Array]:
    """Micrometres on the slide: spots 100 um apart, the section turned and shifted at random.

    Returns:
        Positions (n, 2), the angle and the shift (2,).
    """
    flat = block * 100.0 * np.sqrt(len(block) * np.sqrt(3) / 2)
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = rng.uniform(2000, 3000, 2)
    return (flat @ turn.T + shift).astype(np.float32), float(angle), shift
