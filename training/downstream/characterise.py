"""What a reader asks of the domains and genes of a fit: markers, spatial genes, relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.downstream.markers import contrast_domains, tabulate_markers
from training.downstream.relations import connect_domains, match_stages, tabulate_relations
from training.downstream.spatialgenes import measure_autocorrelation
from training.inputs.normalised import Normalised
from training.store.schema import TARGET_SUM

if TYPE_CHECKING:
    from anndata import AnnData

OWN_COLUMNS = ("moran_i", "moran_q")


def characterise(
    spots: AnnData,
    adjacency: sparse.csr_matrix,
    neighbours: NDArray[np.integer],
    latent: NDArray[np.floating],
    complete: NDArray[np.bool_] | None = None,
    sketch: NDArray[np.integer] | None = None,
) -> None:
    """Add uns['markers'], uns['domain_relations'] and var['moran_i', 'moran_q'].

    Over all genes of `spots`, fitted or not. A table without rows is left out, as that of markers
    is when there is one domain; a column of the source of the same name goes on as `source_NAME`.

    Args:
        spots: raw counts in X, obs with `slice`, `stage` and `domain`.
        adjacency: (n, n) spatial neighbours within slices.
        neighbours: (m, k) nearest spots in the latent (n, d), the spot itself first.
        complete: (n,) spots of slices that measured all genes, all by default: only these compare
            genes between domains.
        sketch: (m,) spots that `neighbours` is about and refers to; None for all of them.
    """
    counts = sparse.csr_matrix(spots.X, dtype=np.float32)
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    expression = Normalised(counts, totals, TARGET_SUM)
    slices, stages, domains = (
        spots.obs[name].cat.codes.to_numpy().astype(np.int64)
        for name in ("slice", "stage", "domain")
    )
    names = [str(name) for name in spots.obs["domain"].cat.categories]
    compared, own, inside = expression, domains, slices
    if complete is not None:
        rows = np.flatnonzero(complete)
        compared = Normalised(counts[rows], totals[rows], TARGET_SUM)
        own, inside = domains[rows], slices[rows]
    contrast = contrast_domains(compared, own, inside, len(names))
    tables = {
        "markers": tabulate_markers(contrast, names, [str(gene) for gene in spots.var_names]),
        "domain_relations": tabulate_relations(
            connect_domains(neighbours, domains if sketch is None else domains[sketch], len(names)),
            match_stages(latent, domains, stages, len(names)),
            names,
            [str(stage) for stage in spots.obs["stage"].cat.categories],
        ),
    }
    for name, table in tables.items():
        if len(table):
            spots.uns[name] = table.set_index(table.index.astype(str))
    found = measure_autocorrelation(expression, adjacency, slices)
    taken = {name: f"source_{name}" for name in OWN_COLUMNS if name in spots.var}
    if taken:
        spots.var = spots.var.rename(columns=taken)
    spots.var["moran_i"], spots.var["moran_q"] = found.moran_i, found.q
