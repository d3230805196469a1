"""Which genes mark a domain, and which have a pattern on the tissue: rows as the store has them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_place
from atlas_app.stages.rows import Row, number
from training.store import Atlas, StoreError

ONE_SLICE = "one slice"


def marker_rows(atlas: Atlas, domain: str = "") -> list[Row]:
    """Markers of a domain, or of all domains one after the other, best first.

    `log2_fold_change` is inside over outside, mean over slices; `test` says why p and q are None.
    Raises ApiError (404) for a domain that the atlas lacks, and for a store without markers.
    """
    domains = list(atlas.obs_columns["domain"].categories)
    if domain:
        known_place("domain", domains, domain)
    try:
        table = atlas.table("markers")
    except StoreError:
        raise ApiError(
            404,
            "This atlas holds no markers of domains.",
            found="a store without them",
            expected="an atlas fitted with the present version",
        ) from None
    of = table["domain"].astype(str)
    chosen = [place for name in ([domain] if domain else domains) for place in _rows(of, name)]
    return [
        {
            "domain": str(of[place]),
            "rank": int(table["rank"][place]),
            "gene": str(table["gene"][place]),
            "log2_fold_change": number(table["log2_fold_change"][place]),
            "spread": number(table["spread"][place]),
            "n_slices": int(table["n_slices"][place]),
            "share_inside": number(table["share_inside"][place]),
            "share_outside": number(table["share_outside"][place]),
            "p": number(table["p"][place]),
            "q": number(table["q"][place]),
            "test": ONE_SLICE if int(table["n_slices"][place]) < 2 else "t over slices",
        }
        for place in chosen
    ]


def spatial_rows(atlas: Atlas, most: int | None = None) -> list[Row]:
    """Genes by Moran's I on the tissue, highest first, without those that have none.

    Raises ApiError (404) for a store that does not know it.
    """
    table = atlas.table("genes")
    if "moran_i" not in table:
        raise ApiError(
            404,
            "This atlas does not say which genes have a pattern on the tissue.",
            found="a store without Moran's I",
            expected="an atlas fitted with the present version",
        )
    value = np.asarray(table["moran_i"], dtype=np.float64)
    q = table.get("moran_q", np.full(len(value), math.nan))
    order = np.argsort(-np.nan_to_num(value, nan=-np.inf), kind="stable")
    order = order[np.isfinite(value[order])][:most]
    return [
        {
            "rank": rank + 1,
            "gene": atlas.genes[place],
            "moran_i": number(value[place]),
            "q": number(q[place]),
        }
        for rank, place in enumerate(order.tolist())
    ]


def _rows(of: NDArray, domain: str) -> list[int]:
    return [int(place) for place in np.flatnonzero(of == domain)]
