"""Python that draws a factor: on the tissue, where it is used, what it is made of."""

from __future__ import annotations

from atlas_app.factors.state import FactorView
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
from atlas_app.figure_python.tissue import map_python
from training.store import Atlas


def factor_python(atlas: Atlas, view: FactorView, n_genes: int) -> str:
    """The script; it leaves the map of the tissue in `grid`, `usage` by slice, `mean`, `low` and
    `high` by domain, and the `genes` with their `loading` and `specific`ity, as many as the page
    shows."""
    k = view.factor
    panels = 3 if view.beside is None else 4
    return joined(
        opening(atlas, [STDTRIT]),
        STAGES,
        BY_SLICE,
        SUMMARISE,
        f"# The tissue: the factor's proportion in every spot.\n{map_python(atlas, f'factor:{k}')}",
        f"""
factor = {k}
figure, panels = plt.subplots(1, {panels}, figsize=({4.6 * panels:g}, 4))
figure.suptitle(f"Factor {{factor}}: " + {text(atlas.factor_names[k])})

# Usage by slice, with the mean of each stage's slices.
usage = atlas.usage()[:, factor]
panels[0].plot(stage_of, usage, "o", color="#0ca678", alpha=0.75)
means = [usage[stage_of == stage].mean() for stage in range(len(stages))]
panels[0].plot(means, "_-", color="#8fd3bd", ms=22)
panels[0].set_xticks(range(len(stages)), stages)
panels[0].set(ylabel="mean proportion")
panels[0].set_ylim(bottom=0)

# Usage by domain: mean over slices with {FEWEST} spots of it or more.
domain = atlas.obs("domain")
names = list(atlas.obs_columns["domain"].categories)
spots = np.stack([by_slice(domain == name) for name in names], axis=1)
counts = np.stack([by_slice((domain == name) * atlas.totals) for name in names], axis=1)
sums = [by_slice((domain == name) * atlas.factor(factor)) for name in names]
by_domain = np.stack(sums, axis=1) / np.maximum(spots, 1)
by_domain[(spots < {FEWEST}) | (counts == 0)] = np.nan
every = np.zeros(len(atlas.slices), int)
found = [summarise(column[:, None], every, 1, most=1) for column in by_domain.T]
mean, low, high, n = (np.array(each).ravel() for each in zip(*found))
order = np.argsort(mean)  # the most used on top
panels[1].barh([f"{{names[d]}} (n = {{n[d]}})" for d in order], mean[order], color="#3db893")
panels[1].hlines(range(len(order)), low[order], high[order], color="#868e96", lw=1)
panels[1].set(xlabel="mean proportion")

genes = atlas.factor_genes(factor, n={n_genes})
loading = np.array([gene.loading for gene in genes])
specific = np.array([gene.specificity for gene in genes])
# Loadings below 1/10,000 of the highest stand at the edge of the log scale.
panels[2].plot(np.maximum(loading, loading.max() / 1e4), specific, "o", color="#0ca678", alpha=0.65)
for gene in genes[:5]:
    panels[2].annotate(gene.gene, (gene.loading, gene.specificity), fontsize=8)
panels[2].set(xlabel="loading", ylabel="specificity", ylim=(-0.08, 1.12), xscale="log")
""",
        "" if view.beside is None else beside(view.beside),
        "figure.tight_layout()",
        "plt.show()",
    )


def beside(other: int) -> str:
    """The lines that set the loadings of another factor beside those of the first."""
    return f"""
other = {other}
fitted = np.isfinite(atlas.loadings).all(axis=1)
first, second = atlas.loadings[fitted][:, [factor, other]].T
top = max(first.max(), second.max())
panels[3].plot([top / 1e4, top], [top / 1e4, top], ":", color="#8fd3bd", lw=1)
color = np.where(first >= second, "#0ca678", "#3b7dd8")
drawn = np.maximum([first, second], top / 1e4)
panels[3].scatter(*drawn, c=color, s=12, alpha=0.6)
panels[3].set(xlabel=f"loading on factor {{factor}}", ylabel=f"loading on factor {{other}}")
panels[3].set(xscale="log", yscale="log")
"""
