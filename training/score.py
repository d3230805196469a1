"""The score of an atlas against an annotation: which measures are taken, and how they are shown."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training import metrics
from training.errors import AtlasError, DataError, MissingExtraError, Problem

if TYPE_CHECKING:
    from rich.table import Table

    from training.store import Atlas

DOMAIN_COLUMN = "domain"
MOST_LABELS = 500


@dataclass(frozen=True)
class Figures:
    """Measures of one slice or their means over slices; None where not applicable."""

    ari_tied: float | None = None
    nmi_tied: float | None = None
    ari_full: float | None = None
    nmi_full: float | None = None
    ari_domain: float | None = None
    nmi_domain: float | None = None
    transfer: float | None = None
    asw: float | None = None


@dataclass(frozen=True)
class SliceScore:
    """One slice: its name and stage, spots, labelled spots, and figures."""

    name: str
    stage: str
    n_spots: int
    n_labelled: int
    figures: Figures


@dataclass(frozen=True)
class Score:
    """All measures of an atlas against one label column.

    ARI and ASW lie in [−1, 1], NMI, transfer and diversity in [0, 1], coherence in [−1, 1], iLISI
    in [1, number of slices]. `reasons` says by measure why there is none.
    """

    atlas: str
    digest: str
    label: str
    drop: list[str]
    labels: list[str]
    n_components: int | None
    slices: list[SliceScore]
    mean: Figures
    ilisi: float | None
    diversity: float | None
    coherence: float | None
    reasons: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain lists, dicts, text and numbers, with the protocol's constants beside them."""
        tree = asdict(self)
        tree["protocol"] = metrics.protocol_constants()
        return tree


def score_atlas(
    atlas: Atlas, *, label: str, drop: Sequence[str] = (), n: int | None = None
) -> Score:
    """Measure an opened atlas against a label column of its spots.

    Args:
        label: obs column with the annotation; missing values are not scored.
        drop: labels that are not scored, such as 'unassigned'.
        n: components of the Gaussian mixture; None takes the number of labels left.

    Raises:
        AtlasError: no such column, a column of measurements, or an impossible n.
        MissingExtraError: scikit-learn is not installed.
    """
    if importlib.util.find_spec("sklearn") is None:
        raise MissingExtraError("Scoring an atlas", "project")
    labels = _label_values(atlas, label)
    if n is not None and not 1 <= n <= atlas.n_spots:
        raise AtlasError(
            f"number of mixture components: found {n}; expected 1 to {atlas.n_spots:,}, "
            "the number of spots. Leave it out to take the number of labels."
        )
    slices = np.repeat(
        np.arange(len(atlas.slices)), [each.stop - each.start for each in atlas.slices]
    )
    latent = np.asarray(atlas.latent, dtype=np.float64)

    tied = metrics.mixture_scores(latent, labels, slices, drop, n=n)
    full = metrics.mixture_scores(latent, labels, slices, drop, covariance="full", n=n)
    domain = metrics.domain_scores(atlas.obs(DOMAIN_COLUMN), labels, slices, drop)
    transfer = metrics.transfer_accuracy(latent, labels, slices, drop)
    asw = metrics.silhouette(latent, labels, slices, drop)
    mixed = metrics.ilisi(latent, slices)
    diversity = metrics.factor_diversity(atlas.loadings)
    coherence = _coherence(atlas)

    codes, kept = metrics.label_codes(labels, drop)
    reasons = {
        "mixture": tied.reason,
        "domain": domain.reason,
        "transfer": transfer.reason,
        "asw": asw.reason,
        "ilisi": "" if mixed is not None else "fewer than three spots",
        "diversity": "" if diversity is not None else "no fitted genes",
        "coherence": "" if coherence is not None else "fewer than two fitted genes",
    }
    rows = []
    for index, each in enumerate(atlas.slices):
        key = str(index)
        rows.append(
            SliceScore(
                name=each.name,
                stage=each.stage,
                n_spots=each.stop - each.start,
                n_labelled=int((codes[each.start : each.stop] >= 0).sum()),
                figures=Figures(
                    *_pair(tied, key),
                    *_pair(full, key),
                    *_pair(domain, key),
                    transfer.slices.get(key),
                    asw.slices.get(key),
                ),
            )
        )
    return Score(
        atlas=atlas.id,
        digest=atlas.digest,
        label=label,
        drop=[str(name) for name in drop],
        labels=kept,
        n_components=None if tied.ari is None else (len(kept) if n is None else n),
        slices=rows,
        mean=Figures(
            tied.ari,
            tied.nmi,
            full.ari,
            full.nmi,
            domain.ari,
            domain.nmi,
            transfer.mean,
            asw.mean,
        ),
        ilisi=mixed,
        diversity=diversity,
        coherence=coherence,
        reasons={name: reason for name, reason in reasons.items() if reason},
        notes=_notes(labels, drop),
    )


def render_score(score: Score) -> Table:
    """A table of the score: one row per slice, the means, and the measures of the whole atlas."""
    from rich.table import Table

    table = Table(title=f"{score.atlas} against {score.label}", caption=_caption(score))
    table.add_column("slice")
    table.add_column("stage")
    heads = ("labelled", "ARI tied", "NMI", "ARI full", "NMI", "ARI domain", "NMI")
    for head in (*heads, "transfer", "ASW"):
        table.add_column(head, justify="right")
    for each in score.slices:
        labelled = f"{each.n_labelled:,} of {each.n_spots:,}"
        table.add_row(each.name, each.stage, labelled, *_cells(each.figures))
    table.add_section()
    labelled = f"{sum(s.n_labelled for s in score.slices):,}"
    table.add_row("mean", "", labelled, *_cells(score.mean), style="bold")
    return table


def _caption(score: Score) -> str:
    components = "n/a" if score.n_components is None else str(score.n_components)
    lines = [
        f"iLISI {_cell(score.ilisi, 2)} of {len(score.slices)} · "
        f"factor diversity {_cell(score.diversity)} · coherence {_cell(score.coherence)} · "
        f"{len(score.labels)} labels, {components} mixture components"
    ]
    lines += [f"{name} n/a: {reason}" for name, reason in score.reasons.items()]
    return "\n".join(lines + score.notes)


def _cells(figures: Figures) -> list[str]:
    return [_cell(value) for value in asdict(figures).values()]


def _cell(value: float | None, places: int = 3) -> str:
    return "n/a" if value is None else f"{value:.{places}f}"


def _pair(scores: metrics.ClusterScores, key: str) -> tuple[float | None, float | None]:
    found = scores.slices.get(key)
    return (None, None) if found is None else (found.ari, found.nmi)


def _coherence(atlas: Atlas) -> float | None:
    def detected(gene: int) -> NDArray[np.bool_]:
        return np.asarray(atlas.counts(atlas.genes[gene])) > 0

    def measured(gene: int) -> NDArray[np.bool_]:
        return np.isfinite(atlas.counts(atlas.genes[gene]))

    gaps = None if atlas.measured is None else measured
    return metrics.coherence_of(metrics.top_genes(atlas.loadings), detected, gaps)


def _label_values(atlas: Atlas, label: str) -> NDArray[Any]:
    from training.store import StoreError

    labelled = [name for name, c in atlas.obs_columns.items() if c.kind == "category"]
    try:
        values = atlas.obs(label)
    except StoreError as error:
        raise _label_error(
            f"obs of {atlas.id}", f"no labels in a column '{label}'", labelled
        ) from error
    known = metrics.label_codes(values)[1]
    measured = values.dtype.kind == "f" and not np.array_equal(
        values[~np.isnan(values)], np.round(values[~np.isnan(values)])
    )
    if measured or len(known) > MOST_LABELS:
        found = "measurements" if measured else f"{len(known):,} different values"
        raise _label_error(f"obs column '{label}' of {atlas.id}", found, labelled, known)
    return values


def _label_error(
    place: str, found: str, labelled: Sequence[str], examples: Sequence[str] = ()
) -> DataError:
    remedy = "choose one of " + ", ".join(f"'{name}'" for name in labelled)
    expected = f"a column of at most {MOST_LABELS} different labels"
    return DataError([Problem(place, found, expected, examples[:5], remedy)])


def _notes(labels: NDArray[Any], drop: Sequence[str]) -> list[str]:
    present = metrics.label_codes(labels)[1]
    absent = [f"'{name}'" for name in drop if str(name) not in present]
    return [f"nothing to drop: no spot is labelled {', '.join(absent)}"] if absent else []
