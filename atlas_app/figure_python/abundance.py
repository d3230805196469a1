"""Python that draws what every stage is made of: bars, and shares with intervals."""

from __future__ import annotations

from atlas_app.figure_python.script import (
    BY_SLICE,
    STAGES,
    STDTRIT,
    SUMMARISE,
    joined,
    opening,
    text,
)
from atlas_app.stages.abundance import Abundance
from atlas_app.stages.charts import part_colors, stage_colors
from training.store import Atlas


def abundance_python(atlas: Atlas, abundance: Abundance) -> str:
    """The script; it leaves `share` by slice, and `mean`, `low`, `high` and `n` by stage."""
    domains = abundance.parts == "domain"
    named = text(abundance.names if domains else abundance.labels)
    share = (
        'share = np.stack([by_slice(atlas.obs("domain") == name) for name in names], axis=1)\n'
        "share /= by_slice(slice_of >= 0)[:, None]"
        if domains
        else "share = atlas.usage().astype(float)"
    )
    return joined(
        opening(atlas, [STDTRIT]),
        STAGES,
        BY_SLICE if domains else "",
        SUMMARISE,
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
order = np.argsort(mean.max(axis=0), kind="stable")
for stage, color in enumerate({text(stage_colors(len(atlas.stages)))}):
    offset = 0.36 - 0.72 * stage / max(1, len(stages) - 1)
    at = np.arange(len(names)) + offset * (len(stages) > 1)
    rows.hlines(at, low[stage, order], high[stage, order], color=color)
    fill = color if n[stage] > 1 else "none"  # open: one slice, no interval
    rows.plot(mean[stage, order], at, "o", color=color, markerfacecolor=fill, label=stages[stage])
rows.set_yticks(range(len(names)), [names[part] for part in order], fontsize=7)
rows.set(xlabel="share of a stage's slices, mean and 95 % interval")
rows.set_xlim(left=0)
rows.legend(fontsize=7)
figure.tight_layout()
plt.show()
""",
    )
