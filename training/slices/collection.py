"""Joining kept spots of all slices into one AnnData."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

RESERVED = ("slice", "stage", "time", "spot")


@dataclass(frozen=True)
class Part:
    """Kept spots of one slice.

    `obs` (n spots), `var` (all genes of the source), `coordinates` float32 (n spots, 2).
    """

    name: str
    stage: str
    obs: pd.DataFrame
    var: pd.DataFrame
    coordinates: np.ndarray


def join(
    parts: Sequence[Part],
    blocks: list[csr_matrix],
    genes: pd.Index,
    times: Mapping[str, float],
) -> AnnData:
    """One AnnData of all parts, in the order given.

    Args:
        parts: the slices, grouped by stage in the order of `times`.
        blocks: float32 counts of each part over `genes`; emptied, to free memory on the way.
        genes: names of the kept genes; one that a part did not measure has no counts there, and
            varm['measured'] (genes, parts) says so.
        times: time by stage name, in stage order.
    """
    import pandas as pd
    from anndata import AnnData

    sizes = [len(part.obs) for part in parts]
    obs = join_tables([part.obs for part in parts])
    spots = np.concatenate([part.obs.index.to_numpy(dtype=object) for part in parts])
    slice_codes = np.repeat(np.arange(len(parts)), sizes)
    stage_rank = {name: at for at, name in enumerate(times)}
    stage_codes = np.repeat([stage_rank[part.stage] for part in parts], sizes)
    own: dict[str, Any] = {
        "slice": pd.Categorical.from_codes(slice_codes, [part.name for part in parts]),
        "stage": pd.Categorical.from_codes(stage_codes, list(times), ordered=True),
        "time": np.asarray(list(times.values()), dtype=np.float64)[stage_codes],
        "spot": spots,
    }
    names = pd.Index(spots)
    if not names.is_unique:
        owners = np.asarray([part.name for part in parts], dtype=object)[slice_codes]
        names = pd.Index(owners + ":" + spots)
    table = pd.DataFrame(own, index=names)
    for column in obs.columns:
        if column not in RESERVED:
            table[column] = obs[column].array
        elif not _same(obs[column], table[column]):
            table[f"source_{column}"] = obs[column].array
    measured = np.column_stack([genes.isin(part.var.index) for part in parts])
    joined = AnnData(
        X=_stack(blocks, len(genes)),
        obs=table,
        var=_join_var([part.var for part in parts], genes),
        obsm={"spatial": np.concatenate([part.coordinates for part in parts])},
    )
    if not measured.all():
        joined.varm["measured"] = measured
    return joined


def _same(column: pd.Series, own: pd.Series) -> bool:
    if own.dtype.kind == "f":
        if column.dtype.kind not in "iuf":
            return False
        return bool(np.array_equal(column.to_numpy(dtype=float), own.to_numpy(), equal_nan=True))
    return bool((column.astype(str).to_numpy() == own.astype(str).to_numpy()).all())


def _stack(blocks: list[csr_matrix], n_genes: int) -> csr_matrix:
    """Blocks under each other; memory is taken as it is filled, blocks are freed once copied."""
    from scipy.sparse import csr_matrix

    n_spots, n_values = sum(b.shape[0] for b in blocks), sum(b.nnz for b in blocks)
    wide = np.int64 if n_values > np.iinfo(np.int32).max else np.int32
    data = np.empty(n_values, dtype=np.float32)
    indices = np.empty(n_values, dtype=wide)
    indptr = np.zeros(n_spots + 1, dtype=wide)
    row = value = 0
    blocks.reverse()
    while blocks:
        block = blocks.pop()
        data[value : value + block.nnz] = block.data
        indices[value : value + block.nnz] = block.indices
        indptr[row + 1 : row + 1 + block.shape[0]] = block.indptr[1:].astype(wide) + value
        row, value = row + block.shape[0], value + block.nnz
    return csr_matrix((data, indices, indptr), shape=(n_spots, n_genes), copy=False)


def _join_var(tables: Sequence[pd.DataFrame], genes: pd.Index) -> pd.DataFrame:
    """Columns of the first slice that every slice has with the same values for its genes."""
    first = tables[0]
    if genes.isin(first.index).all():
        first = first.loc[genes].copy()
    else:
        first = _first_entries(tables, genes)
    seen = {id(tables[0])}
    for table in tables[1:]:
        if id(table) in seen:
            continue
        seen.add(id(table))
        own = genes[genes.isin(table.index)]
        for column in list(first.columns):
            if (
                column not in table
                or not (
                    table[column].loc[own].astype(str).to_numpy()
                    == first[column].loc[own].astype(str).to_numpy()
                ).all()
            ):
                del first[column]
    return first


def _first_entries(tables: Sequence[pd.DataFrame], genes: pd.Index) -> pd.DataFrame:
    """Every gene as the first table that has it describes it, in the columns of the first table."""
    import pandas as pd

    rest, rows = genes, []
    columns = [name for name in tables[0].columns if all(name in table for table in tables)]
    for table in tables:
        own = rest[rest.isin(table.index)]
        if len(own):
            rows.append(table.loc[own, columns])
            rest = rest[~rest.isin(own)]
    return pd.concat(rows).loc[genes]


def join_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables under each other; a column some slices lack has missing values there."""
    import pandas as pd

    columns = list(dict.fromkeys(column for table in tables for column in table.columns))
    index = np.concatenate([table.index.to_numpy(dtype=object) for table in tables])
    joined = {column: _join_column(tables, column) for column in columns}
    return pd.DataFrame(
        {column: values.array for column, values in joined.items()}, index=pd.Index(index)
    )


def _join_column(tables: Sequence[pd.DataFrame], column: str) -> pd.Series:
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_numeric_dtype, union_categoricals

    present = [table[column] for table in tables if column in table]
    lacking = len(present) < len(tables)
    categorical = [isinstance(values.dtype, pd.CategoricalDtype) for values in present]
    if all(categorical):
        orders = {(values.cat.ordered, tuple(values.cat.categories)) for values in present}
        if len(orders) == 1:
            dtype = present[0].dtype
        else:
            dtype = pd.CategoricalDtype(union_categoricals(present, ignore_order=True).categories)
        whole = [
            table[column].astype(dtype).astype(object)
            if column in table
            else pd.Series(np.nan, index=table.index, dtype=object)
            for table in tables
        ]
        return pd.concat(whole, ignore_index=True).astype(dtype)
    numeric = all(is_numeric_dtype(v.dtype) and not is_bool_dtype(v.dtype) for v in present)
    if numeric or (all(is_bool_dtype(values.dtype) for values in present) and not lacking):
        whole = [
            table[column] if column in table else pd.Series(np.nan, index=table.index)
            for table in tables
        ]
        return pd.concat(whole, ignore_index=True)
    # Mixed kinds and gaps: text, so that every format can hold it.
    whole = [
        table[column].astype(object).map(str, na_action="ignore")
        if column in table
        else pd.Series(np.nan, index=table.index, dtype=object)
        for table in tables
    ]
    text = pd.concat(whole, ignore_index=True)
    if text.isna().any() or any(categorical):
        return text.astype("category")
    return text
