"""Python that draws what every stage is made of, bars and shares with intervals, and lists what
comes and goes from the first stage to the last."""

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
from atlas_app.stages.abundance import PRESENT, Abundance
from atlas_app.stages.charts import part_colors, stage_colors
from training.store import Atlas

WITHIN = """inside = atlas.obs("domain") == {domain}
spots = by_slice(inside)
factors = np.asarray(atlas.factors, dtype=float)
sums = [by_slice(np.where(inside, factors[:, k], 0)) for k in range(atlas.n_factors)]
share = np.stack(sums, axis=1) / np.maximum(spots, 1)[:, None]
share[spots < {fewest}] = np.nan  # too few spots of the domain"""
WORD = f'''
def word(means):
    """What a part does over the stages; below {PRESENT:.0%} of one it counts as absent there."""
    present = means >= {PRESENT}
    if not present.any():
        return "absent"
    if not present[0]:
        return "appears" if present[-1] else "only in between"
    if not present[-1]:
        return "disappears"
    return "grows" if means[-1] > means[0] else "shrinks"
'''
TRENDS = """
# From the first stage to the last, largest change first, with Welch's 95% interval over slices;
# one slice on a side has none.
ends = [share[stage_of == stage] for stage in (0, len(stages) - 1)]
ends = [end[~np.isnan(end).any(axis=1)] for end in ends]
change = ends[1].mean(axis=0) - ends[0].mean(axis=0)
half = np.full(len(names), np.nan)
if min(map(len, ends)) > 1:
    errors = [end.var(axis=0, ddof=1) / len(end) for end in ends]
    total = errors[0] + errors[1]
    with np.errstate(invalid="ignore"):
        parts = [error**2 / (len(end) - 1) for error, end in zip(errors, ends)]
        degrees = total**2 / (parts[0] + parts[1])
        half = np.where(total > 0, stdtrit(degrees, 0.975) * np.sqrt(total), np.nan)
columns = "word", "first", "last", "change", "low", "high"
trends = {
    names[part]: dict(
        zip(
            columns,
            [
                word(mean[:, part]),
                mean[0, part],
                mean[-1, part],
                change[part],
                change[part] - half[part],
                change[part] + half[part],
            ],
        )
    )
    for part in np.argsort(-np.abs(change), kind="stable")
    if word(mean[:, part]) != "absent"
}
trends = pd.DataFrame.from_dict(trends, orient="index", columns=columns)
print(f"From {stages[0]} to {stages[-1]}:")
print(trends.to_string(float_format="{:.3f}".format))
"""


def abundance_python(atlas: Atlas, abundance: Abundance) -> str:
    """The script; it leaves `share` by slice, `mean`, `low`, `high` and `n` by stage, and the table
    `trends` where there are several stages."""
    domains = abundance.parts == "domain"
    named = text(abundance.names if domains else abundance.labels)
    share = (
        'share = np.stack([by_slice(atlas.obs("domain") == name) for name in names], axis=1)\n'
        "share /= by_slice(slice_of >= 0)[:, None]"
        if domains
        else WITHIN.format(domain=text(abundance.within), fewest=FEWEST)
        if abundance.within
        else "share = atlas.usage().astype(float)"
    )
    ends = abundance.summary.n[[0, -1]]
    several = len(atlas.stages) > 1 and bool(ends.all())
    return joined(
        opening(atlas, [STDTRIT, *(["import pandas as pd"] if several else [])]),
        STAGES,
        BY_SLICE if domains or abundance.within else "",
        SUMMARISE,
        WORD if several else "",
        f"names = {named}",
        share,
        "mean, low, high, n = summarise(share, stage_of, len(stages), most=1)",
        f"""
colors = {text(part_colors(atlas, abundance))}
labels = [f"{{stage}}\\nn = {{k}}" for stage, k in zip(stages, n)]
tall = max(4, 0.35 * len(names))
figure, (bars, rows) = plt.subplots(1, 2, figsize=(11, tall))
bottom = np.zeros(len(stages))
for part, name in enumerate(names):
    bars.bar(labels, mean[:, part], bottom=bottom, color=colors[part], label=name)
    bottom += mean[:, part]
bars.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), fontsize=7, ncols=3)
bars.set(ylabel="share of a stage", ylim=(0, 1))
order = np.argsort(np.nanmax(mean, axis=0), kind="stable")
for stage, color in enumerate({text(stage_colors(len(atlas.stages)))}):
    offset = 0.36 - 0.72 * stage / max(1, len(stages) - 1)
    at = np.arange(len(names)) + offset * (len(stages) > 1)
    rows.hlines(at, low[stage, order], high[stage, order], color=color)
    fill = color if n[stage] > 1 else "none"  # open: one slice, no interval
    rows.plot(mean[stage, order], at, "o", color=color, markerfacecolor=fill, label=stages[stage])
rows.set_yticks(range(len(names)), [names[part] for part in order], fontsize=7)
rows.set(xlabel="share of a stage's slices, mean and 95% interval")
rows.set_xlim(left=0)
rows.legend(fontsize=7)
figure.tight_layout()
""",
        TRENDS if several else "",
        "plt.show()",
    )
