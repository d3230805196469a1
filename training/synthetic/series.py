"""A tissue with known truth: the built-in data of the whole product.

The tissue is a bean-shaped body that grows over ordered stages. Organs sit at positions given in
body coordinates, appear, grow, move and split. Each organ runs one gene programme whose strength
varies smoothly inside it; an organ that will split runs those of its parts together. Two further
programmes fall and rise with time everywhere, a gradient programme runs along the body axis, and a
housekeeping programme fills the rest. Other presets show the layers of a cortex instead. Counts of
spot i in slice s follow a negative binomial around

    l_i * normalise_g( sum_k p_ik W_kg * exp(gamma_sg) ),

with programme proportions p (rows sum to 1), programme profiles W (rows sum to 1 over genes),
slice-gene effects gamma ~ N(0, sd) and depths l_i log-normal with a slice factor. Each slice is
rotated, shifted and cut along one side before it is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.synthetic import embryo, layers
from training.synthetic.genes import MARKERS, name_genes
from training.synthetic.presets import Preset

Array = NDArray[np.float64]

BLOCK = 4096
"""Spots whose counts are drawn at a time: bounds the memory of large slices."""
SPARE = 1.0 / 0.93
"""Spots laid out per spot kept in slices of exact size: the rest is cut off."""


Drawn = tuple[
    NDArray[np.str_], Array, sparse.csr_matrix, NDArray[np.float32], float, NDArray[np.float64]
]
"""Organs, proportions, counts, positions, angle and shift of one section."""


@dataclass(frozen=True)
class SimulatedSlice:
    """One section: counts (n, G) of integers, positions (n, 2) in micrometres, and its truth.

    `angle` (radians, counter-clockwise) and `shift` (2,) put the section on the slide: positions
    are body coordinates in micrometres, turned by the angle, plus the shift. `effects` (G,) are
    its natural-log gene effects.
    """

    name: str
    stage: str
    time: float
    spots: list[str]
    matrix: sparse.csr_matrix
    positions: NDArray[np.float32]
    organs: NDArray[np.str_]
    proportions: NDArray[np.float32]
    effects: NDArray[np.float32]
    angle: float
    shift: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.int32]:
        """The counts (n, G), dense."""
        return self.matrix.toarray()


@dataclass(frozen=True)
class SimulatedTruth:
    """What the slices of a series share; `profiles` (T, G) rows sum to 1."""

    genes: list[str]
    gene_ids: list[str]
    programmes: list[str]
    profiles: NDArray[np.float32]


@dataclass(frozen=True)
class SimulatedSeries(SimulatedTruth):
    """All slices with the truth they share; `effects` (S, G) are their natural-log effects."""

    slices: list[SimulatedSlice]
    effects: NDArray[np.float32]


def simulate(preset: Preset, seed: int) -> SimulatedSeries:
    """Draw a series; the same preset and seed give the same series."""
    truth, drawn = draw_series(preset, seed)
    slices = list(drawn)
    return SimulatedSeries(
        genes=truth.genes,
        gene_ids=truth.gene_ids,
        programmes=truth.programmes,
        profiles=truth.profiles,
        slices=slices,
        effects=np.stack([each.effects for each in slices]),
    )


def draw_series(preset: Preset, seed: int) -> tuple[SimulatedTruth, Iterator[SimulatedSlice]]:
    """The shared truth of a series, and its slices one by one: memory is that of one slice."""
    rng = np.random.default_rng(seed)
    cortex = preset.tissue == "cortex"
    programmes = embryo.PROGRAMMES
    if cortex:
        programmes = layers.MIXED_PROGRAMMES if preset.cells else layers.LAYER_PROGRAMMES
    profiles, owners = _profiles(preset.genes, programmes, rng)
    genes, gene_ids = name_genes(owners, rng, layers.LAYER_MARKERS if cortex else MARKERS)
    truth = SimulatedTruth(genes, gene_ids, list(programmes), profiles.astype(np.float32))
    return truth, _draw_slices(preset, profiles, rng)


def slice_names(preset: Preset) -> list[str]:
    """Names of the slices of a series, in order."""
    return [name for _, _, name in _outline(preset)]


def _outline(preset: Preset) -> Iterator[tuple[int, str, str]]:
    """Number of the stage, its name and the slice's, for each slice."""
    letter = "P" if preset.tissue == "cortex" else "E"
    for index, time in enumerate(preset.times[: len(preset.spots)]):
        stage = f"{letter}{time:g}"
        for replicate in range(preset.slices):
            yield index, stage, f"{stage}_{chr(ord('A') + replicate)}"


def _draw_slices(
    preset: Preset, profiles: Array, rng: np.random.Generator
) -> Iterator[SimulatedSlice]:
    draw = _draw_cortex if preset.tissue == "cortex" else _draw_embryo
    for index, stage, name in _outline(preset):
        age = index / max(len(preset.spots) - 1, 1)
        effect = rng.normal(0.0, preset.batch_sd, preset.genes)
        organs, proportions, matrix, positions, angle, shift = draw(
            age, preset.spots[index], preset, profiles, effect, rng
        )
        yield SimulatedSlice(
            name=name,
            stage=stage,
            time=preset.times[index],
            spots=[f"{name}_{i:05d}" for i in range(len(positions))],
            matrix=matrix,
            positions=positions,
            organs=organs,
            proportions=proportions.astype(np.float32),
            effects=effect.astype(np.float32),
            angle=angle,
            shift=shift,
        )


def _draw_embryo(
    age: float,
    n_spots: int,
    preset: Preset,
    profiles: Array,
    effect: Array,
    rng: np.random.Generator,
) -> Drawn:
    laid, kept = n_spots, None
    if preset.exact:
        # A thousandth more: how many grid points fall into the outline is not known beforehand.
        laid, kept = round(n_spots * SPARE * 1.001) + 60, n_spots
    body = embryo.spots_in_body(laid, preset.jitter, rng)
    body = body[embryo.keep_after_cut(body, rng, kept)]
    organs, depth_inside = embryo.assign_organs(body, age, rng)
    proportions = embryo.mix_programmes(body, organs, depth_inside, age, rng)
    matrix = _draw_counts(proportions, profiles, effect, preset, rng)
    positions, angle, shift = embryo.place_on_slide(body, laid, rng)
    return organs, proportions, matrix, positions, angle, shift


def _draw_cortex(
    age: float,
    n_spots: int,
    preset: Preset,
    profiles: Array,
    effect: Array,
    rng: np.random.Generator,
) -> Drawn:
    block = layers.spots_in_block(n_spots, preset.jitter, rng)
    organs, depth = layers.assign_layers(block, rng)
    proportions = layers.mix_layers(block, depth, rng)
    if preset.cells:
        proportions = layers.mix_cells(proportions, preset.cells, rng)
    matrix = _draw_counts(proportions, profiles, effect, preset, rng)
    positions, angle, shift = layers.place_block(block, rng)
    return organs, proportions, matrix, positions, angle, shift


def _draw_counts(
    proportions: Array, profiles: Array, effect: Array, preset: Preset, rng: np.random.Generator
) -> sparse.csr_matrix:
    """Counts (n, G), CSR of int32, a block of spots dense at a time."""
    n_spots = len(proportions)
    depth = preset.depth * rng.lognormal(0.0, 0.25) * rng.lognormal(0.0, 0.35, n_spots)
    shape = 1.0 / preset.dispersion
    blocks = []
    for start in range(0, n_spots, BLOCK):
        rows = slice(start, start + BLOCK)
        rate = proportions[rows] @ profiles * np.exp(effect)
        rate /= rate.sum(axis=1, keepdims=True)
        mean = rate * depth[rows, None]
        blocks.append(
            sparse.csr_matrix(rng.poisson(rng.gamma(shape, mean / shape)), dtype=np.int32)
        )
    return sparse.csr_matrix(sparse.vstack(blocks))


def _profiles(
    n_genes: int, programmes: Sequence[str], rng: np.random.Generator
) -> tuple[Array, list[str]]:
    """Programme profiles (T, G) and the programme each gene is named for.

    Each programme raises about a twentieth of the genes above a shared base profile, and a few
    genes that it shares with other programmes.
    """
    base = rng.lognormal(0, 1.0, n_genes)
    owners = [embryo.HOUSEKEEPING] * n_genes
    free = list(rng.permutation(n_genes))
    n_markers = max(n_genes // 22, 6)
    chosen: dict[str, list[int]] = {}
    for programme in programmes[:-1]:
        own = [int(free.pop()) for _ in range(n_markers)]
        for gene in own:
            owners[gene] = programme
        others = rng.choice(n_genes, n_markers // 3, replace=False)
        chosen[programme] = own + [int(gene) for gene in others]
    profiles = np.empty((len(programmes), n_genes))
    for row, programme in enumerate(programmes):
        lift = np.ones(n_genes)
        genes = chosen.get(programme, [])
        # Programmes spread thin over the whole tissue need clearer markers to be seen at all.
        thin = (embryo.FALLING, embryo.RISING, embryo.GRADIENT, layers.VESSELS, layers.ACTIVITY)
        height = 2.5 if programme in thin else 2.0
        lift[genes] = rng.lognormal(height, 0.5, len(genes))
        profiles[row] = base * lift
    return profiles / profiles.sum(axis=1, keepdims=True), owners
