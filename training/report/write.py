"""From a fitted collection to its findings and its report."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.neighbours.nearest import nearest
from training.report.figures import (
    draw_candidates,
    draw_gallery,
    draw_losses,
    draw_shares,
    draw_usage,
)
from training.report.findings import (
    TECHNICAL_GENES,
    Finding,
    check_domains,
    check_factors,
    check_losses,
    check_mixing,
    check_panels,
    check_stability,
    foreign_shares,
    usage_by_slice,
)
from training.report.modelcard import measure_panels
from training.report.page import Picture, write_page
from training.store.genes.rankedgenes import rank_genes
from training.store.schema import SYMBOL_COLUMNS
from training.writing import replace_file

if TYPE_CHECKING:
    from anndata import AnnData

    from training.fitted import Fitted

NEIGHBOURS = 31
GENES_NAMED = 4


def read_losses(log: Path) -> dict[str, list[float]]:
    """Values of each named loss, step by step, from the log of a fit; empty without a log."""
    if not log.exists():
        return {}
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line]
    names = [name for name in (rows[0] if rows else {}) if name != "step"]
    return {name: [row[name] for row in rows] for name in names}


def measure_mixing(
    spots: AnnData,
    latent: NDArray[np.floating],
    seed: int,
    sketch: NDArray[np.integer] | None = None,
) -> NDArray[np.float64]:
    """Mixing (S,) of each slice, 1 if complete; empty for a single slice.

    With `sketch` (m,) it is measured on these spots alone.
    """
    slices, names = _slices(spots)
    if len(names) < 2:
        return np.empty(0)
    if sketch is not None:
        latent, slices = latent[sketch], slices[sketch]
    return foreign_shares(nearest(latent, NEIGHBOURS, seed)[0], slices, len(names))


def find_findings(
    spots: AnnData,
    fitted: Fitted,
    mixing: NDArray[np.floating],
    losses: dict[str, list[float]],
) -> list[Finding]:
    """All checks of an annotated collection."""
    slices, names = _slices(spots)
    prepared = fitted.prepared
    genes = [str(spots.var_names[index]) for index in prepared.genes]
    return [
        *check_losses(losses),
        *check_mixing(mixing, names),
        *check_factors(
            fitted.proportions,
            slices,
            names,
            prepared.totals,
            fitted.loadings,
            genes,
            mitochondrial_shares(spots),
        ),
        *check_stability(fitted.factor_stability),
        *check_panels(measure_panels(spots, fitted)),
        *check_domains(spots.obs["domain"].astype(str).to_numpy(), slices, names),
    ]


def mitochondrial_shares(spots: AnnData) -> NDArray[np.float64] | None:
    """Share (n,) of mitochondrial genes in the counts of each spot, over all genes of the
    collection; None where it has none by name or symbol."""
    pattern = TECHNICAL_GENES["mitochondrial"]
    columns = [spots.var_names, *(spots.var[each] for each in SYMBOL_COLUMNS if each in spots.var)]
    known = np.array([[bool(pattern.search(str(name))) for name in column] for column in columns])
    chosen = np.flatnonzero(known.any(axis=0))
    if not len(chosen):
        return None
    counts = np.asarray(spots.X[:, chosen].sum(axis=1, dtype=np.float64)).ravel()
    return counts / np.maximum(np.asarray(spots.X.sum(axis=1, dtype=np.float64)).ravel(), 1)


def write_report(
    path: Path,
    spots: AnnData,
    fitted: Fitted,
    mixing: NDArray[np.floating],
    findings: list[Finding],
    losses: dict[str, list[float]],
    card: dict[str, Any],
) -> None:
    """Write the report of a fit as one HTML file."""
    slices, names = _slices(spots)
    seed = int(card["seeds"]["fit"])
    usage = usage_by_slice(fitted.proportions, slices, len(names))
    genes = np.asarray(spots.var_names, dtype=str)[fitted.prepared.genes]
    titles = title_factors(fitted.loadings, genes, fitted.factor_stability)
    pictures = [
        Picture(
            "Factors on tissue",
            "Every slice in order, each factor with its own scale up to its 99th percentile. The "
            "genes have the largest loadings times specificity. Stability, from 0 to 1, is how "
            "alike the factor was between factorisations of random halves of the spots; a "
            "background of what all factors share has none.",
            draw_gallery(
                fitted.proportions, np.asarray(spots.obsm["spatial"]), slices, titles, seed
            ),
            "Maps of all factors over all slices",
        ),
        Picture(
            "Factors by slice",
            "Mean proportion of each factor in each slice.",
            draw_usage(usage, names),
            "Heat map of factor proportions by slice",
        ),
    ]
    if fitted.choice is not None:
        pictures.append(
            Picture(
                "Number of factors",
                f"Chosen: {fitted.choice.reason}. Loadings came from half of the spots, the "
                "likelihood is of counts of the others that nothing was fitted to.",
                draw_candidates(fitted.choice),
                "Curves of held-out likelihood and stability over the number of factors",
            )
        )
    if len(mixing):
        pictures.append(
            Picture(
                "Mixing",
                "How far the nearest neighbours of a slice's spots lie in other slices. Slices of "
                "different stages need not reach 1.",
                draw_shares(mixing, names),
                "Bars of the mixing of each slice",
            )
        )
    if losses:
        pictures.append(
            Picture(
                "Losses",
                "Every step, and a running mean. The adversarial loss is log 2 = 0.69 when critics "
                "cannot tell slices apart.",
                draw_losses(losses),
                "Curves of each loss over the steps",
            )
        )
    measured, sketched = [], []
    if "panels" in card:
        told = "; ".join(_describe_panel(each) for each in card["panels"]["slices"])
        measured = [("Genes by slice", told)]
    if "sketch" in card:
        sketched = [("Sketch", f"{card['sketch']['spots']:,} spots; {card['sketch']['use']}")]
    facts = [
        ("Spots", f"{spots.n_obs:,} in {len(names)} slices"),
        ("Genes", f"{spots.n_vars:,}, of which {len(genes):,} fitted"),
        *measured,
        ("Factors", str(fitted.proportions.shape[1])),
        ("Domains", fitted.division.told()),
        *sketched,
        ("Neighbours of a spot", f"{card['neighbours']:g} on average{_how_wide(fitted)}"),
        ("Made in", f"{card['seconds']:.0f} s on {card['machine']}"),
        ("Command", card["command"]),
    ]
    page = write_page(
        card["title"],
        facts,
        findings,
        pictures,
        [asdict(row) for row in fitted.division.stability],
        card["settings"],
        card.get("scores", ()),
    )
    replace_file(path, page.encode(), "the report")


def title_factors(
    loadings: NDArray[np.floating], genes: NDArray[np.str_], stability: NDArray[np.floating]
) -> list[str]:
    """A line for each factor of loadings (K, G): number, first genes, stability where known."""
    lists = [rank_genes(loadings.T, genes.tolist(), k, GENES_NAMED) for k in range(len(loadings))]
    return [
        f"Factor {k}: {', '.join(weight.gene for weight in first)}"
        + (f" (stability {value:.2f})" if np.isfinite(value) else "")
        for k, (first, value) in enumerate(zip(lists, stability, strict=True))
    ]


def _describe_panel(panel: dict[str, Any]) -> str:
    return (
        f"{panel['slice']} measured {panel['genes']:,}, {panel['fitted_genes']:,} of the fitted "
        f"with {panel['loading_share']:.0%} of the loadings"
    )


def _slices(spots: AnnData) -> tuple[np.ndarray, list[str]]:
    column = spots.obs["slice"].cat
    return column.codes.to_numpy().astype(np.int64), [str(name) for name in column.categories]


def _how_wide(fitted: Fitted) -> str:
    """How the number of neighbours was chosen, if it was."""
    width = fitted.prepared.width
    return f"; {width.told()}" if width is not None else ""
