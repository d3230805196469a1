"""The report of a fit: what a scientist should look at before trusting an atlas."""

from __future__ import annotations

from pathlib import Path


def report_path(store: Path) -> Path:
    """Where the report of a fit lies: beside its store, as NAME.report.html."""
    stem = store.name.removesuffix(".zarr").removesuffix(".atlas")
    return store.with_name(f"{stem}.report.html")
