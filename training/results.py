"""The result of a projection as an `.h5ad` file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.errors import AtlasError
from training.imputation.accuracy import hold_against
from training.imputation.impute import genes_at_once
from training.mapping.reading.query import Query
from training.mapping.verdict import tissue_sections
from training.progress import Progress
from training.store import Atlas
from training.store.mapped import ASIDE, CARRIED, COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from training.imputation.accuracy import Accuracy
    from training.mapping.projected import Projection
    from training.mapping.reading.measured import MeasuredGenes

COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
"""Counts are small numbers: with the bytes of like places beside each other files are smaller than
with gzip's default alone, and take half as long to write."""
AGREEMENT = ("here_pearson", "here_inside")
"""Columns of imputed genes that the query measured, see `hold_against`."""
NAMES = ("stage", "domain", "gene")
"""Columns of compared tables that name things."""


def write_result(
    out: Path,
    query: Query,
    projection: Projection,
    atlas: Atlas,
    genes: list[str],
    imputed: Iterator[tuple[slice, NDArray[np.float32], Accuracy]],
    progress: Progress,
    comparison: Mapping[str, pd.DataFrame] | None = None,
    registered: NDArray[np.float32] | None = None,
    measured: MeasuredGenes | None = None,
) -> None:
    """Write the query's spots, all and in order, with what the projection says of them.

    Imputed values go block by block into obsm['imputed'] (n, genes), apart from measured ones, and
    what is known of their accuracy into the table uns['imputation'], a row for each gene. Where the
    query itself measured some of them, obsm['measured'] (n, genes) has that, NaN of the others, and
    the table has how the two agree, without foreign sections. Tables of `comparison` go into
    uns['comparison'], `registered` positions (n, 2), NaN where there are none, into
    obsm['spatial_registered'].
    The file appears under its name only when it is whole.
    """
    import anndata as ad
    import h5py

    out = Path(out)
    temporary = out.with_name(f".{out.name}.part")
    progress("Writing the result", 0.0)
    result = ad.AnnData(query.counts, obs=_table(query.obs, projection, atlas), var=query.var)
    result.obsm["spatial"] = query.positions
    if registered is not None:
        result.obsm["spatial_registered"] = registered
    result.obsm["latent"] = projection.latent
    result.obsm["factors"] = projection.proportions
    result.obsm["domain_probability"] = projection.domain_probabilities
    result.uns["projection"] = {
        **{key: value for key, value in projection.report.items() if value not in ([], {})},
        "section_obs": _section_obs(query.section_column, projection),
        **({"coordinate_unit": query.coordinate_unit} if query.coordinate_unit else {}),
        "atlas_id": atlas.id,
        "atlas_digest": atlas.digest,
        "software": f"inspire-atlas {version('inspire-atlas')}",
        "imputed_genes": np.array(genes, dtype=object),
        "imputed_unit": "log1p counts per 10,000",
    }
    if comparison:
        result.uns["comparison"] = {
            name: table.astype({each: "category" for each in NAMES if each in table}).set_axis(
                table.index.astype(str)
            )
            for name, table in comparison.items()
        }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        result.strings_to_categoricals()
        with h5py.File(temporary, "w") as file:
            told, result.uns = dict(result.uns), {}
            ad.io.write_elem(file, "/", result, dataset_kwargs=COMPRESSION)
            # Single values, of which uns is full, take no shuffling.
            ad.io.write_elem(file, "uns", told, dataset_kwargs={"compression": "gzip"})
            if genes:
                shape = (len(query.obs), len(genes))
                values = _make_array(file, "imputed", shape)
                own = measured if measured is not None and measured.has(genes) else None
                truth = None if own is None else _make_array(file, "measured", shape)
                accuracies, agreements = [], []
                kept = tissue_sections(projection.out_of_reference, query.slices)[query.slices]
                for place, block, accuracy in imputed:
                    values[:, place] = block
                    accuracies.append(accuracy)
                    if truth is not None and own is not None:
                        truth[:, place] = known = own.of(genes[place])
                        agreements.append(
                            hold_against(block[kept], known[kept], accuracy, query.slices[kept])
                        )
                    progress("Imputing", place.stop / len(genes), f"{place.stop:,} genes")
                table = tabulate(genes, accuracies, [stage.name for stage in atlas.stages])
                for index, name in enumerate(AGREEMENT if agreements else ()):
                    table[name] = np.concatenate([each[index] for each in agreements])
                ad.io.write_elem(file["uns"], "imputation", table)
        temporary.replace(out)
    except OSError as error:
        raise AtlasError(f"{out} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    progress("Writing the result", 1.0)


def _make_array(file: Any, name: str, shape: tuple[int, int]) -> Any:
    """An empty array of obsm, read a few genes at a time."""
    # What is imputed together fills whole chunks, none of which is packed twice.
    chunk = (min(shape[0], 16384), min(shape[1], 64, genes_at_once(shape[0])))
    made = file["obsm"].create_dataset(
        name, shape, dtype="float32", chunks=chunk, compression="lzf"
    )
    made.attrs["encoding-type"] = "array"
    made.attrs["encoding-version"] = "0.2.0"
    return made


def tabulate(genes: list[str], accuracies: list[Accuracy], stages: list[str]) -> pd.DataFrame:
    """A row for each gene: how well it came out on the reference, and its intervals."""
    import pandas as pd

    names = ("pearson", "spearman", "rmse", "slices", "base", "slope", "low", "high", "coverage")
    columns = {name: np.concatenate([getattr(each, name) for each in accuracies]) for name in names}
    for index, stage in enumerate(stages):
        columns[f"pearson {stage}"] = np.concatenate([each.by_stage[index] for each in accuracies])
    # Slashes would make groups in the file.
    table = pd.DataFrame(columns, index=pd.Index(genes, name="gene"))
    return table.rename(columns=lambda name: name.replace("/", "|"))


def _taken(projection: Projection) -> set[str]:
    """Names of columns that the result writes."""
    mapped = {f"{CARRIED}{name}" for name in projection.annotations}
    return {*COLUMNS, *mapped, *(f"{name}_probability" for name in mapped)}


def _section_obs(column: str, projection: Projection) -> str:
    """Under which name the column of sections stands in the result; "" without one."""
    return f"{ASIDE}{column}" if column in _taken(projection) else column


def _table(obs: pd.DataFrame, projection: Projection, atlas: Atlas) -> pd.DataFrame:
    import pandas as pd

    taken = _taken(projection)
    table = obs.rename(columns={name: f"{ASIDE}{name}" for name in taken if name in obs})
    table = table.loc[:, ~table.columns.duplicated()].copy()
    domains = atlas.obs_columns["domain"].categories
    stages = [stage.name for stage in atlas.stages]
    table["domain"] = pd.Categorical(projection.domain, categories=domains)
    table["domain_confidence"] = projection.domain_confidence
    table["stage"] = pd.Categorical(projection.stage, categories=stages, ordered=True)
    table["stage_confidence"] = projection.stage_confidence
    for name, named in projection.annotations.items():
        table[f"{CARRIED}{name}"] = pd.Categorical(named.names, categories=named.categories)
        table[f"{CARRIED}{name}_probability"] = named.probability
    table["out_of_reference"] = projection.out_of_reference
    table["out_of_reference_score"] = projection.out_of_reference_score
    return table
