"""What a fit says of a collection of slices, added to it in order: from the latent to markers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.alignment.registration import register_slices
from training.config import Config
from training.downstream.characterise import characterise
from training.downstream.division import divide_spots
from training.downstream.embedding import embed
from training.downstream.sketch import draw_sketch
from training.downstream.transfer import follow
from training.imputation.foresight import foresee
from training.inputs.normalised import Normalised
from training.inputs.panels import measured_shares, read_measured
from training.mapping.encoding.parameters import pack_model, unpack_model
from training.mapping.reference import of_collection
from training.neighbours.nearest import nearest
from training.progress import Progress, silent
from training.store.genes.rankedgenes import name_factors
from training.store.schema import SHARE

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from training.fitted import Fitted


def annotate(spots: AnnData, fitted: Fitted, config: Config, progress: Progress = silent) -> None:
    """Add to a collection what the fit says of it: latent, factors, loadings, domains and their
    markers, UMAP, slices in common frames."""
    import pandas as pd

    spots.obsm["latent"], spots.obsm["factors"] = fitted.latent, fitted.proportions
    fitted_genes = np.zeros(spots.n_vars, dtype=bool)
    fitted_genes[fitted.prepared.genes] = True
    spots.var["highly_variable"] = fitted_genes
    loadings = np.full((spots.n_vars, len(fitted.loadings)), np.nan, dtype=np.float32)
    loadings[fitted.prepared.genes] = fitted.loadings.T
    spots.varm["loadings"] = loadings
    genes = [str(spots.var_names[index]) for index in fitted.prepared.genes]
    spots.uns["factors"] = tabulate_factors(fitted.loadings, genes, fitted.factor_stability)
    seed = config.train.seed
    progress("Finding domains", 0.0)
    k = max(config.domains.neighbours, config.umap.neighbours)
    fitted.sketch = draw_sketch(fitted.prepared.slices, config.sketch.spots, seed)
    latent = fitted.latent[fitted.sketch]
    neighbours, distances = nearest(latent, k + 1, seed)
    near = neighbours[:, : config.domains.neighbours + 1]
    fitted.division = divide_spots(latent, near, config.domains, seed)
    names = fitted.division.names
    order = sorted(set(names), key=lambda name: int(name[1:]))
    codes = pd.Categorical(names, categories=order).codes.astype(np.int64)
    followers = follow(fitted.latent, fitted.sketch, k, seed)
    if "domain" in spots.obs:
        spots.obs = spots.obs.rename(columns={"domain": "source_domain"})
    spots.obs["domain"] = pd.Categorical.from_codes(
        followers.carry_labels(codes, config.domains.neighbours), order
    )
    progress("Finding domains", 1.0, f"{fitted.division.told()}")
    progress("Drawing the UMAP", 0.0)
    m = config.umap.neighbours + 1
    picture = embed(latent, neighbours[:, :m], distances[:, :m], config.umap.min_dist, seed)
    spots.obsm["umap"] = followers.carry_points(picture, config.umap.neighbours)
    progress("Drawing the UMAP", 1.0)
    progress("Registering slices", 0.0)
    prepared = fitted.prepared
    registration = register_slices(
        spots.obs,
        np.asarray(spots.obsm["spatial"]),
        fitted.latent,
        Normalised(prepared.counts, prepared.totals, config.genes.target_sum),
        unit=config.atlas.coordinate_unit,
        depth=config.data.depth_column,
        reflection=config.registration.reflection,
        seed=seed,
        measured=prepared.measured,
    )
    spots.obsm["spatial_aligned"] = registration.positions
    fitted.alignment = registration.records
    n_slices = len(registration.records)
    progress("Registering slices", 1.0, f"{registration.n_registered} of {n_slices} slices")
    progress("Loadings of all genes", 0.0)
    fitted.part = pack_model(spots, fitted, config)
    note_shares(spots, fitted.proportions, fitted.part.arrays["rates"])
    progress("Loadings of all genes", 1.0)
    if config.imputation.folds:
        stages = [str(name) for name in spots.obs["stage"].cat.categories]
        folds, parameters = config.imputation.folds, unpack_model(fitted.part)
        told = foresee(of_collection(spots), parameters, stages, folds, seed, progress)
        spots.var = spots.var.drop(columns=told.columns, errors="ignore").join(told)
    progress("Markers, spatial genes, relations", 0.0)
    characterise(spots, fitted.prepared.adjacency, near, fitted.latent, sketch=fitted.sketch)
    progress("Markers, spatial genes, relations", 1.0)


def note_shares(
    spots: AnnData,
    proportions: NDArray[np.floating],
    rates: NDArray[np.floating],
    known: NDArray[np.floating] | None = None,
) -> None:
    """Add obs['measured_share'] where some slices did not measure all genes: the share of a spot's
    counts that is expected on the genes its slice measured.

    Args:
        proportions: (n, K); rates: (K, genes).
        known: (n,) shares that stay as they are; NaN for those to be found.
    """
    measured = read_measured(spots)
    if measured is None:
        return
    if SHARE in spots.obs:
        spots.obs = spots.obs.rename(columns={SHARE: f"source_{SHARE}"})
    slices = spots.obs["slice"].cat.codes.to_numpy().astype(np.int64)
    shares = measured_shares(proportions, rates, measured, slices)
    if known is not None:
        shares = np.where(np.isnan(known), shares, known).astype(np.float32)
    spots.obs[SHARE] = shares


def tabulate_factors(
    loadings: NDArray[np.floating], genes: Sequence[str], stability: NDArray[np.floating]
) -> pd.DataFrame:
    """Number, name and stability (K,) of every factor of loadings (K, G)."""
    import pandas as pd

    return pd.DataFrame(
        {
            "factor": np.arange(len(loadings)),
            "name": name_factors(loadings.T, genes),
            "stability": np.asarray(stability, dtype=np.float64),
        },
        index=[str(factor) for factor in range(len(loadings))],
    )
