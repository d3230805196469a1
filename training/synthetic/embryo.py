"""The body of the simulated embryo: outline, organs over time, programmes, place on the slide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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


def spots_in_body(n_spots: int, jitter: float, rng: np.random.Generator) -> Array:
    """About `n_spots` hexagonal positions inside the bean, in body coordinates.

    `jitter` is the standard deviation around the grid, in spacings.
    """
    aspect = 0.55
    area = np.pi * aspect * 0.93
    pitch = np.sqrt(area / n_spots * 2 / np.sqrt(3))
    rows = np.arange(-aspect, aspect + pitch, pitch * np.sqrt(3) / 2)
    columns = np.arange(-1, 1 + pitch, pitch)
    x = columns[None, :] + (np.arange(len(rows)) % 2)[:, None] * pitch / 2
    y = np.broadcast_to(rows[:, None], x.shape)
    grid = np.column_stack([x.ravel(), y.ravel()])
    grid += rng.normal(0, pitch * jitter, grid.shape)
    body = np.column_stack([grid[:, 0], grid[:, 1] / aspect])
    inside = body[:, 0] ** 2 + (body[:, 1] + 0.18 * body[:, 0] ** 2) ** 2 < 1
    return body[inside]


def keep_after_cut(
    body: Array, rng: np.random.Generator, n_kept: int | None = None
) -> NDArray[np.bool_]:
    """All spots but a sliver of up to an eighth on one random side: sections are rarely whole.

    With `n_kept` exactly so many stay, the share that is cut off aside.
    """
    angle = rng.uniform(0, 2 * np.pi)
    along = body @ np.array([np.cos(angle), np.sin(angle)])
    if n_kept is not None:
        kept = np.zeros(len(body), dtype=bool)
        kept[np.argsort(along, kind="stable")[:n_kept]] = True
        return kept
    return along < np.quantile(along, 1 - rng.uniform(0.02, 0.125))


def assign_organs(
    body: Array, age: float, rng: np.random.Generator
) -> tuple[NDArray[np.str_], Array]:
    """The organ of each spot and how deep inside it the spot lies (0 at the edge, 1 centre).

    Edges are warped by a smooth random field, so that no two sections have the same outline.
    """
    best = np.full(len(body), 1.0)
    organs = np.full(len(body), BACKGROUND, dtype="U24")
    warped = body + 0.05 * np.column_stack([smooth_field(body, rng), smooth_field(body, rng)])
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


def smooth_field(body: Array, rng: np.random.Generator, waves: int = 6) -> Array:
    """A smooth random function of position: a few plane waves, standard deviation about 1."""
    directions = rng.normal(0, 3.0, (2, waves))
    phases = rng.uniform(0, 2 * np.pi, waves)
    return np.cos(body @ directions + phases).sum(axis=1) / np.sqrt(waves / 2)


def mix_programmes(
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
    strength = 0.75 + 0.25 * np.tanh(2.5 * depth_inside) + 0.15 * smooth_field(body, rng)
    strength = np.clip(strength, 0.35, None)
    rows = np.arange(len(body))
    own = np.where(in_organ, strength, 0.75 + 0.1 * smooth_field(body, rng))
    weights[rows, first] += own / 2
    weights[rows, second] += own / 2
    # Organs are not pure: stroma runs through them.
    weights[:, column[BACKGROUND]] += np.where(
        in_organ, np.clip(0.18 + 0.1 * smooth_field(body, rng), 0, None), 0
    )
    # Both stage programmes are patchy in space: one that is flat within every slice could not be
    # told from a slice effect by any method.
    patches = np.exp(0.9 * smooth_field(body, rng)) / 1.5
    weights[:, column[FALLING]] = (0.6 * (1 - age) + 0.03) * patches
    weights[:, column[RISING]] = (0.6 * age + 0.03) / patches / 2
    weights[:, column[GRADIENT]] = 0.6 / (1 + np.exp(-6 * (body[:, 0] - 0.1)))
    weights[:, column[HOUSEKEEPING]] = 0.6
    weights *= rng.lognormal(0, 0.15, weights.shape)
    return weights / weights.sum(axis=1, keepdims=True)


def place_on_slide(
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
