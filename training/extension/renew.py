"""What depends on all slices of an atlas, computed anew after some were added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.alignment.depths import DEPTHS
from training.alignment.placing import place_slice
from training.alignment.registration import ONE_UNIT, SCORED, describe
from training.config import Config
from training.downstream.characterise import characterise
from training.extension.join import Joined
from training.inputs.graph import choose_radius, radius_graph
from training.inputs.preprocess import normalise
from training.mapping.encoding.parameters import Parameters
from training.metrics.registration import best_correlations, registration_score
from training.neighbours.nearest import nearest
from training.outcome import note_shares
from training.progress import Progress
from training.store import Atlas
from training.store.schema import SHARE

if TYPE_CHECKING:
    from anndata import AnnData

HOSTS = 6
"""Slices of the atlas, nearest by stage, that a new slice is matched with."""


def renew(
    atlas: Atlas,
    joined: Joined,
    parameters: Parameters,
    settings: Config,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Add aligned positions, markers, relations and spatial genes; gives the records of alignment.

    Slices of the atlas stay where they were; each new one is moved into their frame.
    """
    spots = joined.spots
    alignment = _align(atlas, joined, settings) if atlas.aligned is not None else []
    progress("Registering slices", 1.0)
    progress("Markers, spatial genes, relations", 0.0)
    codes = spots.obs["slice"].cat.codes.to_numpy().astype(np.int64)
    positions = np.asarray(spots.obsm["spatial"])
    radius, seed = float(parameters.config["radius"]), settings.train.seed
    radii = (
        np.full(int(codes.max()) + 1, radius)
        if radius > 0
        else choose_radius(
            positions, codes, parameters.config["neighbours"], np.random.default_rng(seed)
        )
    )
    latent = np.asarray(spots.obsm["latent"])
    near, _ = nearest(latent, settings.domains.neighbours + 1, seed)
    known = _known_shares(atlas, joined)
    note_shares(spots, np.asarray(spots.obsm["factors"]), parameters.rates, known)
    characterise(spots, radius_graph(positions, codes, radii), near, latent)
    progress("Markers, spatial genes, relations", 1.0)
    return alignment


def _known_shares(atlas: Atlas, joined: Joined) -> NDArray[np.float32]:
    """Measured shares (n,) that the atlas has already, NaN for the rest."""
    before = np.full(atlas.n_spots, np.nan if atlas.measured is not None else 1, dtype=np.float32)
    if atlas.measured is not None and SHARE in atlas.obs_columns:
        before = np.asarray(atlas.obs(SHARE), dtype=np.float32)
    known = np.full(len(joined.rows), np.nan, dtype=np.float32)
    is_old = joined.rows < atlas.n_spots
    known[is_old] = before[joined.rows[is_old]]
    return known


def _align(atlas: Atlas, joined: Joined, settings: Config) -> list[dict[str, Any]]:
    """obsm['spatial_aligned'] of all slices, and their records in order."""
    spots, order = joined.spots, joined.order
    aligned_before = atlas.aligned
    assert aligned_before is not None
    codes = spots.obs["slice"].cat.codes.to_numpy()
    stages = spots.obs["stage"].cat.codes.to_numpy()
    names = [str(name) for name in spots.obs["slice"].cat.categories]
    rows = [np.flatnonzero(codes == index) for index in range(len(names))]
    n_old = len(atlas.slices)
    columns = aligned_before.shape[1]
    positions = np.asarray(spots.obsm["spatial"])
    aligned = np.zeros((len(codes), columns), dtype=np.float32)
    is_old = joined.rows < len(aligned_before)
    aligned[is_old] = aligned_before[joined.rows[is_old]]
    told = {record["slice"]: dict(record) for record in atlas.card.get("alignment", [])}
    old = [index for index in range(len(names)) if order[index] < n_old]
    shared = [index for index in old if told.get(names[index], {}).get("registered")] or old
    latent = np.asarray(spots.obsm["latent"])
    named = settings.data.depth_column
    depth_columns = (named,) if named else DEPTHS
    expression = _expression(spots, settings)
    for index in (index for index in range(len(names)) if order[index] >= n_old):
        own = rows[index]
        stage = stages[own[0]]
        hosts = sorted(shared, key=lambda host: abs(int(stages[rows[host][0]]) - int(stage)))[
            :HOSTS
        ]
        found = place_slice(
            positions[own],
            latent[own],
            [(host, aligned[rows[host], :2], latent[rows[host]]) for host in hosts],
            one_unit=settings.atlas.coordinate_unit.strip().lower() in ONE_UNIT,
            reflection=settings.registration.reflection,
            seed=settings.train.seed,
        )
        depth = _depth(spots, own, depth_columns) if columns == 3 else None
        aligned[own, :2] = positions[own]
        if found is None:
            told[names[index]] = _alone(names[index], depth)
            neighbour = hosts[0]
        else:
            neighbour, pair = found.host, [names[found.host], names[index]]
            aligned[own, :2] = found.motion.apply(positions[own])
            some, other = own[:: -(-len(own) // SCORED)], rows[neighbour]
            score = registration_score(
                best_correlations(
                    expression[some], aligned[some, :2], expression[other], aligned[other, :2]
                )
            )
            host = told.setdefault(names[neighbour], _alone(names[neighbour], None))
            host["registered"] = True
            told[names[index]] = describe(1, found.motion, pair, score, depth) | {
                "reference": host["reference"]
            }
        if columns == 3:
            # A slice without a depth is laid where the slice that it resembles lies.
            aligned[own, 2] = aligned[rows[neighbour][0], 2] if depth is None else depth
    spots.obsm["spatial_aligned"] = aligned
    return [told.get(name, _alone(name, None)) for name in names]


def _expression(spots: AnnData, settings: Config) -> sparse.csr_matrix:
    """Normalised expression of the fitted genes that every slice measured."""
    genes = np.asarray(spots.var["highly_variable"])
    if "measured" in spots.varm:
        genes = genes & np.asarray(spots.varm["measured"]).all(axis=1)
    counts = sparse.csr_matrix(spots.X, dtype=np.float32)
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    return normalise(counts[:, np.flatnonzero(genes)], totals, settings.genes.target_sum)


def _depth(spots: AnnData, own: NDArray[np.intp], columns: tuple[str, ...]) -> float | None:
    """Depth of a slice in its stack, from the first column that holds one number for it."""
    for column in columns:
        if column in spots.obs and spots.obs[column].dtype.kind in "iuf":
            values = spots.obs[column].to_numpy(dtype=np.float64)[own]
            if np.isfinite(values).all() and np.ptp(values) == 0:
                return float(values[0])
    return None


def _alone(name: str, depth: float | None) -> dict[str, Any]:
    """The record of a slice that stands where it was."""
    return {
        "slice": name,
        "reference": name,
        "registered": False,
        "rotation": 0.0,
        "reflected": False,
        "scale": 1.0,
        "shift": [0.0, 0.0],
        "z": depth,
        "joined": [],
        "matches": 0,
        "inliers": 0,
        "inlier_share": None,
        "residual": None,
        "score": None,
    }
