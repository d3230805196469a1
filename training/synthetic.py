"""A developing tissue with known truth: the built-in data of the whole product.

The tissue is a bean-shaped body that grows over ordered stages. Organs sit at positions given in
body coordinates, appear, grow, move and split. Each organ runs one gene programme whose strength
varies smoothly inside it; an organ that will split runs those of its parts together. Two further
programmes fall and rise with time everywhere, a gradient programme runs along the body axis, and a
housekeeping programme fills the rest. Counts of spot i in slice s follow a negative binomial around

    l_i * normalise_g( sum_k p_ik W_kg * exp(gamma_sg) ),

with programme proportions p (rows sum to 1), programme profiles W (rows sum to 1 over genes),
slice-gene effects gamma ~ N(0, sd) and depths l_i log-normal with a slice factor. Each slice is
rotated, shifted and cut along one side before it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic_genes import name_genes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Preset:
    """Size and difficulty of a simulated series.

    Attributes:
        spots: spots of one slice at each stage, before the cut.
        slices: slices per stage.
        genes: number of genes.
        depth: median counts of a spot.
        batch_sd: standard deviation of the natural-log slice-gene effect gamma.
        dispersion: negative-binomial dispersion phi; variance = mean + phi * mean^2.
    """

    spots: tuple[int, ...]
    slices: int
    genes: int
    depth: float
    batch_sd: float = 0.5
    dispersion: float = 0.3


PRESETS: dict[str, Preset] = {
    "tiny": Preset((70, 80, 95, 110, 125, 140), 2, 240, 500.0, batch_sd=0.3, dispersion=0.1),
    "embryo": Preset((600, 820, 1060, 1330, 1650, 2080), 2, 800, 400.0),
}

STAGE_TIMES = (8.5, 9.5, 10.5, 11.5, 12.5, 13.5)
"""Days after conception; a preset with n stages uses the first n."""


@dataclass(frozen=True)
class Organ:
    """An organ in body coordinates (x along the axis in -1..1, y across in -1..1).

    Position and radii move linearly from `start` to `end` while development runs from `first`
    to `last` (fractions 0..1 of the series); outside these the organ does not exist.
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    radii: tuple[tuple[float, float], tuple[float, float]]
    first: float = 0.0
    last: float = 1.0


# The brain splits into fore- and hindbrain and the heart tube into atrium and ventricle: before
# the split the whole runs the programmes of both parts together.
ORGANS: tuple[Organ, ...] = (
    Organ("Brain", (0.62, 0.28), (0.66, 0.26), ((0.36, 0.42), (0.38, 0.46)), 0.0, 0.35),
    Organ("Forebrain", (0.78, 0.20), (0.80, 0.16), ((0.22, 0.46), (0.24, 0.55)), 0.36, 1.0),
    Organ("Hindbrain", (0.44, 0.42), (0.40, 0.46), ((0.22, 0.36), (0.26, 0.40)), 0.36, 1.0),
    Organ("Neural tube", (-0.22, 0.66), (-0.28, 0.68), ((0.62, 0.19), (0.58, 0.20))),
    Organ("Heart tube", (0.36, -0.44), (0.34, -0.44), ((0.30, 0.38), (0.32, 0.40)), 0.0, 0.35),
    Organ("Atrium", (0.42, -0.26), (0.40, -0.22), ((0.22, 0.24), (0.22, 0.26)), 0.36, 1.0),
    Organ("Ventricle", (0.30, -0.66), (0.26, -0.66), ((0.28, 0.26), (0.28, 0.28)), 0.36, 1.0),
    Organ("Somites", (-0.34, 0.26), (-0.36, 0.27), ((0.54, 0.20), (0.58, 0.22))),
    Organ("Gut", (-0.32, -0.16), (-0.38, -0.20), ((0.46, 0.22), (0.44, 0.25))),
    Organ("Liver", (-0.08, -0.52), (-0.12, -0.58), ((0.18, 0.22), (0.28, 0.32)), 0.55, 1.0),
    Organ("Limb bud", (-0.58, -0.58), (-0.62, -0.60), ((0.18, 0.22), (0.25, 0.29)), 0.36, 1.0),
    Organ("Primitive streak", (-0.78, 0.0), (-0.84, 0.0), ((0.26, 0.44), (0.18, 0.30)), 0.0, 0.45),
)
BACKGROUND = "Mesenchyme"
SPLITS = {"Brain": ("Forebrain", "Hindbrain"), "Heart tube": ("Atrium", "Ventricle")}
FALLING, RISING, GRADIENT, HOUSEKEEPING = (
    "Proliferation",
    "Maturation",
    "Anterior axis",
    "Housekeeping",
)
PROGRAMMES: tuple[str, ...] = (
    *(organ.name for organ in ORGANS if organ.name not in SPLITS),
    BACKGROUND,
    FALLING,
    RISING,
    GRADIENT,
    HOUSEKEEPING,
)


@dataclass(frozen=True)
class SimulatedSlice:
    """One section: counts (n, G) of integers, positions (n, 2) in micrometres, and its truth.

    `angle` (radians, counter-clockwise) and `shift` (2,) put the section on the slide: positions
    are body coordinates in micrometres, turned by the angle, plus the shift.
    """

    name: str
    stage: str
    time: float
    spots: list[str]
    counts: NDArray[np.int32]
    positions: NDArray[np.float32]
    organs: NDArray[np.str_]
    proportions: NDArray[np.float32]
    angle: float
    shift: NDArray[np.float64]


@dataclass(frozen=True)
class SimulatedSeries:
    """All slices with the truth they share.

    `profiles` (T, G) rows sum to 1; `effects` (S, G) are the natural-log slice-gene effects.
    """

    slices: list[SimulatedSlice]
    genes: list[str]
    gene_ids: list[str]
    programmes: list[str]
    profiles: NDArray[np.float32]
    effects: NDArray[np.float32]


def simulate(preset: Preset, seed: int) -> SimulatedSeries:
    """Draw a series; the same preset and seed give the same series."""
    rng = np.random.default_rng(seed)
    profiles, owners = _profiles(preset.genes, rng)
    genes, gene_ids = name_genes(owners, rng)
    stages = STAGE_TIMES[: len(preset.spots)]
    slices, effects = [], []
    for index, (n_spots, time) in enumerate(zip(preset.spots, stages, strict=True)):
        age = index / max(len(stages) - 1, 1)
        for replicate in range(preset.slices):
            effect = rng.normal(0.0, preset.batch_sd, preset.genes)
            effects.append(effect)
            name = f"E{time:g}_{chr(ord('A') + replicate)}"
            slices.append(_simulate_slice(name, time, age, n_spots, preset, profiles, effect, rng))
    return SimulatedSeries(
        slices=slices,
        genes=genes,
        gene_ids=gene_ids,
        programmes=list(PROGRAMMES),
        profiles=profiles.astype(np.float32),
        effects=np.asarray(effects, dtype=np.float32),
    )


def _simulate_slice(
    name: str,
    time: float,
    age: float,
    n_spots: int,
    preset: Preset,
    profiles: Array,
    effect: Array,
    rng: np.random.Generator,
) -> SimulatedSlice:
    body = _spots_in_body(n_spots, rng)
    body = body[_keep_after_cut(body, rng)]
    organs, depth_inside = _assign_organs(body, age, rng)
    proportions = _proportions(body, organs, depth_inside, age, rng)
    rate = proportions @ profiles * np.exp(effect)
    rate /= rate.sum(axis=1, keepdims=True)
    depth = preset.depth * rng.lognormal(0.0, 0.25) * rng.lognormal(0.0, 0.35, len(body))
    mean = rate * depth[:, None]
    shape = 1.0 / preset.dispersion
    counts = rng.poisson(rng.gamma(shape, mean / shape)).astype(np.int32)
    width = len(counts)
    positions, angle, shift = _place(body, n_spots, rng)
    return SimulatedSlice(
        name=name,
        stage=f"E{time:g}",
        time=time,
        spots=[f"{name}_{i:05d}" for i in range(width)],
        counts=counts,
        positions=positions,
        organs=organs,
        proportions=proportions.astype(np.float32),
        angle=angle,
        shift=shift,
    )


def _spots_in_body(n_spots: int, rng: np.random.Generator) -> Array:
    """About `n_spots` jittered hexagonal positions inside the bean, in body coordinates."""
    aspect = 0.55
    area = np.pi * aspect * 0.93
    pitch = np.sqrt(area / n_spots * 2 / np.sqrt(3))
    rows = np.arange(-aspect, aspect + pitch, pitch * np.sqrt(3) / 2)
    columns = np.arange(-1, 1 + pitch, pitch)
    x = columns[None, :] + (np.arange(len(rows)) % 2)[:, None] * pitch / 2
    y = np.broadcast_to(rows[:, None], x.shape)
    grid = np.column_stack([x.ravel(), y.ravel()])
    grid += rng.normal(0, pitch * 0.08, grid.shape)
    body = np.column_stack([grid[:, 0], grid[:, 1] / aspect])
    inside = body[:, 0] ** 2 + (body[:, 1] + 0.18 * body[:, 0] ** 2) ** 2 < 1
    return body[inside]


def _keep_after_cut(body: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    """All spots but a sliver of up to an eighth on one random side: sections are rarely whole."""
    angle = rng.uniform(0, 2 * np.pi)
    along = body @ np.array([np.cos(angle), np.sin(angle)])
    return along < np.quantile(along, 1 - rng.uniform(0.02, 0.125))


def _assign_organs(
    body: Array, age: float, rng: np.random.Generator
) -> tuple[NDArray[np.str_], Array]:
    """The organ of each spot and how deep inside it the spot lies (0 at the edge, 1 centre).

    Edges are warped by a smooth random field, so that no two sections have the same outline.
    """
    best = np.full(len(body), 1.0)
    organs = np.full(len(body), BACKGROUND, dtype="U24")
    warped = body + 0.05 * np.column_stack([_smooth_field(body, rng), _smooth_field(body, rng)])
    for organ in ORGANS:
        if not organ.first <= age <= organ.last:
            continue
        progress = (age - organ.first) / max(organ.last - organ.first, 1e-9)
        centre = np.asarray(organ.start) * (1 - progress) + np.asarray(organ.end) * progress
        radii = np.asarray(organ.radii[0]) * (1 - progress) + np.asarray(organ.radii[1]) * progress
        distance = np.sqrt((((warped - centre) / radii) ** 2).sum(axis=1))
        closer = distance < best
        best[closer] = distance[closer]
        organs[closer] = organ.name
    return organs, 1.0 - best


def _smooth_field(body: Array, rng: np.random.Generator, waves: int = 6) -> Array:
    """A smooth random function of position: a few plane waves, standard deviation about 1."""
    directions = rng.normal(0, 3.0, (2, waves))
    phases = rng.uniform(0, 2 * np.pi, waves)
    return np.cos(body @ directions + phases).sum(axis=1) / np.sqrt(waves / 2)


def _proportions(
    body: Array,
    organs: NDArray[np.str_],
    depth_inside: Array,
    age: float,
    rng: np.random.Generator,
) -> Array:
    """Programme proportions (n, T), rows sum to 1."""
    column = {name: i for i, name in enumerate(PROGRAMMES)}
    weights = np.zeros((len(body), len(PROGRAMMES)))
    first = np.array([column[SPLITS.get(name, (name, name))[0]] for name in organs])
    second = np.array([column[SPLITS.get(name, (name, name))[1]] for name in organs])
    in_organ = organs != BACKGROUND
    strength = 0.75 + 0.25 * np.tanh(2.5 * depth_inside) + 0.15 * _smooth_field(body, rng)
    strength = np.clip(strength, 0.35, None)
    rows = np.arange(len(body))
    own = np.where(in_organ, strength, 0.75 + 0.1 * _smooth_field(body, rng))
    weights[rows, first] += own / 2
    weights[rows, second] += own / 2
    # Organs are not pure: stroma runs through them.
    weights[:, column[BACKGROUND]] += np.where(
        in_organ, np.clip(0.18 + 0.1 * _smooth_field(body, rng), 0, None), 0
    )
    # Both stage programmes are patchy in space: one that is flat within every slice could not be
    # told from a slice effect by any method.
    patches = np.exp(0.9 * _smooth_field(body, rng)) / 1.5
    weights[:, column[FALLING]] = (0.6 * (1 - age) + 0.03) * patches
    weights[:, column[RISING]] = (0.6 * age + 0.03) / patches / 2
    weights[:, column[GRADIENT]] = 0.6 / (1 + np.exp(-6 * (body[:, 0] - 0.1)))
    weights[:, column[HOUSEKEEPING]] = 0.6
    weights *= rng.lognormal(0, 0.15, weights.shape)
    return weights / weights.sum(axis=1, keepdims=True)


def _profiles(n_genes: int, rng: np.random.Generator) -> tuple[Array, list[str]]:
    """Programme profiles (T, G) and the programme each gene is named for.

    Each programme raises about a twentieth of the genes above a shared base profile, and a few
    genes that it shares with other programmes.
    """
    base = rng.lognormal(0, 1.0, n_genes)
    owners = [HOUSEKEEPING] * n_genes
    free = list(rng.permutation(n_genes))
    n_markers = max(n_genes // 22, 6)
    chosen: dict[str, list[int]] = {}
    for programme in PROGRAMMES[:-1]:
        own = [int(free.pop()) for _ in range(n_markers)]
        for gene in own:
            owners[gene] = programme
        others = rng.choice(n_genes, n_markers // 3, replace=False)
        chosen[programme] = own + [int(gene) for gene in others]
    profiles = np.empty((len(PROGRAMMES), n_genes))
    for row, programme in enumerate(PROGRAMMES):
        lift = np.ones(n_genes)
        genes = chosen.get(programme, [])
        # Programmes spread thin over the whole tissue need clearer markers to be seen at all.
        height = 2.5 if programme in (FALLING, RISING, GRADIENT) else 2.0
        lift[genes] = rng.lognormal(height, 0.5, len(genes))
        profiles[row] = base * lift
    return profiles / profiles.sum(axis=1, keepdims=True), owners


def _place(
    body: Array, n_spots: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], float, Array]:
    """Micrometres on the slide: spots 50 um apart, the section turned and shifted at random.

    Returns:
        Positions (n, 2), the angle and the shift (2,).
    """
    length = 50.0 * np.sqrt(n_spots / (np.pi * 0.55 * 0.93) * np.sqrt(3) / 2)
    flat = body * np.array([length, length * 0.55])
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = rng.uniform(2000, 3000, 2)
    return (flat @ turn.T + shift).astype(np.float32), float(angle), shift
