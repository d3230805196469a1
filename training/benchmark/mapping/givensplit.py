"""Imputation where a data set says which genes are visible and which are hidden.

Each section in turn is a query: the reference is fitted with the others, and holds all genes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from training.benchmark.environment import describe_environment
from training.benchmark.mapping.division import Division, write_reference
from training.benchmark.mapping.fitted import fit_reference
from training.benchmark.mapping.imputing import impute_section, mean_rows
from training.benchmark.sets import DataSet
from training.errors import ConfigError

VISIBLE, HIDDEN = "panel.txt", "hidden.txt"
"""Files of a split, a gene a line."""


def measure_split(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    split: Path | None,
    settings: Sequence[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Impute the hidden genes of a split in each section, with a fit of the others.

    Args:
        split: folder of the lists of genes; None where the set has none.

    Returns:
        Plain values: by row `split`, means over sections, and `split by section`; `environment`.
        Without a split or a second section, `reason` instead of figures.

    Raises:
        ConfigError: for lists that are not there, or of genes that the slices do not have.
    """
    import anndata as ad

    files = sorted(folder.glob("*.h5ad"))
    if split is None or len(files) < 2:
        reason = "fewer than two slices" if split else "no lists of visible and hidden genes"
        return {"reason": reason, "environment": describe_environment()}
    visible, hidden = (read_genes(split / name) for name in (VISIBLE, HIDDEN))
    for file in files:
        known = set(ad.read_h5ad(file, backed="r").var_names)
        lacking = [gene for gene in visible + hidden if gene not in known]
        if lacking:
            raise ConfigError(
                f"{split}: {len(lacking):,} of its genes are not in {file.name}, such as "
                f"{', '.join(lacking[:5])}; name genes that all slices measured"
            )
    found: dict[str, dict[str, dict[str, float]]] = {}
    for file in files:
        name, section = file.stem, ad.read_h5ad(file)
        report(f"fitting without {name}")
        division = Division([other for other in files if other != file], {name: section})
        slices = write_reference(division, dataset, scratch / f"without-{name}")
        store = scratch / f"without-{name}.atlas.zarr"
        fitted = fit_reference(slices, store, seed, settings)
        found[name] = impute_section(fitted, name, section, visible, hidden)
        told = [found[name]["ours"][key] for key in ("pearson", "spearman", "rmse")]
        report(f"{name}: ours " + ", ".join(f"{value:.3f}" for value in told))
    return {
        "split": mean_rows(list(found.values())),
        "split by section": {
            f"{name}, {row}": each for name, rows in found.items() for row, each in rows.items()
        },
        "environment": describe_environment(),
    }


def read_genes(file: Path) -> list[str]:
    """Names of a list, once each.

    Raises:
        ConfigError: for a file that is not there or has no name in it.
    """
    if not file.is_file():
        raise ConfigError(f"{file}: there is no such list of genes; write one, a name a line")
    names = list(dict.fromkeys(file.read_text(encoding="utf-8").split()))
    if not names:
        raise ConfigError(f"{file}: found no gene; expected names, one a line")
    return names
