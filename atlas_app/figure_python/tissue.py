"""The lines that draw slices side by side, coloured alike, at the positions they share or as they
were given."""

from __future__ import annotations

from atlas_app.drawing.colors import category_colors
from atlas_app.drawing.stacks import unit_scales
from atlas_app.figure_python.script import text
from training.store import Atlas

FAINT = "#d5dae0"
COLUMNS = 6
"""Slices in a row of a map of all of them."""
PLANE = "plane = atlas.coordinates() if atlas.aligned is None else atlas.aligned[:, :2]"


def map_python(atlas: Atlas, color: str) -> str:
    """Code that draws all slices of the atlas, as they were given, in rows; `color` as below."""
    plane = ["plane = atlas.coordinates()"]
    scales = unit_scales(atlas)
    if scales:
        plane += [
            "plane = plane.copy()",
            "# Coordinates of these slices are in another unit.",
            f"for number, scale in {scales}.items():",
            "    part = atlas.slices[number]",
            "    plane[part.start : part.stop] *= scale",
        ]
    panels = "panels = [[part.name, number] for number, part in enumerate(atlas.slices)]"
    drawing = slices_python(atlas, color, plane="\n".join(plane), columns=COLUMNS)
    return f"{panels}\n{drawing}"


def slices_python(
    atlas: Atlas,
    color: str,
    lit: int | None = None,
    *,
    plane: str = PLANE,
    columns: int | None = None,
) -> str:
    """Code that draws the slices `panels`, (title, number) each.

    Args:
        color: gene:NAME, factor:K, obs:domain or set: with `value` already there.
        lit: the one category that stands out.
        plane: the line that gives where spots lie.
        columns: slices in a row; None draws one row.
    """
    kind, _, name = color.partition(":")
    if kind == "obs":
        given, draw = category_lines(atlas, name, lit)
        bar = [
            "for name, color in colors.items():",
            '    grid[0, 0].plot([], [], "o", color=color, label=name)',
            'figure.legend(loc="lower center", ncols=6, fontsize=7)',
        ]
    else:
        given, draw = number_lines(kind, name)
        bar = ["figure.colorbar(points, ax=list(grid.flat), shrink=0.6)"]
    sizes = [
        "wide = 3 * len(panels)",
        "figure, grid = plt.subplots(1, len(panels), figsize=(wide, 3.4), squeeze=False)",
    ]
    if columns is not None:
        sizes = [
            f"columns = min(len(panels), {columns})",
            "rows = -(-len(panels) // columns)",
            "size = 2.2 * columns + 1, 2.5 * rows",
            "figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)",
            "for axes in grid.flat:",
            '    axes.axis("off")',
        ]
    return "\n".join(
        [
            plane,
            *given,
            "# All slices at one scale.",
            "parts = [atlas.slices[number] for _, number in panels]",
            "spans = [np.ptp(plane[part.start : part.stop], axis=0).max() for part in parts]",
            "reach = 0.55 * max(spans)",
            *sizes,
            "for axes, (title, _), part in zip(grid.flat, panels, parts):",
            "    x, y = plane[part.start : part.stop].T",
            "    value = value_of_spots[part.start : part.stop]",
            *(f"    {line}" for line in draw),
            '    axes.set(title=title, aspect="equal")',
            '    axes.axis("off")',
            "    left, top = (x.min() + x.max()) / 2 - reach, (y.min() + y.max()) / 2 - reach",
            "    axes.set(xlim=(left, left + 2 * reach), ylim=(top + 2 * reach, top))",
            *bar,
        ]
    )


def category_lines(atlas: Atlas, name: str, lit: int | None) -> tuple[list[str], list[str]]:
    """Lines that give the names and colours of all spots, and those that draw some."""
    column = atlas.obs_columns[name]
    colors = category_colors(len(column.categories), column.colors)
    colors = [color if lit in (None, code) else FAINT for code, color in enumerate(colors)]
    table = dict(zip(column.categories, colors, strict=True))
    return (
        [f"value_of_spots = atlas.obs({text(name)})", f"colors = {text(table)}"],
        [
            f'color = [colors.get(each, "{FAINT}") for each in value]',
            "axes.scatter(x, y, c=color, s=6, linewidths=0)",
        ],
    )


def number_lines(kind: str, name: str) -> tuple[list[str], list[str]]:
    """The same of a gene, a factor or a score."""
    values = {"gene": f"atlas.gene({text(name)})", "factor": f"atlas.factor({name})"}
    given = [f"value_of_spots = {values[kind]}"] if kind in values else []
    more = " & (value_of_spots > 0)" if kind == "gene" else ""
    apart = " of what is not zero" if kind == "gene" else ""
    return (
        [
            *given,
            f"# Colours run alike over all slices, from the 1 to the 99% quantile{apart}.",
            f"known = value_of_spots[~np.isnan(value_of_spots){more}]",
            "low, high = np.percentile(known, [1, 99]) if len(known) else (0, 1)",
        ],
        [
            'order = np.argsort(np.nan_to_num(value), kind="stable")  # the highest on top',
            "look = dict(vmin=low, vmax=high, s=6, linewidths=0, plotnonfinite=True)",
            "points = axes.scatter(x[order], y[order], c=value[order], **look)",
        ],
    )
