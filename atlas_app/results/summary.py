"""What a mapped query comes to, as rows and sentences: no component, no Dash."""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas_app.results.columns import Column
from atlas_app.results.mapped import ResultView

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


def count_categories(column: Column, confidence: Column | None = None) -> list[dict[str, Any]]:
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


def count_by_confidence(confidence: Column, outside: Column | None) -> list[dict[str, Any]]:
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


def tell_genes_found(report: dict[str, Any]) -> str:
    """How a query's genes were recognised, in a sentence; "" where its report does not say."""
    matched, genes = report.get("n_genes_matched"), report.get("n_genes")
    where, _, kind = str(report.get("names_found_in") or "").partition(": ")
    if matched is None or genes is None or not kind:
        return ""
    place = "" if where == "gene names" else f" in {where}"
    how = "as" if kind.startswith("orthologs") else "by"
    return f"{matched:,} of its {genes:,} genes are in the atlas, found {how} {kind}{place}."


def list_missing_genes(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Fitted genes that a query lacks, the weightiest first, each with its share of all loadings;
    [] for none and for results that do not say."""
    genes, shares = (
        [value] if isinstance(value, str | float) else value
        for value in (report.get("missing_genes") or [], report.get("missing_shares") or [])
    )
    return [(str(gene), f"{share:.2%}") for gene, share in zip(genes, shares, strict=False)]


def summarise_result(view: ResultView) -> dict[str, Any]:
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
        rows = count_categories(column) if column is not None and column.codes is not None else []
        summary[name] = rows[0] if rows else None
    return summary


def tissue_column(view: ResultView, name: str) -> Column | None:
    """A column of the spots of `ResultView.tissue`."""
    column = view.column(name)
    return None if column is None else column.of(view.tissue)
