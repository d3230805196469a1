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
from training.inputs.panels import read_measured
from training.store.schema import SHARE, TARGET_SUM

if TYPE_CHECKING:
    from anndata import AnnData

OWN_COLUMNS = ("moran_i", "moran_q")


def characterise(
    spots: AnnData,
    adjacency: sparse.csr_matrix,
    neighbours: NDArray[np.integer],
    latent: NDArray[np.floating],
    sketch: NDArray[np.integer] | None = None,
) -> None:
    """Add uns['markers'], uns['domain_relations'] and var['moran_i', 'moran_q'].

    Over all genes of `spots`, fitted or not. A table without rows is left out, as that of markers
    is when there is one domain; a column of the source of the same name goes on as `source_NAME`.
    Slices tell of the genes they measured, by varm['measured'], and of depths by
    obs['measured_share'].

    Args:
        spots: raw counts in X, obs with `slice`, `stage` and `domain`.
        adjacency: (n, n) spatial neighbours within slices.
        neighbours: (m, k) nearest spots in the latent (n, d), the spot itself first.
        sketch: (m,) spots that `neighbours` is about and refers to; None for all of them.
    """
    counts = sparse.csr_matrix(spots.X, dtype=np.float32)
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    measured = read_measured(spots)
    if measured is not None and SHARE in spots.obs:
        totals = totals / spots.obs[SHARE].to_numpy(dtype=np.float64)
    expression = Normalised(counts, totals, TARGET_SUM)
    slices, stages, domains = (
        spots.obs[name].cat.codes.to_numpy().astype(np.int64)
        for name in ("slice", "stage", "domain")
    )
    names = [str(name) for name in spots.obs["domain"].cat.categories]
    contrast = contrast_domains(expression, domains, slices, len(names), measured)
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
