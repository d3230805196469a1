"""Rows of the tables, as plain dictionaries from an atlas or a result: no component, no Dash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from atlas_app.description import TOP_GENES
from atlas_app.readable import readable
from atlas_app.result_columns import Column
from atlas_app.results import ResultView
from atlas_app.told import factor_title
from training.store import Atlas

# Genes whose specificity is averaged to say how specific a factor is.
SPECIFICITY_GENES = 20
# Entries of a projection's report that are shown in a form of their own.
SHOWN_APART = (
    "verdict",
    "warnings",
    "missing_genes",
    "missing_shares",
    "stage_by_domain",
    "registration",
    "sections",
    "command",
)


def stage_usage(atlas: Atlas) -> np.ndarray:
    """(n_stages, n_factors) mean over a stage's slices of the mean factor proportion per slice."""
    usage = atlas.usage()
    stage_of = np.array([part.stage for part in atlas.slices])
    return np.stack([usage[stage_of == stage.name].mean(axis=0) for stage in atlas.stages])


def factor_rows(atlas: Atlas) -> list[dict[str, Any]]:
    """One row per factor: top genes, specificity, usage per stage and the stage of most use.

    `stability` is that of the store, None where it was not judged.

    `specificity` is the mean over the factor's 20 first genes of loading / sum of loadings over
    factors, in [0, 1].
    """
    usage, stability = stage_usage(atlas), atlas.factor_stability
    rows = []
    for factor in range(atlas.n_factors):
        genes = atlas.factor_genes(factor, n=SPECIFICITY_GENES)
        specific = [gene.specificity for gene in genes]
        rows.append(
            {
                "id": str(factor),
                "factor": factor,
                "name": factor_title(atlas, factor),
                "genes": ", ".join(gene.gene for gene in genes[:TOP_GENES]),
                "specificity": round(float(np.mean(specific)), 4) if specific else None,
                "stability": shown_stability(stability[factor]),
                "usage": [round(float(value), 5) for value in usage[:, factor]],
                "mean": round(float(usage[:, factor].mean()), 5),
                "peak": atlas.stages[int(usage[:, factor].argmax())].name,
            }
        )
    return rows


def shown_stability(value: float) -> float | None:
    """Stability of a factor for the page; None where it was not judged."""
    return round(float(value), 4) if np.isfinite(value) else None


def factor_gene_rows(atlas: Atlas, factor: int, n: int = 200) -> list[dict[str, Any]]:
    """The genes of a factor: rank (1 is first), loading, specificity, score = their product."""
    return [
        {
            "rank": gene.rank,
            "gene": gene.gene,
            "loading": float(gene.loading),
            "specificity": float(gene.specificity),
            "score": float(gene.score),
        }
        for gene in atlas.factor_genes(factor, n=n)
    ]


def slice_rows(atlas: Atlas) -> list[dict[str, Any]]:
    """One row per slice."""
    return [
        {"slice": s.name, "stage": s.stage, "time": s.time, "spots": s.n_spots}
        for s in atlas.slices
    ]


def composition(column: Column, confidence: Column | None = None) -> list[dict[str, Any]]:
    """How many spots each category has, most first: name, spots, share, mean confidence."""
    assert column.codes is not None
    rows = []
    for code, name in enumerate(column.categories):
        chosen = column.codes == code
        count = int(chosen.sum())
        if count == 0:
            continue
        row: dict[str, Any] = {"name": name, "spots": count, "share": count / len(column.codes)}
        if confidence is not None and confidence.numbers is not None:
            row["confidence"] = float(np.nanmean(confidence.numbers[chosen]))
        rows.append(row)
    return sorted(rows, key=lambda row: -row["spots"])


def trust(confidence: Column, outside: Column | None) -> list[dict[str, Any]]:
    """Spots in five steps of confidence over [0, 1]: from, to, spots, how many of them are out of
    reference (None where the result does not say). Spots without confidence are in no step."""
    numbers = np.asarray(confidence.numbers, dtype=float)
    known = np.isfinite(numbers)
    step = np.minimum((np.nan_to_num(np.clip(numbers, 0, 1)) * 5).astype(int), 4)
    out = None
    if outside is not None and outside.codes is not None and "True" in outside.categories:
        out = outside.codes == outside.categories.index("True")
    return [
        {
            "from": at / 5,
            "to": (at + 1) / 5,
            "spots": int((known & (step == at)).sum()),
            "outside": None if out is None else int((known & (step == at) & out).sum()),
        }
        for at in range(5)
    ]


def genes_found(report: dict[str, Any]) -> str:
    """How a query's genes were recognised, in a sentence; "" where its report does not say."""
    matched, genes = report.get("n_genes_matched"), report.get("n_genes")
    where, _, kind = str(report.get("names_found_in") or "").partition(": ")
    if matched is None or genes is None or not kind:
        return ""
    place = "" if where == "gene names" else f" in {where}"
    how = "as" if kind.startswith("orthologs") else "by"
    return f"{matched:,} of its {genes:,} genes are in the atlas, found {how} {kind}{place}."


def missing_genes(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Fitted genes that a query lacks, the weightiest first, each with its share of all loadings;
    [] for none and for results that do not say."""
    genes, shares = (
        [value] if isinstance(value, str | float) else value
        for value in (report.get("missing_genes") or [], report.get("missing_shares") or [])
    )
    return [(str(gene), f"{share:.2%}") for gene, share in zip(genes, shares, strict=False)]


def result_summary(view: ResultView) -> dict[str, Any]:
    """What a mapped query comes to: spots, share out of reference, mean confidence, most common
    stage and domain; values that the file lacks are None. All but the number of spots are of
    `ResultView.tissue`."""
    outside = tissue_column(view, "out_of_reference")
    confidence = tissue_column(view, "domain_confidence")
    share = None
    if outside is not None and outside.codes is not None and "True" in outside.categories:
        share = float((outside.codes == outside.categories.index("True")).mean())
    summary: dict[str, Any] = {"spots": view.n_spots, "outside": share, "confidence": None}
    if confidence is not None and confidence.numbers is not None:
        summary["confidence"] = float(np.nanmean(confidence.numbers))
    for name in ("stage", "domain"):
        column = tissue_column(view, name)
        rows = composition(column) if column is not None and column.codes is not None else []
        summary[name] = rows[0] if rows else None
    return summary


def tissue_column(view: ResultView, name: str) -> Column | None:
    """A column of the spots of `ResultView.tissue`."""
    column = view.column(name)
    return None if column is None else column.of(view.tissue)


def flat(card: dict[str, Any]) -> list[tuple[str, str]]:
    """A nested dictionary of settings as (dotted name, text), in order."""
    rows: list[tuple[str, str]] = []
    for key, value in card.items():
        if isinstance(value, dict):
            rows += [(f"{key}.{name}", text) for name, text in flat(value)]
        else:
            rows.append((str(key), shown(value)))
    return rows


def shown(value: Any) -> str:
    """A value of the card in one line."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return shown(int(value)) if value.is_integer() else readable(value, 4)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {shown(item)}" for key, item in value.items()) or "–"
    return str(value) or "–"


def records(value: Any) -> tuple[list[str], list[Sequence[str]]] | None:
    """(columns, rows) when `value` is a table, None when it is not.

    A table is a list of dictionaries, or a dictionary of two or more that have the same keys.
    """
    if (
        isinstance(value, dict)
        and len(value) > 1
        and all(isinstance(row, dict) and row for row in value.values())
        and len({tuple(sorted(row)) for row in value.values()}) == 1
    ):
        value = [{"name": name, **row} for name, row in value.items()]
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        return None
    columns = list(dict.fromkeys(key for row in value for key in row))
    return columns, [[shown(row.get(column)) for column in columns] for row in value]
