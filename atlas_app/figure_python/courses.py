"""Python that draws the course of a gene, a gene set, a factor or a domain over stages."""

from __future__ import annotations

from atlas_app.figure_python.script import (
    BY_SLICE,
    FEWEST,
    STAGES,
    STDTRIT,
    SUMMARISE,
    joined,
    opening,
    text,
)
from atlas_app.stages.charts import stage_places
from atlas_app.stages.courses import PER, Course
from training.store import Atlas


def course_python(atlas: Atlas, course: Course) -> str:
    """The script; it leaves `value` by slice, and `mean`, `low`, `high` and `n` by stage."""
    places, timed = stage_places(atlas)
    unit = str(atlas.card.get("time_unit") or "")
    axis = f"time{f' ({unit})' if unit else ''}" if timed else "stage"
    where = f" within {course.within}" if course.within else ""
    most = "" if course.kind in ("gene", "genes") else ", most=1"
    return joined(
        opening(atlas, [STDTRIT]),
        STAGES,
        BY_SLICE,
        SUMMARISE,
        values(course),
        f"mean, low, high, n = summarise(value[:, None], stage_of, len(stages){most})",
        "mean, low, high = mean[:, 0], low[:, 0], high[:, 0]",
        f"""
place = np.array({places})
figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(place[n > 0], mean[n > 0], color="#8fd3bd")
twins = [np.flatnonzero(stage_of == stage) for stage in range(len(stages))]
step = 0.5 * min(np.diff(np.sort(place)), default=0.4)
for at, own in zip(place, twins):
    # The slices of a stage stand beside one another.
    shift = (np.arange(len(own)) - (len(own) - 1) / 2) / max(len(own) - 1, 4)
    axes.plot(at + step * shift, value[own], "o", color="#8a94a0", alpha=0.7)
for at, middle, ends, slices in zip(place, mean, zip(low, high), n):
    if slices > 1:
        axes.plot([at, at], ends, color="#0ca678", lw=2)
    look = "#0ca678" if slices > 1 else "none"  # open: one slice, no interval
    axes.plot(at, middle, "D", color="#0ca678", markerfacecolor=look)
axes.set_xticks(place, [f"{{name}}\\nn = {{k}}" for name, k in zip(stages, n)])
axes.set(title={text(course.label + where)}, xlabel={text(axis)}, ylabel={text(course.unit)})
axes.set_ylim(bottom=0)
figure.tight_layout()
plt.show()
""",
    )


def values(course: Course) -> str:
    """The lines that give the value of every slice, NaN of those that do not count."""
    if course.kind == "domain":
        return joined(
            f'chosen = atlas.obs("domain") == {text(course.name)}',
            "value = by_slice(chosen) / by_slice(slice_of >= 0)",
        )
    chosen = (
        f'chosen = atlas.obs("domain") == {text(course.within)}'
        if course.within
        else "chosen = np.ones(atlas.n_spots, dtype=bool)"
    )
    if course.kind == "factor":
        reckon = [f"value = by_slice(atlas.factor({course.name}) * chosen) / by_slice(chosen)"]
    elif course.genes:
        reckon = [
            f"genes = {text(list(course.genes))}",
            "counts = sum(np.nan_to_num(atlas.counts(gene)) for gene in genes)",
            f"value = {PER:_} * by_slice(counts * chosen) / by_slice(atlas.totals * chosen)",
            "# A gene that a slice did not measure has no value there.",
            "for gene in genes:",
            "    value[by_slice(np.isnan(atlas.counts(gene))) > 0] = np.nan",
        ]
        if course.kind == "genes":
            reckon = [*reckon[:3], "# Genes of the set that every slice measured."]
    else:
        reckon = ["value = np.full(len(atlas.slices), np.nan)  # no gene of the set is known"]
    least = FEWEST if course.within else 1
    return "\n".join(
        [
            chosen,
            'with np.errstate(invalid="ignore", divide="ignore"):',
            *(f"    {line}" for line in reckon),
            f"few = (by_slice(chosen) < {least}) | (by_slice(atlas.totals * chosen) == 0)",
            "value[few] = np.nan",
        ]
    )
