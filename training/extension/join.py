"""An atlas's reference and new slices as one collection: old rows as they were, stages by time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.mapping.projected import Projection
from training.mapping.reading.query import Query
from training.slices.collection import RESERVED, join_tables
from training.store import Atlas, SliceInfo
from training.store.schema import SHARE

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

MAPPED_COLUMNS = ("domain_confidence", "out_of_reference_score")
"""Columns of obs that added spots have and fitted ones lack."""


@dataclass(frozen=True)
class Section:
    """One new slice that went through the frozen model."""

    name: str
    stage: str
    time: float
    query: Query
    projection: Projection
    spots: Sequence[str]


@dataclass(frozen=True)
class Joined:
    """Old and new slices in one collection.

    Attributes:
        spots: without `spatial_aligned` and without tables of domains and genes.
        order: (S,) where each slice of the result was: the old ones first, then the new.
        rows: (n,) the same for spots.
    """

    spots: AnnData
    order: NDArray[np.intp]
    rows: NDArray[np.intp]


def order_stages(atlas: Atlas, sections: Sequence[Section]) -> dict[str, float]:
    """Time of every stage in order of time; of equal or unknown time the atlas's come first."""
    times = {s.name: math.nan if s.time is None else s.time for s in atlas.stages}
    times |= {s.stage: s.time for s in sections if s.stage not in times}
    order = sorted(times, key=lambda name: math.inf if math.isnan(times[name]) else times[name])
    return {name: times[name] for name in order}


def join_sections(atlas: Atlas, reference: AnnData, sections: Sequence[Section]) -> Joined:
    """One collection in which every old row, gene, factor and domain is what it was.

    Genes are those of the atlas. Slices follow one another by stage, the atlas's own first within a
    stage. A new spot lies in the UMAP at the weighted mean of its nearest spots of the atlas.
    """
    from anndata import AnnData

    stages = order_stages(atlas, sections)
    rank = {name: index for index, name in enumerate(stages)}
    infos = [*atlas.slices, *_follow(atlas, sections)]
    order = np.array(sorted(range(len(infos)), key=lambda at: rank[infos[at].stage]), dtype=np.intp)
    rows = np.concatenate([np.arange(infos[at].start, infos[at].stop) for at in order])
    counts = [sparse.csr_matrix(reference.X), *(_spread(atlas, each.query) for each in sections)]
    spots = AnnData(
        sparse.vstack(counts, format="csr", dtype=np.float32)[rows],
        obs=_join_obs(atlas, reference, sections, [infos[at].name for at in order], stages, rows),
        var=reference.var.drop(columns=["moran_i", "moran_q"], errors="ignore"),
        varm={"loadings": reference.varm["loadings"]},
    )
    umap = np.asarray(reference.obsm["umap"])
    new = {
        "latent": [each.projection.latent for each in sections],
        "factors": [each.projection.proportions for each in sections],
        "spatial": [each.query.positions for each in sections],
        "umap": [_interpolate(umap, each.projection) for each in sections],
    }
    for name, blocks in new.items():
        old = np.asarray(reference.obsm[name])
        spots.obsm[name] = np.concatenate([old, *blocks]).astype(np.float32)[rows]
    measured = find_measured(atlas, sections)[:, order]
    if not measured.all():
        spots.varm["measured"] = measured
    spots.uns.update(_keep_uns(reference, spots))
    return Joined(spots, order, rows)


def find_measured(atlas: Atlas, sections: Sequence[Section]) -> NDArray[np.bool_]:
    """Which gene each slice measured (genes, old slices and then new ones)."""
    shape = (atlas.n_genes, len(atlas.slices))
    old = np.ones(shape, dtype=bool) if atlas.measured is None else np.asarray(atlas.measured)
    new = np.zeros((atlas.n_genes, len(sections)), dtype=bool)
    position = {gene: index for index, gene in enumerate(atlas.genes)}
    for column, each in enumerate(sections):
        new[[position[gene] for gene in each.query.genes], column] = True
    return np.hstack([old, new])


def _follow(atlas: Atlas, sections: Sequence[Section]) -> list[SliceInfo]:
    """Where the new slices' rows lie once they stand under the old ones."""
    infos, start = [], atlas.n_spots
    for each in sections:
        stop = start + len(each.query.obs)
        time = None if math.isnan(each.time) else each.time
        infos.append(SliceInfo(each.name, each.stage, time, start, stop))
        start = stop
    return infos


def _spread(atlas: Atlas, query: Query) -> sparse.csr_matrix:
    """Counts (n, genes of the atlas) of a section; 0 where it did not measure."""
    position = {gene: index for index, gene in enumerate(atlas.genes)}
    found = query.counts[:, query.columns].tocoo()
    columns = np.array([position[gene] for gene in query.genes], dtype=np.int64)[found.col]
    shape = (len(query.obs), atlas.n_genes)
    return sparse.csr_matrix((found.data, (found.row, columns)), shape=shape)


def _interpolate(values: NDArray[np.floating], projection: Projection) -> NDArray[np.floating]:
    return (values[projection.neighbours] * projection.weights[:, :, None]).sum(axis=1)


def _join_obs(
    atlas: Atlas,
    reference: AnnData,
    sections: Sequence[Section],
    slices: Sequence[str],
    stages: Mapping[str, float],
    rows: NDArray[np.intp],
) -> pd.DataFrame:
    import pandas as pd

    old = reference.obs
    tables = [old, *(each.query.obs for each in sections)]
    own = [*RESERVED, "domain", *MAPPED_COLUMNS, SHARE]
    # A column of the atlas's own, which is put together with the new slices' later.
    stale = [SHARE] if atlas.measured is not None and SHARE in old else []
    mapped = [name for name in MAPPED_COLUMNS if name in old]
    frames = [
        old.drop(columns=[*RESERVED, "domain", *mapped, *stale]),
        *(
            each.query.obs.drop(columns=list(RESERVED)).rename(
                columns={name: f"source_{name}" for name in own}
            )
            for each in sections
        ),
    ]
    others = join_tables(frames)

    def whole(name: str, values: Sequence[Any]) -> NDArray[Any]:
        return np.concatenate([np.asarray(old[name]), *values])

    codes = whole("slice", [np.repeat(each.name, len(each.query.obs)) for each in sections])
    stage = whole("stage", [np.repeat(each.stage, len(each.query.obs)) for each in sections])
    times = [np.repeat(each.time, len(each.query.obs)) for each in sections]
    columns: dict[str, Any] = {
        "slice": pd.Categorical(codes.astype(str), categories=list(slices)),
        "stage": pd.Categorical(stage.astype(str), categories=list(stages), ordered=True),
        "time": whole("time", times).astype(np.float64),
        "spot": whole("spot", [np.asarray(each.spots, dtype=object) for each in sections]),
        "domain": pd.Categorical(
            whole("domain", [each.projection.domain for each in sections]).astype(str),
            categories=[str(name) for name in old["domain"].cat.categories],
        ),
    }
    lacking = np.full(len(old), np.nan, dtype=np.float32)
    for name in MAPPED_COLUMNS:
        before = np.asarray(old[name], dtype=np.float32) if name in mapped else lacking
        after = [getattr(each.projection, name) for each in sections]
        columns[name] = np.concatenate([before, *after])
    columns |= {str(name): others[name].array for name in others.columns}
    names = _unique_names([list(map(str, table.index)) for table in tables], sections)
    return pd.DataFrame(columns, index=pd.Index(names)).iloc[rows]


def _unique_names(names: Sequence[Sequence[str]], sections: Sequence[Section]) -> list[str]:
    """Old names unchanged; new ones with their slice before them where they would occur twice."""
    taken, found = set(names[0]), list(names[0])
    for own, each in zip(names[1:], sections, strict=True):
        fresh = list(own) if taken.isdisjoint(own) else [f"{each.name}:{name}" for name in own]
        while not taken.isdisjoint(fresh):
            fresh = [f"{name}+" for name in fresh]
        taken.update(fresh)
        found += fresh
    return found


def _keep_uns(reference: AnnData, spots: AnnData) -> dict[str, Any]:
    """What the reference holds beside its tables; colours only of categories that stayed."""
    kept = {}
    for name, value in reference.uns.items():
        column = name.removesuffix("_colors")
        if name in ("markers", "domain_relations"):
            continue
        if column != name and column in spots.obs:
            before, after = reference.obs[column], spots.obs[column]
            if not (
                hasattr(before, "cat")
                and hasattr(after, "cat")
                and list(before.cat.categories) == list(after.cat.categories)
            ):
                continue
        kept[name] = value
    return kept
