"""Python that draws which domains of consecutive stages lie alike in the latent."""

from __future__ import annotations

from atlas_app.drawing.colors import category_colors
from atlas_app.figure_python.script import joined, opening, text
from atlas_app.stages.relations import Node
from training.store import Atlas


def relations_python(atlas: Atlas, least: float, node: Node | None = None) -> str:
    """The script; it leaves `pairs`: stage, domain, next stage, its domain, similarity, mutual.

    Pairs of less than `least` similarity are left out, and with a `node` those without it.
    """
    column = atlas.obs_columns["domain"]
    table = dict(
        zip(column.categories, category_colors(len(column.categories), column.colors), strict=True)
    )
    own = text([atlas.stages[node.stage].name, node.domain]) if node else ""
    return joined(
        opening(atlas, []),
        f"""
table = atlas.table("domain_relations")
columns = ["stage", "domain", "other_stage", "other_domain", "value", "mutual"]
pairs = [
    (*row[:4], float(row[4]), str(row[5]) in ("True", "1.0", "1"))
    for kind, *row in zip(table["relation"], *(table[column] for column in columns))
    if kind == "similarity" and float(row[4]) >= {least:g}
]
""",
        f"""
# Those of one domain at one stage.
own = {own}
pairs = [pair for pair in pairs if own in (list(pair[:2]), list(pair[2:4]))]
"""
        if node
        else "",
        f"""
pairs.sort(key=lambda pair: -pair[4])
stages = [stage.name for stage in atlas.stages]
colors = {text(table)}
domains = list(colors)
figure, axes = plt.subplots(figsize=(2.4 * len(stages), 1 + 0.5 * len(domains)))
for stage, domain, later, other, similarity, mutual in pairs:
    x, y = [stages.index(stage), stages.index(later)], [domains.index(domain), domains.index(other)]
    # Wide where alike, green where each is the other's most similar.
    axes.plot(x, y, color="#0ca678" if mutual else "#8a94a0", lw=5 * max(similarity, 0.1) ** 2)
ends = {{(row[0], row[1]) for row in pairs}} | {{(row[2], row[3]) for row in pairs}}
for stage, domain in sorted(ends):
    at = stages.index(stage), domains.index(domain)
    axes.plot(*at, "o", ms=12, color=colors[domain], zorder=3)
    axes.annotate(domain, at, xytext=(0, 9), textcoords="offset points", ha="center", fontsize=7)
axes.set_xticks(range(len(stages)), stages)
axes.set_yticks([])
axes.set_xlim(-0.5, len(stages) - 0.5)
axes.set_ylim(len(domains) - 0.4, -0.9)
axes.set_title("Similarity in the latent, not lineage")
plt.show()
""",
    )
