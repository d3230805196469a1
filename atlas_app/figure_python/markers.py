"""Python that draws what marks a domain."""

from __future__ import annotations

from atlas_app.figure_python.script import joined, opening, text
from training.store import Atlas

SHOWN = 25


def markers_python(atlas: Atlas, domain: str) -> str:
    """The script; it leaves `markers`, a data frame of the domain's, and `spatial`, of genes by
    Moran's I where the atlas has it."""
    return joined(
        opening(atlas, ["import pandas as pd"]),
        f"""
markers = pd.DataFrame(atlas.table("markers"))
markers = markers[markers["domain"] == {text(domain)}].sort_values("rank")
print(markers.to_string(index=False))
table = atlas.table("genes")
spatial = pd.DataFrame({{"gene": atlas.genes}})
if "moran_i" in table:
    spatial["moran_i"] = table["moran_i"]
    spatial = spatial.dropna().sort_values("moran_i", ascending=False, kind="stable")
    print(spatial.head(50).to_string(index=False))
shown = markers.head({SHOWN}).iloc[::-1]
figure, axes = plt.subplots(figsize=(6, 1 + 0.22 * len(shown)))
# One slice has no spread.
spread = np.nan_to_num(shown["spread"].to_numpy(float))
axes.errorbar(shown["log2_fold_change"], range(len(shown)), xerr=spread, fmt="o", color="#0ca678")
axes.set_yticks(range(len(shown)), shown["gene"], fontsize=7)
axes.axvline(0, color="#8a94a0", lw=1)
axes.set_xlabel("log2 ratio inside over outside; mean and standard deviation over slices")
axes.set_title({text(f"What marks {domain}")})
figure.tight_layout()
plt.show()
""",
    )
