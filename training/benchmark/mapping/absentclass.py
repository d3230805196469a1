"""Mapping a class of the annotation that the reference lacks: are its spots told as foreign?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from training.benchmark.environment import describe_environment
from training.benchmark.mapping.division import Division, divide, write_reference
from training.benchmark.mapping.figures import auroc
from training.benchmark.mapping.fitted import ask, fit_reference, project_as_asked
from training.benchmark.sets import DataSet

if TYPE_CHECKING:
    from anndata import AnnData

LEAST_SPOTS = 15
"""Spots of a class that the mapped sections need, for its AUROC to say something."""
SHARES = (0.03, 0.4)
"""Share of the reference's labelled spots that a class to be left out has."""
LEAST_LEFT = 0.5
"""Share of its spots that a slice must keep to stay in the reference."""
N_GENES = 1000
"""Variable genes by which classes are told apart."""

Report = Callable[[str], None]


def measure_absent_domain(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    settings: Sequence[str] = (),
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Leave an annotated class out of the reference, and see whether its spots are told as foreign.

    Sections are left out too, as `divide` does, so that no spot that is mapped was fitted.

    Returns:
        Plain values: `left_out`, the class; `absent domain` by panel; `environment`. Without a
        class that can be left out, `reason` instead of figures.
    """
    division = divide(sorted(folder.glob("*.h5ad")), seed)
    slices = write_reference(division, dataset, scratch / "reference")
    told_apart = tell_classes_apart(slices, dataset)
    name = choose_class(division, slices, dataset, told_apart, seed)
    if name is None:
        reason = "no class has enough spots in the mapped sections and can be spared elsewhere"
        return {"reason": reason, "environment": describe_environment()}
    take_class_off(slices, str(dataset.label), name)
    report(f"fitting without {name}")
    fitted = fit_reference(slices, scratch / "absent.atlas.zarr", seed, settings)
    report("mapping")
    scores, foreign = [], []
    for section in division.queries.values():
        found = project_as_asked(fitted, ask(fitted, section, None))
        labels = _labels(section, dataset)
        known = np.array([label is not None for label in labels])
        scores.append(found.out_of_reference_score[known])
        foreign.append(np.array([label == name for label in labels])[known])
    score, absent = np.concatenate(scores), np.concatenate(foreign)
    figures = {
        "told_apart": told_apart[name],
        "auroc": auroc(score[absent], score[~absent]),
        "flagged": float((score[absent] > 1).mean()),
        "false_alarms": float((score[~absent] > 1).mean()),
        "n_absent": int(absent.sum()),
    }
    return {
        "left_out": name,
        "absent domain": {"all": figures},
        "environment": describe_environment(),
    }


def tell_classes_apart(slices: Path, dataset: DataSet) -> dict[str, float]:
    """How distinct the classes of a folder of slices are: the share of each one's spots that would
    get it from the other slices, by principal components of log expression alone.
    """
    import anndata as ad

    from training.benchmark.cheap_rows import plain_pca
    from training.benchmark.rows import OPEN_TARGET, PANEL_TARGET
    from training.inputs.preprocess import choose_genes
    from training.metrics import transfer_recall

    read = {file.stem: ad.read_h5ad(file) for file in sorted(slices.glob("*.h5ad"))}
    spots = ad.concat(read, label="slice_file", join="inner")
    labels = np.concatenate([_labels(section, dataset) for section in read.values()])
    owner = spots.obs["slice_file"].to_numpy()
    codes = np.unique(owner, return_inverse=True)[1]
    counts = sparse.csr_matrix(spots.X, dtype=np.float32)
    genes = choose_genes(counts, codes, list(spots.var_names), N_GENES)
    target = PANEL_TARGET if dataset.panel else OPEN_TARGET
    latent = plain_pca(counts, codes, genes, centred=True, target_sum=target)
    return transfer_recall(latent, labels, owner)


def choose_class(
    division: Division,
    slices: Path,
    dataset: DataSet,
    told_apart: Mapping[str, float],
    seed: int,
) -> str | None:
    """A class that mapped sections have and the reference can spare: with seed 0 the most distinct
    one, with each further seed the next, and so round.

    Args:
        told_apart: of `tell_classes_apart`.
    """
    import anndata as ad

    mapped = Counter(
        label for section in division.queries.values() for label in _labels(section, dataset)
    )
    reference: Counter[str | None] = Counter()
    for file in sorted(slices.glob("*.h5ad")):
        reference.update(_labels(ad.read_h5ad(file, backed="r"), dataset))
    whole = sum(count for label, count in reference.items() if label is not None)
    able = [
        label
        for label in sorted(each for each in mapped if each is not None)
        if mapped[label] >= LEAST_SPOTS
        and label in told_apart
        and SHARES[0] * whole <= reference[label] <= SHARES[1] * whole
    ]
    able.sort(key=lambda label: -told_apart[label])
    return able[seed % len(able)] if able else None


def take_class_off(slices: Path, label: str, name: str) -> None:
    """Take the spots of a class out of every slice; one that hardly keeps any goes as a whole."""
    import anndata as ad

    for file in sorted(slices.glob("*.h5ad")):
        section = ad.read_h5ad(file)
        if label not in section.obs:
            continue
        kept = (section.obs[label].astype(object) != name).to_numpy()
        # What lies there may be a link to the data set's own file.
        file.unlink()
        if kept.mean() >= LEAST_LEFT:
            section[kept].copy().write_h5ad(file)


def _labels(section: AnnData, dataset: DataSet) -> list[str | None]:
    """Classes of spots; None where nothing scored is known."""
    if dataset.label not in section.obs:
        return [None] * section.n_obs
    values = section.obs[dataset.label].astype(object)
    return [
        str(value) if value == value and value is not None and value not in dataset.drop else None
        for value in values
    ]
