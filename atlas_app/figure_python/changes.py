"""Python that tests what changes between two stages, and draws the clearest rises and falls."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_app.figure_python.script import joined, opening, text
from atlas_app.figure_python.tissue import slices_python
from atlas_app.stages.changes import Changes
from atlas_app.stages.charts import SHOWN_GENES
from training.store import Atlas

# The test of the page.
TESTS = (
    "from atlas_app.stages.cells import group_spots",
    "from atlas_app.stages.changes import compare_stages",
)
SPECIMENS = "from atlas_app.stages.samples import choose_samples"


def changes_python(atlas: Atlas, changes: Changes, labels: Sequence[str], color: str = "") -> str:
    """The script; it leaves `changes`, of which `names` and `difference` are the page's table.

    `labels` are names for people in the order of the atlas; `color`, gene:NAME or factor:K, is
    drawn in the slices of both stages.
    """
    asked = ", ".join(text(each) for each in (changes.a, changes.b, changes.within, changes.what))
    specimens = changes.unit == "specimen"
    samples = ', samples=choose_samples(atlas, "specimens")' if specimens else ""
    factors = changes.what == "factors"
    named = f"labels = {text(list(labels))}" if factors else "labels = changes.names"
    measure = "difference of mean proportions" if factors else "log2 ratio"
    where = f" within {changes.within}" if changes.within else ""
    return joined(
        opening(atlas, (*TESTS, SPECIMENS) if specimens else TESTS),
        f"# compare_stages is of the extra `app`; {changes.unit}s are its replicates.",
        f"changes = compare_stages(atlas, group_spots(atlas), {asked}{samples})",
        named,
        f"""
found = changes.difference
order = changes.order()  # the clearest first
rises = [i for i in order if found.effect[i] > 0][:{SHOWN_GENES}]
falls = [i for i in order if found.effect[i] < 0][:{SHOWN_GENES}]
rows = sorted(rises + falls, key=lambda i: found.effect[i])
figure, axes = plt.subplots(figsize=(6, 1 + 0.24 * len(rows)))
axes.axvline(0, color="#8a94a0", lw=1)
axes.hlines(range(len(rows)), found.low[rows], found.high[rows], color="#8fd3bd", lw=2)
axes.plot(found.effect[rows], range(len(rows)), "D", color="#0ca678")
axes.set_yticks(range(len(rows)), [labels[i] for i in rows], fontsize=8)
axes.set(title={text(f"{changes.b} against {changes.a}{where}")}, xlabel={text(measure)})
figure.tight_layout()
""",
        maps(atlas, changes, color) if color else "",
        "plt.show()",
    )


def maps(atlas: Atlas, changes: Changes, color: str) -> str:
    """The slices of both stages in one scale of colour."""
    return joined(
        f"wanted = {text([changes.a, changes.b])}",
        "panels = [",
        '    (f"{part.name}, {part.stage}", number)',
        "    for stage in wanted",
        "    for number, part in enumerate(atlas.slices)",
        "    if part.stage == stage",
        "]",
        slices_python(atlas, color),
    )
