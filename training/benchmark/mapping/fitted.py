"""A reference that was fitted for the benchmark, and sections asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from training.config import load_config
from training.fit import fit_atlas
from training.mapping.encoding.parameters import Parameters, unpack_model
from training.mapping.projected import Projection
from training.mapping.reading.query import Query, make_query, match_genes
from training.mapping.reference import ReferenceSpots, of_atlas
from training.projection import project_query, rehearse_query
from training.rehearsal.rehearsal import Rehearsal
from training.rehearsal.trust import learn_trust
from training.store import Atlas, open_atlas

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Fitted:
    """An open reference, taken apart."""

    atlas: Atlas
    parameters: Parameters
    reference: ReferenceSpots


@dataclass(frozen=True)
class Mapped:
    """A query that was mapped, with the rehearsal of its genes."""

    query: Query
    rehearsal: Rehearsal
    projection: Projection


def fit_reference(slices: Path, store: Path, seed: int, settings: Sequence[str]) -> Fitted:
    """Fit a folder of slices, without the accuracies of imputation, which nothing here reads."""
    fit_atlas(slices, store, load_config(None, ["imputation.folds=0", *settings, _seeded(seed)]))
    return open_reference(store)


def open_reference(store: Path) -> Fitted:
    atlas = open_atlas(store)
    return Fitted(atlas, unpack_model(atlas.model()), of_atlas(atlas))


def ask(fitted: Fitted, section: AnnData, genes: Sequence[str] | None) -> Query:
    """A section as a query that measured `genes`, or all of its own."""
    own = section if genes is None else section[:, [g for g in genes if g in section.var_names]]
    return make_query(
        sparse.csr_matrix(own.X),
        own.obs[[]].copy(),
        own.var[[]].copy(),
        np.asarray(own.obsm["spatial"], dtype=np.float32)[:, :2],
        np.zeros(own.n_obs, dtype=np.int64),
        match_genes(own.var[[]], fitted.atlas),
        fitted.parameters.genes,
    )


def map_as_asked(fitted: Fitted, query: Query) -> Mapped:
    """As `atlas project` does."""
    atlas, parameters = fitted.atlas, fitted.parameters
    rehearsal = rehearse_query(atlas, parameters, query)
    trust = learn_trust(atlas, fitted.reference, rehearsal)
    return Mapped(query, rehearsal, project_query(atlas, parameters, query, trust=trust))


def project_as_asked(fitted: Fitted, query: Query) -> Projection:
    """What `map_as_asked` finds of the query."""
    return map_as_asked(fitted, query).projection


def _seeded(seed: int) -> str:
    return f"train.seed={seed}"
