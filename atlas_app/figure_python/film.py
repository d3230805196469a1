"""Python that draws the animation's slices, one of each stage, side by side."""

from __future__ import annotations

from atlas_app.figure_python.script import joined, opening, text
from atlas_app.figure_python.tissue import slices_python
from atlas_app.stages.film import Film
from training.store import Atlas


def film_python(atlas: Atlas, film: Film, color: str, lit: int | None, scores: str) -> str:
    """The script; it leaves `panels` and `value_of_spots`.

    Args:
        color: as of the animation; of a set, `scores` is the address of its score as CSV.
        lit: the category that stands out, None for all.
    """
    panels = [[stage.name, stage.shown] for stage in film.stages]
    score = f'value_of_spots = pd.read_csv({text(scores)})["score"].to_numpy()'
    return joined(
        opening(atlas, ["import pandas as pd"] if scores else []),
        "# The slice of each stage that the animation shows; between them nothing is measured.",
        f"panels = {text(panels)}",
        score if scores else "",
        slices_python(atlas, color, lit=lit),
        "plt.show()",
    )
