"""HTTP interface of what colours a map, up to six of them, as a table of all spots."""

from __future__ import annotations

from collections.abc import Sequence

import flask
import numpy as np

from atlas_app.api import value_name
from atlas_app.data import Atlases, ServedAtlas
from atlas_app.explore_state import MOST_SIDE, side_colors
from atlas_app.genesets.address import read_set
from atlas_app.http_errors import ApiError
from atlas_app.responses import as_file, binary
from atlas_app.spot_table import spot_table


def color_routes(atlases: Atlases) -> flask.Blueprint:
    """The route of colours under /api/v1/atlases/{id}."""
    routes = flask.Blueprint("colors", __name__)

    @routes.get("/api/v1/atlases/<atlas_id>/values.csv")
    def values_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        colors = asked_colors(flask.request.args.get("of", ""))
        # Unknown names are answered before the table is begun.
        columns = [split(served, color) for color in colors]
        plain = "-".join("".join(c for c in name if c.isalnum()) for _, name in columns)
        file = f"{served.id}-{plain[:80]}-{served.atlas.digest[:8]}.csv"
        return binary(
            atlases.cache,
            ("values.csv", *(f"{kind}:{name}" for kind, name in columns)),
            served.atlas.digest,
            lambda: as_file(color_table(served, columns), file),
            "text/csv",
        )

    return routes


def asked_colors(text: str) -> tuple[str, ...]:
    """The one to six different colours of 'gene:A~factor:3'; an ApiError (400) for other text."""
    colors = side_colors(text)
    if not colors:
        raise ApiError(
            400,
            "These values cannot be listed.",
            found=text[:60] or "nothing",
            expected=f"of=gene:NAME~factor:K~obs:COLUMN~set:NAME,NAME, up to {MOST_SIDE} of them",
        )
    return colors


def split(served: ServedAtlas, color: str) -> tuple[str, str]:
    """Kind and the store's own name of a colour; an ApiError (404) where there is no such."""
    kind, _, name = color.partition(":")
    if kind == "set":
        read_set(served.atlas, name)
        return kind, name
    return kind, value_name(served, kind, name)


def color_table(served: ServedAtlas, columns: Sequence[tuple[str, str]]) -> str:
    """CSV of every spot; a gene's column bears its name, another one its kind as well.

    Genes are log1p of counts per 10,000, factors proportions, sets scores; nothing where a slice
    did not measure it.
    """
    table = {
        name if kind == "gene" else f"{kind}:{name}": spot_values(served, kind, name).tolist()
        for kind, name in columns
    }
    return spot_table(served.atlas, table)


def spot_values(served: ServedAtlas, kind: str, name: str) -> np.ndarray:
    """One value per spot (n,): numbers with NaN, or labels with None."""
    if kind == "gene":
        return served.atlas.gene(name)
    if kind == "factor":
        return served.atlas.factor(int(name))
    if kind == "set":
        return served.scorer.score(read_set(served.atlas, name).genes).values
    return served.atlas.obs(name)
