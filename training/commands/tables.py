"""Parts of an atlas as files to take away: CSV, GMT, h5ad by the ending of the name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.downstream.abundance import tabulate_stages
from training.downstream.enrichment import own_sets
from training.errors import AtlasError
from training.store import Atlas
from training.store.derived.genelists import factors_csv, factors_gmt
from training.store.given.givensets import sets_gmt
from training.store.tables import write_columns_csv, write_matrix_csv

ENDINGS = {
    "factors": (".csv", ".gmt"),
    "loadings": (".csv",),
    "latent": (".csv",),
    "markers": (".csv",),
    "relations": (".csv",),
    "genes": (".csv",),
    "stages": (".csv",),
    "sets": (".gmt",),
    "reference": (".h5ad",),
}
TABLES = {"markers": "markers", "relations": "domain_relations", "genes": "genes"}
"""What is exported, and what the store calls it."""


def export_part(atlas: Atlas, what: str, to: Path) -> None:
    """Write one part of an atlas.

    `factors` as .csv is the ranked gene table, as .gmt the top genes of each factor; `loadings` is
    genes × factors; `latent` is spots × dimensions; `markers`, `relations` and `genes` are tables
    of the store; `stages` is the share of factors and domains by stage, with intervals over
    slices; `sets` are the gene sets of the builder; `reference` is the whole AnnData.

    Raises:
        AtlasError: for an ending that does not fit the part, or a file that cannot be written.
        StoreError: for a table that the atlas does not hold.
    """
    ending = to.suffix.lower()
    if ending not in ENDINGS[what]:
        raise AtlasError(f"--to {to}: {what} can be written as {' or '.join(ENDINGS[what])}")
    try:
        if what == "factors":
            text = factors_csv(atlas) if ending == ".csv" else factors_gmt(atlas)
            to.write_text(text, encoding="utf-8")
        elif what == "loadings":
            fitted = atlas.highly_variable
            names = [gene for gene, keep in zip(atlas.genes, fitted, strict=True) if keep]
            columns = [f"factor_{k}" for k in range(atlas.n_factors)]
            write_matrix_csv(to, names, columns, np.asarray(atlas.loadings)[fitted])
        elif what == "latent":
            columns = [f"latent_{d}" for d in range(atlas.latent.shape[1])]
            write_matrix_csv(to, atlas.spot_names, columns, np.asarray(atlas.latent))
        elif what == "sets":
            to.write_text(sets_gmt(own_sets(atlas)), encoding="utf-8")
        elif what in TABLES:
            write_columns_csv(to, atlas.table(TABLES[what]))
        elif what == "stages":
            write_columns_csv(to, tabulate_stages(atlas))
        else:
            import anndata as ad

            ad.read_zarr(atlas.reference_group).write_h5ad(to, compression="gzip")
    except OSError as error:
        raise AtlasError(f"{to} cannot be written: {error}") from error
