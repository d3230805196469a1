"""Adding slices to a fitted atlas: its factors and domains stay, the new slices are mapped."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.config import Config
from training.errors import AtlasError, DataError, Problem
from training.export import export_atlas
from training.extension.formernames import former_stages, rename_stages
from training.extension.goodness import SectionFit, as_findings, judge_section, measure_gain
from training.extension.join import Joined, Section, join_sections
from training.extension.renew import renew
from training.inputs.panels import read_measured
from training.mapping.encoding.parameters import Parameters, unpack_model
from training.mapping.reading.query import Query, check_shared, make_query, match_genes
from training.mapping.reference import of_atlas
from training.progress import Progress, silent
from training.projection import project_query, rehearse_query
from training.rehearsal.trust import learn_trust
from training.report.modelcard import label_columns
from training.slices.load import load_slices
from training.store import Atlas, ModelPart, SliceInfo, open_atlas
from training.store.places.location import local_path

if TYPE_CHECKING:
    from anndata import AnnData

    from training.slices.quality import SliceReport

COMPARED = 4
"""Slices of the atlas, nearest in time, that the gain of new ones is compared with."""


@dataclass(frozen=True)
class Extension:
    """Digest of the new store and how each added slice fits."""

    digest: str
    fits: list[SectionFit]


def extend_atlas(
    store: str | Path,
    slices: Path,
    out: Path,
    config: Config,
    *,
    progress: Progress = silent,
    command: str = "",
) -> Extension:
    """Write a store that holds an atlas and further slices, mapped onto it.

    The slices go through the frozen encoder and loadings as a query does. Latent, factors, domains,
    loadings and names of the atlas are those it had, bit for bit; a stage that it lacks takes its
    place by time. Markers, relations of domains and spatial genes are computed anew over all
    slices.

    Args:
        config: of it, `data`, `quality` and `stages` say how the new slices are read.

    Raises:
        StoreError: for a store that is none; NotFittedError: for one without a model.
        DataError: for slices that cannot be added; AtlasError: for an `out` that exists.
    """
    out = local_path(out)
    if not out.name.endswith(".atlas.zarr"):
        raise AtlasError(f"--out {out}: the name of an atlas ends in .atlas.zarr")
    if out.exists():
        raise AtlasError(f"{out} exists; choose another name: the atlas itself is never changed")
    atlas = open_atlas(store)
    parameters = unpack_model(atlas.model())
    progress("Reading slices", 0.0)
    known = {each.name: math.nan if each.time is None else each.time for each in atlas.stages}
    formers = former_stages(atlas.annotations.values(), known)
    known |= {former: known[name] for former, name in formers.items()}
    _check_times(config.stages, known)
    spots, reports = load_slices(
        Path(slices),
        data=config.data,
        quality=config.quality,
        stages=config.stages,
        known=known,
        genes=_fit_settings(atlas).genes,
    )
    reports = rename_stages(spots, reports, formers)
    queries = _divide(atlas, parameters, spots)
    reference = _read_reference(atlas)
    _check_fresh(atlas, reference, queries)
    progress("Reading slices", 1.0, f"{spots.n_obs:,} spots in {len(queries)} slices")
    sections, fits = _map_all(atlas, parameters, reference, queries, progress)
    joined = join_sections(atlas, reference, sections)
    images = {**reference.uns.get("spatial", {}), **spots.uns.get("spatial", {})}
    if images:
        joined.spots.uns["spatial"] = images
    progress("Registering slices", 0.0)
    alignment = renew(atlas, joined, parameters, _fit_settings(atlas), progress)
    card = _extend_card(atlas, slices, joined, reports, fits, alignment, command)
    progress("Writing the store", 0.0)
    digest = export_atlas(out, joined.spots, _extend_model(atlas, sections, joined), card)
    progress("Writing the store", 1.0, f"digest {digest[:12]}")
    return Extension(digest, fits)


def reading_settings(atlas: Atlas, config: Config) -> Config:
    """How the new slices are read: as those of the atlas were, unless `config` says otherwise."""
    fitted = _fit_settings(atlas)
    told = config.model_fields_set
    foreign = sorted(told - {"data", "quality", "stages"})
    if foreign:
        raise AtlasError(
            f"settings of {', '.join(foreign)} do nothing here: factors, domains and all that was "
            "fitted stay as they are; data, quality and stages say how slices are read"
        )
    return Config(
        data=fitted.data.model_copy(update=config.data.model_dump(exclude_unset=True)),
        quality=fitted.quality.model_copy(update=config.quality.model_dump(exclude_unset=True)),
        stages=config.stages,
    )


def _fit_settings(atlas: Atlas) -> Config:
    """Settings of the fit that are known still; defaults for the rest."""
    stored = atlas.card.get("settings")
    chosen: dict[str, Any] = {}
    for name, field in Config.model_fields.items():
        given = stored.get(name) if isinstance(stored, dict) else None
        known = getattr(field.annotation, "model_fields", None)
        if isinstance(given, dict) and known is not None:
            chosen[name] = {key: value for key, value in given.items() if key in known}
    return Config.model_validate(chosen)


def _check_times(table: Mapping[str, float], known: Mapping[str, float]) -> None:
    for name, time in table.items():
        if name in known and time != known[name]:
            raise AtlasError(
                f"[stages] {name} = {time:g}: the atlas has that stage at {known[name]:g}; stages "
                "of the atlas keep their times"
            )


def _read_reference(atlas: Atlas) -> AnnData:
    import anndata

    return anndata.read_zarr(atlas.reference_group)


def _divide(atlas: Atlas, parameters: Parameters, spots: AnnData) -> dict[str, Query]:
    """The slices of a collection, each as a query, in order."""
    matched = match_genes(spots.var, atlas)
    problems = check_shared("new slices", spots.var, matched[1], parameters.genes)
    if problems:
        raise DataError(problems)
    codes = spots.obs["slice"].cat.codes.to_numpy()
    measured = read_measured(spots)
    queries = {}
    for index, name in enumerate(spots.obs["slice"].cat.categories):
        rows = np.flatnonzero(codes == index)
        own = matched if measured is None else _keep_measured(matched, measured[index])
        problems += check_shared(f"slice '{name}'", spots.var, own[1], parameters.genes)
        queries[str(name)] = make_query(
            spots.X[rows],
            spots.obs.iloc[rows],
            spots.var,
            np.asarray(spots.obsm["spatial"])[rows],
            np.zeros(len(rows), dtype=np.int64),
            own,
            parameters.genes,
        )
    if problems:
        raise DataError(problems)
    return queries


def _keep_measured(
    matched: tuple[np.ndarray, list[str], str], measured: np.ndarray
) -> tuple[np.ndarray, list[str], str]:
    """Of the matched genes those that a slice measured, of all genes (G,) of a collection."""
    columns, genes, convention = matched
    kept = [(c, g) for c, g in zip(columns.tolist(), genes, strict=True) if measured[c]]
    return np.array([c for c, _ in kept], dtype=np.intp), [g for _, g in kept], convention


def _check_fresh(atlas: Atlas, reference: AnnData, queries: Mapping[str, Query]) -> None:
    """No slice is in the atlas already or comes twice, neither by name nor by content."""
    problems = [
        Problem(
            f"slice '{info.name}'",
            "a slice of this name in the atlas",
            "a new name for each added slice",
            remedy="leave the slice out if it is the same one, else rename it",
        )
        for info in atlas.slices
        if info.name in queries
    ]
    spatial, totals = np.asarray(reference.obsm["spatial"]), _totals(reference.X)
    seen = {
        _content(spatial[i.start : i.stop], totals[i.start : i.stop]): f"{i.name} of the atlas"
        for i in atlas.slices
    }
    for name, query in queries.items():
        content = _content(query.positions, _totals(query.counts[:, query.columns]))
        if content in seen and name not in {info.name for info in atlas.slices}:
            problems.append(
                Problem(
                    f"slice '{name}'",
                    f"the positions and counts of {seen[content]}",
                    "each slice once",
                    remedy="leave one of the two out",
                )
            )
        seen.setdefault(content, name)
    if problems:
        raise DataError(problems)


def _totals(counts: Any) -> np.ndarray:
    return np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()


def _content(positions: np.ndarray, totals: np.ndarray) -> str:
    """A digest of where spots lie and how many counts they have, in whatever order."""
    table = np.column_stack([positions.astype(np.float32), totals.astype(np.float64)])
    return hashlib.sha256(table[np.lexsort(table.T)].tobytes()).hexdigest()


def _map_all(
    atlas: Atlas,
    parameters: Parameters,
    reference: AnnData,
    queries: Mapping[str, Query],
    progress: Progress,
) -> tuple[list[Section], list[SectionFit]]:
    """Every slice through the frozen model, and how well it fits beside the atlas's own."""
    times = {name: float(q.obs["time"].iloc[0]) for name, q in queries.items()}
    counts = reference.X.tocsr()
    gains = []
    near = _nearest_slices(atlas, [time for time in times.values() if np.isfinite(time)])
    for done, info in enumerate(near):
        progress("Fitting of the atlas's own", done / len(near), info.name)
        own = _own_query(atlas, reference, counts, info)
        gains.append(measure_gain(atlas.genes, parameters, own))
    progress("Fitting of the atlas's own", 1.0)
    usual_gain = float(np.median(gains))
    sections, fits = [], []
    panel: list[str] | None = None
    for done, (name, query) in enumerate(queries.items()):
        progress("Mapping slices", done / len(queries), name)
        stage = str(query.obs["stage"].iloc[0])
        # What is ordinary depends on the genes measured; slices of one panel follow one another.
        if query.genes != panel:
            panel = query.genes
            trust = learn_trust(atlas, of_atlas(atlas), rehearse_query(atlas, parameters, query))
        projection = project_query(atlas, parameters, query, trust=trust)
        gain = measure_gain(atlas.genes, parameters, query)
        spot_names = query.obs["spot"].astype(str).tolist()
        sections.append(Section(name, stage, times[name], query, projection, spot_names))
        fits.append(judge_section(name, stage, projection.report, gain, usual_gain))
    progress("Mapping slices", 1.0)
    return sections, fits


def _nearest_slices(atlas: Atlas, times: Sequence[float]) -> list[SliceInfo]:
    """Slices of the atlas nearest in time to the new ones; evenly spread where none has a time."""
    known = [info for info in atlas.slices if info.time is not None]
    if not times or not known:
        step = max(len(atlas.slices) // COMPARED, 1)
        return atlas.slices[::step][:COMPARED]
    return sorted(known, key=lambda info: min(abs((info.time or 0.0) - t) for t in times))[
        :COMPARED
    ]


def _own_query(atlas: Atlas, reference: AnnData, counts: Any, info: SliceInfo) -> Query:
    """A slice of the atlas as it would come as a query."""
    rows = slice(info.start, info.stop)
    columns = np.arange(atlas.n_genes)
    if atlas.measured is not None:
        columns = np.flatnonzero(atlas.measured[:, atlas.slices.index(info)])
    return Query(
        counts=counts[rows],
        obs=reference.obs.iloc[rows],
        var=reference.var,
        positions=np.asarray(reference.obsm["spatial"])[rows],
        slices=np.zeros(info.n_spots, dtype=np.int64),
        columns=columns,
        genes=[atlas.genes[column] for column in columns],
        convention="gene names",
    )


def _extend_model(atlas: Atlas, sections: Sequence[Section], joined: Joined) -> ModelPart:
    """The model as it was, with the slice-gene effects of the new slices in their places."""
    part = atlas.model()
    arrays = dict(part.arrays)
    effects = arrays.get("effects")
    if effects is not None and len(effects) == len(atlas.slices):
        new = [each.projection.effects for each in sections]
        arrays["effects"] = np.concatenate([effects, *new]).astype(effects.dtype)[joined.order]
    return ModelPart(arrays, part.config)


def _extend_card(
    atlas: Atlas,
    source: Path,
    joined: Joined,
    reports: Sequence[SliceReport],
    fits: Sequence[SectionFit],
    alignment: list[dict[str, Any]],
    command: str,
) -> dict[str, Any]:
    """The atlas's card with what was added, to what, how, and how well it fits."""
    card: dict[str, Any] = json.loads(json.dumps(atlas.card))
    # It is no longer what these slices alone were fitted to.
    card.pop("made_of", None)
    names = [str(name) for name in joined.spots.obs["slice"].cat.categories]
    told = {report["slice"]: report for report in card.get("report", [])}
    told |= {report.slice: asdict(report) for report in reports}
    card["report"] = [told[name] for name in names if name in told]
    if alignment:
        card["alignment"] = alignment
    card["label_columns"] = label_columns(joined.spots)
    if command:
        card["command"] = " && ".join(filter(None, [card.get("command"), command]))
    card["extensions"] = [
        *card.get("extensions", []),
        {
            "extends": atlas.id,
            "digest": atlas.digest,
            "source": Path(source).name,
            "slices": [fit.slice for fit in fits],
            "command": command,
        },
    ]
    card["added_slices"] = [*card.get("added_slices", []), *map(asdict, fits)]
    card["findings"] = [*card.get("findings", []), *map(asdict, as_findings(fits))]
    return card
