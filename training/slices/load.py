"""Slices on disk to one checked collection in memory."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.config import DataConfig, GenesConfig, QualityConfig
from training.errors import DataError, Problem
from training.slices.genepanels import (
    check_linked_panels,
    check_panels,
    shared_genes,
    union_genes,
)
from training.slices.pieces import Piece, check_slice_names, find_pieces
from training.slices.quality import MIN_SPOTS, Quality, SliceReport, assess
from training.slices.readers.discovery import find_sources
from training.slices.readers.source import Unreadable
from training.slices.stages import resolve_times
from training.slices.tissue import TissueImage, as_libraries, choose_image
from training.slices.validation import (
    check_coordinates,
    check_copies,
    check_counts,
    check_names,
)

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

GENE_NAMES_REMEDY = "sum or rename the repeated genes, for instance by their Ensembl ids"
SPOT_NAMES_REMEDY = "remove the copies, or name each spot of a slice differently"


@dataclass
class Kept:
    """Spots of one slice that stay."""

    counts: csr_matrix
    rows: np.ndarray
    coordinates: np.ndarray


def load_slices(
    path: Path,
    *,
    data: DataConfig,
    quality: QualityConfig,
    stages: Mapping[str, float],
    known: Mapping[str, float] = {},
    genes: GenesConfig = GenesConfig(),
) -> tuple[AnnData, list[SliceReport]]:
    """Read, check and join all slices under a path.

    Args:
        path: folder of .h5ad files, one .h5ad with a slice column, 10x Visium folders or
            SpatialData stores.
        data: names of the columns and keys read.
        quality: which spots are kept, judged over the genes of a slice that are kept.
        stages: time by stage name, before all other sources of times.
        known: times of the stages of an atlas that the slices are added to.
        genes: whether genes that some slices did not measure are kept.

    Returns:
        Collection of the kept spots: X CSR float32 raw counts over the kept genes in the order
        of the first slice that has them; obs with `slice` (categories by stage, then by name of
        the file), `stage` (ordered), `time` (NaN when unknown), `spot` (name in the file) and every
        column of the input; obsm['spatial'] float32 (n, 2). Rows are grouped by slice. An input
        column whose name is taken by another meaning goes on as `source_NAME`. Where some slice
        did not measure all kept genes, varm['measured'] (genes, slices) says which did. Tissue
        images are in uns['spatial'] by slice. And one report per slice, in the same order.

    Raises:
        DataError: with every fault of every slice.
    """
    sources, problems = find_sources(Path(path), spatial_key=data.spatial_key)
    pieces: list[Piece] = []
    for source in sources:
        found, faults = find_pieces(source, data)
        pieces += found
        problems += faults
    problems += check_slice_names(pieces)
    times, faults = resolve_times([piece.stage for piece in pieces], stages, known)
    problems += faults
    panels = {piece.source.place: piece.source.var for piece in pieces}
    panel_faults = [
        fault
        for place, var in panels.items()
        for fault in check_names(place, var.index, "gene", GENE_NAMES_REMEDY)
    ]
    union = genes.panels == "union"
    problems += panel_faults or (check_linked_panels if union else check_panels)(panels)
    rank = {name: at for at, name in enumerate(times)}
    order = sorted(range(len(pieces)), key=lambda at: rank.get(pieces[at].stage_name, 0))
    pieces = [pieces[at] for at in order]
    kept_genes = _kept_genes(pieces, genes) if pieces else None
    kept: dict[int, Kept] = {}
    reports: dict[int, SliceReport] = {}
    for source in sources:
        mine = [(at, piece) for at, piece in enumerate(pieces) if piece.source is source]
        try:
            counts = source.counts()
        except Unreadable as fault:
            problems.append(fault.problem)
            continue
        counts.sum_duplicates()
        counts.eliminate_zeros()
        columns = None
        if kept_genes is not None and not panel_faults and not source.var.index.equals(kept_genes):
            columns = source.var.index.get_indexer(kept_genes)
        for at, piece in mine:
            part = counts if len(piece.rows) == counts.shape[0] else counts[piece.rows]
            faults = _check_piece(piece, part, data)
            if faults or problems:
                problems += faults
                continue
            n_genes = part.shape[1]
            if columns is not None:
                part, n_genes = _choose_columns(part, columns), int((columns >= 0).sum())
            judged = assess(part, quality)
            time = times[piece.stage_name]
            report = _report(piece, judged, time, n_genes)
            if report.n_kept < MIN_SPOTS:
                problems.append(_too_few(piece, report, quality))
                continue
            assert piece.coordinates is not None
            rows = np.flatnonzero(judged.kept)
            part = part if rows.size == part.shape[0] else part[rows]
            kept[at] = Kept(
                part.astype(np.float32, copy=False), piece.rows[rows], piece.coordinates[rows]
            )
            reports[at] = report
    if problems:
        raise DataError(problems)
    from training.slices.collection import Part, join

    parts = [
        Part(
            name=piece.name,
            stage=piece.stage_name,
            obs=piece.source.obs.iloc[kept[at].rows],
            var=piece.source.var,
            coordinates=kept[at].coordinates,
        )
        for at, piece in enumerate(pieces)
    ]
    blocks = [kept.pop(at).counts for at in range(len(pieces))]
    joined = join(parts, blocks, kept_genes, times)
    images = _find_images(pieces, {part.name: part.coordinates for part in parts})
    if images:
        joined.uns["spatial"] = as_libraries(images)
    return joined, [reports[at] for at in range(len(pieces))]


def _find_images(
    pieces: list[Piece], coordinates: Mapping[str, np.ndarray]
) -> dict[str, TissueImage]:
    """Tissue images by the names of their slices; damaged ones are left out with a warning."""
    found: dict[str, TissueImage] = {}
    sources = Counter(id(piece.source) for piece in pieces)
    read: dict[int, dict[str, TissueImage]] = {}
    for piece in pieces:
        key = id(piece.source)
        if key not in read:
            try:
                read[key] = piece.source.images()
            except Unreadable as fault:
                place, found_there = fault.problem.place, fault.problem.found
                warnings.warn(f"{place}: no tissue image is kept: {found_there}", stacklevel=2)
                read[key] = {}
        image = choose_image(read[key], piece.name, sources[key] == 1, coordinates[piece.name])
        if image is not None:
            found[piece.name] = image
    return found


def _kept_genes(pieces: list[Piece], genes: GenesConfig) -> pd.Index:
    """Genes of all slices or, in union, of enough of them."""
    panels = [piece.source.var.index for piece in pieces]
    if genes.panels == "shared":
        return shared_genes(panels)
    return union_genes(panels, min(genes.least_slices, len(panels)))


def _choose_columns(counts: csr_matrix, columns: np.ndarray) -> csr_matrix:
    """Counts (n, m) of the genes in `columns` (m,); those marked -1 have no counts."""
    found = np.flatnonzero(columns >= 0)
    part = counts[:, columns[found]]
    part.sort_indices()
    if len(found) < len(columns):
        part = type(part)(
            (part.data, found.astype(part.indices.dtype)[part.indices], part.indptr),
            shape=(part.shape[0], len(columns)),
        )
    return part


def _check_piece(piece: Piece, counts: csr_matrix, data: DataConfig) -> list[Problem]:
    """All that can be wrong with one slice; leaves its coordinates in the piece."""
    source, place = piece.source, piece.place
    spots = source.obs.index[piece.rows]
    problems = check_counts(place, counts, spots, source.var.index)
    if problems:
        hint = source.counts_hint()
        problems = check_counts(place, counts, spots, source.var.index, hint)
    problems += check_names(place, spots, "spot", SPOT_NAMES_REMEDY)
    coordinates = source.coordinates
    if coordinates is not None and len(piece.rows) != len(source.obs):
        coordinates = (
            coordinates.iloc[piece.rows]
            if hasattr(coordinates, "iloc")
            else coordinates[piece.rows]
        )
    piece.coordinates, faults = check_coordinates(
        place, coordinates, spots, data.spatial_key, source.coordinates_hint
    )
    problems += faults
    if not problems and piece.coordinates is not None:
        problems += check_copies(place, counts, piece.coordinates, spots)
    return problems


def _report(piece: Piece, judged: Quality, time: float, n_genes: int) -> SliceReport:
    kept = judged.kept
    n_source = len(piece.source.var)
    return SliceReport(
        slice=piece.name,
        stage=piece.stage_name,
        time=None if np.isnan(time) else time,
        n_read=len(kept),
        n_empty=int(judged.empty.sum()),
        n_low=int(judged.low.sum()),
        n_kept=int(kept.sum()),
        n_genes=n_genes,
        n_genes_dropped=n_source - n_genes,
        n_outside=piece.source.n_outside,
        median_counts=float(np.median(judged.totals[kept])) if kept.any() else 0.0,
        source=piece.source.place,
    )


def _too_few(piece: Piece, report: SliceReport, quality: QualityConfig) -> Problem:
    return Problem(
        piece.place,
        f"{report.n_kept} usable spots of {report.n_read:,} ({report.n_empty:,} empty, "
        f"{report.n_low:,} below {quality.min_counts} counts or {quality.min_genes} genes)",
        f"at least {MIN_SPOTS} spots",
        remedy="leave the slice out, or lower quality.min_counts and quality.min_genes",
    )
