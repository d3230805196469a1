"""Python that draws which domains lie side by side in the latent."""

from __future__ import annotations

from atlas_app.drawing.colors import category_colors
from atlas_app.figure_python.script import text
from atlas_app.stages.connectivity import LEAST, WIDEST
from training.store import Atlas


def connectivity_python(atlas: Atlas) -> str:
    """The end of a script that holds `atlas`, `np` and `plt`; it leaves `connected`: domain, other
    domain, connectivity. '' where the store has none."""
    if "connectivity" not in atlas.table("domain_relations")["relation"]:
        return ""
    column = atlas.obs_columns["domain"]
    table = dict(
        zip(column.categories, category_colors(len(column.categories), column.colors), strict=True)
    )
    return f"""
# Connectivity: observed over expected edges of the neighbour graph in the latent, at most 1.
table = atlas.table("domain_relations")
connected = [
    (domain, other, float(value))
    for kind, domain, other, value in zip(
        table["relation"], table["domain"], table["other_domain"], table["value"]
    )
    if kind == "connectivity"
]
colors = {text(table)}
umap, domain_of = atlas.coordinates("umap"), np.asarray(atlas.obs("domain"))
place = {{
    domain: np.median(umap[domain_of == domain], axis=0)
    for domain in colors
    if (domain_of == domain).any()
}}
most = max(value for _, _, value in connected)
figure, axes = plt.subplots(figsize=(6, 5))
for domain, other, value in sorted(connected, key=lambda row: row[2]):
    if value >= {LEAST:g}:
        x, y = zip(place[domain], place[other])
        wide = value / most
        axes.plot(x, y, color="#8a94a0", lw=max(0.6, {WIDEST:g} * wide), alpha=0.35 + 0.55 * wide)
for domain, at in place.items():
    size = 10 + 30 * np.sqrt((domain_of == domain).mean())
    axes.plot(*at, "o", ms=size / 1.4, color=colors[domain], zorder=3)
    axes.annotate(domain, at, xytext=(0, 9), textcoords="offset points", ha="center", fontsize=7)
axes.set_axis_off()
axes.set_title("Connectivity in the latent, not lineage")
plt.show()
"""
