"""Python that draws how many spots each stage has."""

from __future__ import annotations

from atlas_app.figure_python.script import joined, opening
from training.store import Atlas


def home_python(atlas: Atlas) -> str:
    """The script; it leaves `spots`, by slice."""
    return joined(
        opening(atlas, []),
        """
stages = [stage.name for stage in atlas.stages]
spots = [part.n_spots for part in atlas.slices]
bottom = dict.fromkeys(stages, 0)
figure, axes = plt.subplots(figsize=(6, 3.2))
for part in atlas.slices:  # a block for each slice
    axes.bar(part.stage, part.n_spots, bottom=bottom[part.stage], color="#0ca678", edgecolor="w")
    bottom[part.stage] += part.n_spots
axes.set_ylabel("spots")
figure.tight_layout()
plt.show()
""",
    )
