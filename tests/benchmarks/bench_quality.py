"""Quality of latents and factors on a set of slices: cheap rows, and fits beside them.

    .venv/bin/python tests/benchmarks/bench_quality.py SLICES --label label --drop unassigned

A method is a function of the collection of slices that gives a latent, and factors and loadings if
it has them. Another script adds its own by calling `main(methods={"name": function})`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from training import cheap_rows, metrics
from training.config import Config
from training.metrics.labels import slice_codes
from training.preprocess import choose_genes
from training.slices import load_slices

Result = tuple[NDArray[np.floating], NDArray[np.floating] | None, NDArray[np.floating] | None]
"""Latent (n, d), factor proportions (n, K) or None, loadings (n_genes, K) or None."""

Method = Callable[[AnnData], Result]

PANEL_GENES = 1_000
PANEL_TARGET = 1e3
OPEN_TARGET = 1e4


@dataclass(frozen=True)
class Row:
    """Measures of one method; None where not applicable."""

    method: str
    ari_tied: float | None
    ari_full: float | None
    nmi: float | None
    transfer: float | None
    ilisi: float | None
    asw: float | None
    diversity: float | None
    coherence: float | None
    seconds: float


def cheap_methods(n_genes: int = 2_000, n_factors: int = 20) -> dict[str, Method]:
    """The rows that need no fit, by name; those with Harmony need the bench extra."""

    def latent_row(compute: Callable[..., NDArray[np.float64]], **options: object) -> Method:
        def method(data: AnnData) -> Result:
            given = {"target_sum": _target(data), **options}
            return compute(*_inputs(data, n_genes, compute), **given), None, None

        return method

    def harmony(data: AnnData) -> Result:
        pca = latent_row(cheap_rows.plain_pca)(data)[0]
        return cheap_rows.harmonised(pca, data.obs["slice"]), None, None

    def nmf(data: AnnData) -> Result:
        counts, slices, genes = _inputs(data, n_genes, cheap_rows.nmf)
        usage, loadings = cheap_rows.nmf(counts, slices, genes, n_factors, target_sum=_target(data))
        return usage, usage, loadings

    return {
        "PCA": latent_row(cheap_rows.plain_pca),
        "PCA + Harmony": harmony,
        "smooth1, centred": latent_row(cheap_rows.smoothed_centred_pca, hops=1),
        "smooth3, centred": latent_row(cheap_rows.smoothed_centred_pca, hops=3),
        "CellCharter-like": latent_row(cheap_rows.multi_hop_pca, centred=False, reduced=None),
        "multi-hop PCA": latent_row(cheap_rows.multi_hop_pca),
        "NMF": nmf,
    }


def measure(
    data: AnnData, name: str, method: Method, label: str, drop: Collection[str] = ()
) -> Row:
    """Run one method and take every measure of it."""
    start = time.perf_counter()
    latent, _, loadings = method(data)
    seconds = time.perf_counter() - start
    given = (latent, data.obs[label], data.obs["slice"], drop)
    tied = metrics.mixture_scores(*given)
    has_factors = loadings is not None
    return Row(
        method=name,
        ari_tied=tied.ari,
        ari_full=metrics.mixture_scores(*given, covariance="full").ari,
        nmi=tied.nmi,
        transfer=metrics.transfer_accuracy(*given).mean,
        ilisi=metrics.ilisi(latent, data.obs["slice"]),
        asw=metrics.silhouette(*given).mean,
        diversity=metrics.factor_diversity(loadings) if has_factors else None,
        coherence=metrics.factor_coherence(loadings, data.X) if has_factors else None,
        seconds=seconds,
    )


def render(rows: Sequence[Row], title: str) -> Table:
    """The rows as a table."""
    table = Table(title=title)
    table.add_column("method")
    for name in list(Row.__dataclass_fields__)[1:]:
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        values = list(asdict(row).values())
        table.add_row(values[0], *("n/a" if v is None else f"{v:.3f}" for v in values[1:]))
    return table


def main(
    arguments: Sequence[str] | None = None, methods: Mapping[str, Method] | None = None
) -> list[Row]:
    """Measure the cheap rows and `methods` on a folder of slices, print and return the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slices", type=Path)
    parser.add_argument("--label", default="label")
    parser.add_argument("--drop", default="", help="labels not scored, with commas between")
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--factors", type=int, default=20)
    parser.add_argument("--rows", default="", help="only these methods, with semicolons between")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)

    known = {**cheap_methods(options.genes, options.factors), **(methods or {})}
    wanted = [name.strip() for name in options.rows.split(";") if name.strip()] or list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        parser.error(f"no method {unknown[0]!r}; there are: {'; '.join(known)}")
    settings = Config()
    data, _ = load_slices(
        options.slices, data=settings.data, quality=settings.quality, stages=settings.stages
    )
    if options.label not in data.obs:
        parser.error(f"no column {options.label!r}; there are: {', '.join(data.obs)}")
    drop = [name.strip() for name in options.drop.split(",") if name.strip()]

    console = Console()
    rows = []
    for name in wanted:
        with console.status(name):
            rows.append(measure(data, name, known[name], options.label, drop))
    console.print(render(rows, f"{options.slices.name}: {data.n_obs:,} spots × {data.n_vars:,}"))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return rows


def _inputs(data: AnnData, n_genes: int, compute: Callable[..., object]) -> tuple[object, ...]:
    """Counts, slices, positions where the row takes them, and shared variable genes."""
    slices, _ = slice_codes(data.obs["slice"])
    names = [str(name) for name in data.var_names]
    genes = choose_genes(data.X, slices, names, n_genes, Config().genes.exclude)
    if compute in (cheap_rows.smoothed_centred_pca, cheap_rows.multi_hop_pca):
        return data.X, slices, data.obsm["spatial"], genes
    return data.X, slices, genes


def _target(data: AnnData) -> float:
    # A targeted panel's counts are hundreds per spot, not tens of thousands.
    return PANEL_TARGET if data.n_vars < PANEL_GENES else OPEN_TARGET


if __name__ == "__main__":
    main()
