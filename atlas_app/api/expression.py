"""HTTP interface of a few genes in every spot, as a table to keep."""

from __future__ import annotations

import flask

from atlas_app.api.atlases import value_name
from atlas_app.api.some_slices import asked_slices, part_of
from atlas_app.api.spot_table import spot_table
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.atlases.estimates import check_told
from atlas_app.explore.state import MOST_BLENDED
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import as_file, binary
from training.store import Atlas, Estimates


def expression_routes(atlases: Atlases) -> flask.Blueprint:
    """The route of expression under /api/v1/atlases/{id}."""
    routes = flask.Blueprint("expression", __name__)

    @routes.get("/api/v1/atlases/<atlas_id>/expression.csv")
    def expression_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        genes = asked_genes(served, flask.request.args.get("of", ""))
        estimates = served.estimates if flask.request.args.get("estimates") == "1" else None
        if estimates is not None:
            for gene in genes:
                check_told(served, gene)
        slices = asked_slices(served, flask.request.args.get("slices", ""))
        plain = "-".join("".join(c for c in gene if c.isalnum()) for gene in genes)
        more = "" if estimates is None else "-with-factors-estimate"
        part = part_of(served, slices)
        name = f"{served.id}-{plain[:80]}{more}{part}-{served.atlas.digest[:8]}.csv"
        return binary(
            atlases.cache,
            ("expression.csv", more, str(slices), *genes),
            served.atlas.digest,
            lambda: as_file(expression_table(served.atlas, genes, estimates, slices), name),
            "text/csv",
        )

    return routes


def asked_genes(served: ServedAtlas, text: str) -> tuple[str, ...]:
    """The store's names of one to three genes with commas between them.

    Raises ApiError: 404 for an unknown gene, 400 for none or more than three.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not 1 <= len(names) <= MOST_BLENDED:
        raise ApiError(
            400,
            "These genes cannot be listed.",
            found=f"{len(names)} genes",
            expected=f"of=NAME, or up to {MOST_BLENDED} names with commas between them",
        )
    return tuple(dict.fromkeys(value_name(served, "gene", name) for name in names))


def expression_table(
    atlas: Atlas,
    genes: tuple[str, ...],
    estimates: Estimates | None = None,
    slices: tuple[int, ...] | None = None,
) -> str:
    """log1p of counts per 10,000 of every gene in every spot, or in those of the slices with these
    numbers, nothing where not measured; beside it what the factors estimate, where `estimates` are
    given."""
    columns = {}
    for gene in genes:
        columns[gene] = atlas.gene(gene).tolist()
        if estimates is not None:
            columns[f"{gene} (factors' estimate)"] = estimates.gene(gene).tolist()
    return spot_table(atlas, columns, slices)
