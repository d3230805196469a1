"""Python that draws a mapped section from the file that the page gives: its spots, its stage, how
sure its domains are."""

from __future__ import annotations

from atlas_app.drawing.colors import category_colors
from atlas_app.figure_python.script import joined, text
from atlas_app.pages.map.colors import FIRST_COLOR
from atlas_app.pages.map.drawing import usable_color
from atlas_app.pages.map.result import stage_shares
from atlas_app.results.expression import DIFFERENCE, IMPUTED, INTERVAL, MEASURED, PARTS
from atlas_app.results.mapped import ResultView

BOUNDS = """
# The 90% interval of an imputed value; training/MAPPING.md of inspire-atlas has the formula.
known = query.uns["imputation"].loc[gene]
width = np.sqrt(known["base"] + known["slope"] * np.maximum(imputed, 0))
low, high = np.maximum(imputed + known["low"] * width, 0), imputed + known["high"] * width
"""
KINDS = {
    IMPUTED: "value = imputed",
    "low": "value = low",
    "high": "value = high",
    "width": "value = high - low",
    MEASURED: 'value = np.asarray(query.obsm["measured"])[:, genes.index(gene)]',
    DIFFERENCE: 'value = np.asarray(query.obsm["measured"])[:, genes.index(gene)] - imputed',
}


def mapped_python(view: ResultView, file: str, color: str) -> str:
    """The script; it reads `file`, the result as it is downloaded, and leaves `value` of every spot
    in the order of the file, and `share` by stage.

    `color` is as the page's address has it; one that the result lacks is as on the page.
    """
    color = usable_color(view, color or FIRST_COLOR)
    digest = view.report.get("atlas_digest")
    return joined(
        "import anndata as ad",
        "import matplotlib.pyplot as plt",
        "import numpy as np",
        "\n",
        f"query = ad.read_h5ad({text(file)})",
        f'assert query.uns["projection"]["atlas_digest"].startswith({text(str(digest)[:12])})'
        if digest
        else "",
        'x, y = np.asarray(query.obsm["spatial"])[:, :2].T',
        values(view, color),
        drawing(view, color),
        stage_lines(view),
        confidence_lines(view),
        "plt.show()",
    )


def values(view: ResultView, color: str) -> str:
    """The lines that give the value of every spot."""
    kind, _, name = color.partition(":")
    if kind == "factor":
        return f'value = np.asarray(query.obsm["factors"])[:, {int(name)}]'
    if kind not in PARTS:
        column = view.column(name)
        numbers = column is not None and column.codes is None
        form = "to_numpy(float)" if numbers else "astype(str).to_numpy()"
        return f"value = query.obs[{text(name)}].{form}"
    return joined(
        f"gene = {text(name)}",
        'genes = [str(each) for each in np.atleast_1d(query.uns["projection"]["imputed_genes"])]',
        'imputed = np.asarray(query.obsm["imputed"])[:, genes.index(gene)]',
        BOUNDS if kind in INTERVAL else "",
        KINDS[kind],
    )


def drawing(view: ResultView, color: str) -> str:
    """The lines that draw the spots, slice by slice."""
    kind, _, name = color.partition(":")
    column = view.column(name) if kind == "obs" else None
    slices = view.slice_column_name
    grouped = f"query.obs[{text(slices)}].astype(str).to_numpy()" if slices else "None"
    lines = [
        f"slice_of = {grouped}",
        "names = [None] if slice_of is None else list(dict.fromkeys(slice_of))",
        "figure, grid = plt.subplots(1, len(names), figsize=(5 * len(names), 5), squeeze=False)",
    ]
    if column is not None and column.codes is not None:
        reference = view.atlas.obs_columns.get(name)
        own = name in ("domain", "stage") and reference is not None
        colors = category_colors(
            len(column.categories), reference.colors if own and reference else None
        )
        lines += [
            f"colors = {text(dict(zip(column.categories, colors, strict=True)))}",
            "for axes, part in zip(grid[0], names):",
            "    here = np.ones(len(x), bool) if part is None else slice_of == part",
            "    for each, color in colors.items():",
            "        some = here & (value == each)",
            "        if some.any():",
            "            axes.scatter(x[some], y[some], color=color, s=9, lw=0, label=each)",
            "    axes.legend(fontsize=7)",
        ]
    else:
        signed = kind == DIFFERENCE
        lines += [
            "top = np.nanmax(np.abs(value))",
            f"ends = dict(vmin={'-top' if signed else 'np.nanmin(value)'}, vmax=top)",
            "for axes, part in zip(grid[0], names):",
            "    here = np.ones(len(x), bool) if part is None else slice_of == part",
            f"    points = axes.scatter(x[here], y[here], c=value[here], s=9, linewidths=0, "
            f'cmap="{"RdBu_r" if signed else "viridis"}", **ends)',
            "figure.colorbar(points, ax=list(grid[0]), shrink=0.6)",
        ]
    return "\n".join(
        [
            *lines,
            "for axes, part in zip(grid[0], names):",
            f'    axes.set(title=part or {text(view.title)}, xticks=[], yticks=[], aspect="equal")',
            "    axes.invert_yaxis()",
            f"figure.suptitle({text(name if kind != 'factor' else f'Factor {name}')})",
        ]
    )


def stage_lines(view: ResultView) -> str:
    """The lines that draw how the section lies among the stages; '' where it names none."""
    found = stage_shares(view)
    if found is None:
        return ""
    stages, _, posterior = found
    if posterior:
        share = 'told = query.uns["projection"]["stage_posterior"]\n'
        share += "share = [float(told.get(stage, 0)) for stage in stages]"
    else:
        share = f'stage = query.obs["stage"].astype(str){own_lines(view)}\n'
        share += "share = [(stage == each).mean() for each in stages]"
    return joined(
        f"stages = {text(stages)}",
        share,
        "figure, axes = plt.subplots(figsize=(5, 3))",
        'axes.barh(stages, share, color="#0ca678")',
        "axes.invert_yaxis()",
        f'axes.set(title="Stage", xlabel={text("probability" if posterior else "share of spots")})',
    )


def own_lines(view: ResultView) -> str:
    """What takes spots of sections off that are not of the atlas's tissue; "" where none is."""
    if view.tissue.all():
        return ""
    return f"[~np.isin(slice_of, {text(list(view.foreign_sections))})]"


def confidence_lines(view: ResultView) -> str:
    """The lines that draw how many spots have which confidence; '' where nothing is known of it."""
    column = view.column("domain_confidence")
    if column is None or column.numbers is None:
        return ""
    return joined(
        f'confidence = query.obs["domain_confidence"].to_numpy(float){own_lines(view)}',
        "figure, axes = plt.subplots(figsize=(5, 3))",
        'spots, edges, _ = axes.hist(confidence, bins=20, range=(0, 1), color="#0ca678")',
        'axes.set(xlabel="confidence of the domain", ylabel="spots")',
    )
