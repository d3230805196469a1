"""HTTP interface of what colours a map, up to six of them, as a table of all spots or of some
slices."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import flask
import numpy as np

from atlas_app.api.atlases import value_name
from atlas_app.api.some_slices import asked_slices, part_of
from atlas_app.api.spot_table import spot_table
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.explore.state import MOST_SIDE, side_colors
from atlas_app.genesets.address import read_set
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import as_file, binary


def color_routes(atlases: Atlases) -> flask.Blueprint:
    """The route of colours under /api/v1/atlases/{id}."""
    routes = flask.Blueprint("colors", __name__)

    @routes.get("/api/v1/atlases/<atlas_id>/values.csv")
    def values_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        colors = asked_colors(flask.request.args.get("of", ""))
        # Unknown names are answered before the table is begun.
        columns = [split(served, color) for color in colors]
        slices = asked_slices(served, flask.request.args.get("slices", ""))
        moment = asked_moment(flask.request.args.get("t", ""))
        file = file_name(served, columns, moment, slices)
        return binary(
            atlases.cache,
            ("values.csv", *(f"{kind}:{name}" for kind, name in columns), str(slices), moment),
            served.atlas.digest,
            lambda: as_file(color_table(served, columns, slices), file),
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


def asked_moment(text: str) -> str:
    """What the name of the file says of a time, "" for none; an ApiError (400) for no number."""
    if not text:
        return ""
    try:
        time = float(text)
    except ValueError:
        time = math.nan
    if not math.isfinite(time):
        raise ApiError(
            400, "This is no time.", found=text[:60], expected="t=NUMBER, to name the file by"
        )
    return f"t{time:.6g}"


def file_name(
    served: ServedAtlas,
    columns: Sequence[tuple[str, str]],
    moment: str,
    slices: tuple[int, ...] | None = None,
) -> str:
    """The name of the file; of a moment of the animation that of its picture, but for the end."""
    digest = served.atlas.digest[:8]
    if moment:
        color = "~".join(f"{kind}:{name}" for kind, name in columns)
        plain = re.sub(r"[^\w.-]+", "-", color, flags=re.ASCII)[:80]
        return f"{served.id}-{plain}-{moment}-{digest}.csv"
    plain = "-".join("".join(c for c in name if c.isalnum()) for _, name in columns)
    return f"{served.id}-{plain[:80]}{part_of(served, slices)}-{digest}.csv"


def split(served: ServedAtlas, color: str) -> tuple[str, str]:
    """Kind and the store's own name of a colour; an ApiError (404) where there is no such."""
    kind, _, name = color.partition(":")
    if kind == "set":
        read_set(served.atlas, name)
        return kind, name
    return kind, value_name(served, kind, name)


def color_table(
    served: ServedAtlas,
    columns: Sequence[tuple[str, str]],
    slices: tuple[int, ...] | None = None,
) -> str:
    """CSV of every spot, or of those of some slices; a gene's column bears its name, another one
    its kind as well.

    Genes are log1p of counts per 10,000, factors proportions, sets scores; nothing where a slice
    did not measure it.
    """
    table = {
        name if kind == "gene" else f"{kind}:{name}": spot_values(served, kind, name).tolist()
        for kind, name in columns
    }
    return spot_table(served.atlas, table, slices)


def spot_values(served: ServedAtlas, kind: str, name: str) -> np.ndarray:
    """One value per spot (n,): numbers with NaN, or labels with None."""
    if kind == "gene":
        return served.atlas.gene(name)
    if kind == "factor":
        return served.atlas.factor(int(name))
    if kind == "set":
        return served.scorer.score(read_set(served.atlas, name).genes).values
    return served.atlas.obs(name)
