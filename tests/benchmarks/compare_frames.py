"""The registration of an atlas beside a published frame of the same spots.

    python tests/benchmarks/compare_frames.py NAME.atlas.zarr SLICES [--key spatial_atlas3d]

SLICES is the folder of `.h5ad` files that the atlas was fitted to, with the published frame in
`obsm`. One similarity lays ours over it; then the root mean square distance of each section is
told, and how much of it no motion of whole sections could take away. Where the spots have labels
of regions, two figures compare the frames without taking either for the truth: how far the same
region of consecutive sections lies apart, and how often a spot's nearest spot in the next section
has its label.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
from scipy.spatial import cKDTree

from training.metrics.frames import compare_frames
from training.store import Atlas, open_atlas

LEAST = 5


def published(atlas: Atlas, folder: Path, key: str) -> np.ndarray:
    """The published frame in the order of the atlas, float64 (n, columns)."""
    known: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.h5ad")):
        data = ad.read_h5ad(path)
        if key not in data.obsm:
            raise SystemExit(f"{path.name} has no obsm[{key!r}]; it has {sorted(data.obsm)}")
        known.update(zip(data.obs_names, np.asarray(data.obsm[key], np.float64), strict=True))
    names = np.array([name.rpartition(":")[2] for name in atlas.spot_names])
    missing = [name for name in names if name not in known]
    if missing:
        raise SystemExit(f"{len(missing)} spots are not in {folder}: {missing[:3]}")
    return np.array([known[name] for name in names])


def agreement(frame: np.ndarray, atlas: Atlas, order: list[int], labels: np.ndarray) -> Any:
    """Mean distance of equal regions, and share of nearest spots with the same label, over
    consecutive sections."""
    apart, same = [], []
    for one, two in pairwise(order):
        a, b = (slice(atlas.slices[i].start, atlas.slices[i].stop) for i in (one, two))
        for label in set(labels[a]) & set(labels[b]):
            here, there = frame[a][labels[a] == label], frame[b][labels[b] == label]
            known = label is not None and not str(label).startswith("unassigned")
            if known and min(len(here), len(there)) >= LEAST:
                apart.append(np.linalg.norm(here.mean(axis=0) - there.mean(axis=0)))
        near = cKDTree(frame[b]).query(frame[a])[1]
        same.append(np.mean(labels[a] == labels[b][near]))
    return {"regions_apart": float(np.mean(apart)), "same_label": float(np.mean(same))}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("slices", type=Path)
    parser.add_argument("--key", default="spatial_atlas3d")
    parser.add_argument("--label", default="label")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    atlas = open_atlas(options.store)
    if atlas.aligned is None:
        raise SystemExit(f"{options.store} holds no registered coordinates")
    theirs = published(atlas, options.slices, options.key)
    codes = np.repeat(np.arange(len(atlas.slices)), [part.n_spots for part in atlas.slices])
    plane = theirs[:, :2]
    found = compare_frames(atlas.aligned[:, :2], plane, codes)
    unmoved = compare_frames(atlas.coordinates("spatial"), plane, codes)
    near = [
        cKDTree(plane[codes == i]).query(plane[codes == i], k=2)[0][:, 1] for i in np.unique(codes)
    ]
    spacing = float(np.median(np.concatenate(near)))
    told: dict[str, Any] = {
        "rmse": found.rmse,
        "rmse_in_spots": found.rmse / spacing,
        "within_sections": found.within,
        "correlation": found.correlation,
        "rmse_before": unmoved.rmse,
        "correlation_before": unmoved.correlation,
        "by_section": {
            part.name: float(value)
            for part, value in zip(atlas.slices, found.by_slice, strict=True)
        },
    }
    if theirs.shape[1] > 2 and atlas.aligned.shape[1] > 2:
        told["depth_correlation"] = float(np.corrcoef(theirs[:, 2], atlas.aligned[:, 2])[0, 1])
    if options.label in atlas.obs_columns:
        labels = np.asarray(atlas.obs(options.label))
        depths = theirs[[part.start for part in atlas.slices], -1]
        order = [int(i) for i in np.argsort(depths, kind="stable")]
        told["ours"] = agreement(found.moved, atlas, order, labels)
        told["published"] = agreement(plane, atlas, order, labels)
        told["before"] = agreement(unmoved.moved, atlas, order, labels)
    print(json.dumps(told, indent=2))
    if options.json:
        options.json.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
