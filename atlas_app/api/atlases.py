"""HTTP interface of the atlases: descriptions, genes, values, coordinates, gene lists."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import flask

from atlas_app.api.genesets import set_values
from atlas_app.atlases import estimates
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.drawing.stacks import stack_coordinates
from atlas_app.drawing.tissue_picture import tissue_picture
from atlas_app.http.errors import ApiError, closest
from atlas_app.http.known_names import known_factor, known_gene
from atlas_app.http.responses import as_file, as_json, binary, number
from atlas_app.http.routes import ROUTES
from atlas_app.http.whole_numbers import whole
from training.store import GeneHit
from training.store.derived.genelists import factors_csv, factors_gmt

KINDS = ("gene", "factor", "obs")
SET = "set"
COORDINATES = ("spatial", "umap")
MOST_GENES = 200


def atlas_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1 that read atlases, and /health."""
    routes = flask.Blueprint("atlases", __name__)

    @routes.get("/health")
    def health() -> tuple[flask.Response, int]:
        faults = atlases.faults()
        status = 503 if faults else 200
        return flask.jsonify(status="failing" if faults else "ok", faults=faults), status

    @routes.get("/api/v1/")
    def index() -> flask.Response:
        return flask.jsonify(routes=[route.as_dict() for route in ROUTES])

    @routes.get("/api/v1/atlases")
    def listing() -> flask.Response:
        keys = ("id", "title", "digest", "n_spots", "n_genes", "n_factors", "base")
        return flask.jsonify(
            atlases=[{key: served.description[key] for key in keys} for served in atlases]
        )

    @routes.get("/api/v1/atlases/<atlas_id>")
    def description(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        return binary(
            atlases.cache,
            ("description", atlas_id),
            served.atlas.digest,
            lambda: as_json(served.description),
            "application/json",
        )

    @routes.get("/api/v1/atlases/<atlas_id>/coordinates/<kind>")
    def coordinates(atlas_id: str, kind: str) -> flask.Response:
        served = atlases.get(atlas_id)
        if kind not in COORDINATES:
            raise ApiError(
                404,
                "No such coordinates.",
                found=kind,
                expected="spatial or umap",
                examples=COORDINATES,
            )

        def make() -> tuple[bytes, dict[str, str]]:
            return served.atlas.coordinates(kind).astype("<f4").tobytes(), {}

        return binary(atlases.cache, ("coordinates", kind), served.atlas.digest, make)

    @routes.get("/api/v1/atlases/<atlas_id>/tissue/<number>.jpg")
    def tissue(atlas_id: str, number: str) -> flask.Response:
        served = atlases.get(atlas_id)
        return binary(
            atlases.cache,
            ("tissue", number),
            served.atlas.digest,
            lambda: (tissue_picture(served.atlas, number), {}),
            "image/jpeg",
        )

    @routes.get("/api/v1/atlases/<atlas_id>/coordinates/stack")
    def stack(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> tuple[bytes, dict[str, str]]:
            stacks = served.description["stacks"]
            return stack_coordinates(served.atlas, stacks).astype("<f4").tobytes(), {}

        return binary(atlases.cache, ("coordinates", "stack"), served.atlas.digest, make)

    @routes.get("/api/v1/atlases/<atlas_id>/genes")
    def genes(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        prefix = flask.request.args.get("prefix", "")
        limit = whole_number("limit", 20, 1, MOST_GENES)

        def make() -> tuple[bytes, dict[str, str]]:
            hits = served.atlas.find_genes(prefix, limit=limit)
            return as_json({"prefix": prefix, "genes": [hit_facts(served, hit) for hit in hits]})

        key = ("genes", prefix, str(limit))
        return binary(atlases.cache, key, served.atlas.digest, make, "application/json")

    @routes.get("/api/v1/atlases/<atlas_id>/genes/<path:name>")
    def gene_card(atlas_id: str, name: str) -> flask.Response:
        served = atlases.get(atlas_id)
        gene = value_name(served, "gene", name)
        return binary(
            atlases.cache,
            ("gene", gene),
            served.atlas.digest,
            lambda: as_json(served.cards.card(gene)),
            "application/json",
        )

    @routes.get("/api/v1/atlases/<atlas_id>/values/<kind>/<path:name>")
    def values(atlas_id: str, kind: str, name: str) -> flask.Response:
        served = atlases.get(atlas_id)
        if kind == SET:
            return set_values(atlases.cache, served, name)
        of_factors = kind in estimates.KINDS
        name = value_name(served, "gene" if of_factors else kind, name)

        def make() -> tuple[bytes, dict[str, str]]:
            headers = {}
            if of_factors:
                found = estimates.estimated(served, kind, name)
                headers = estimates.estimate_headers(served, kind, name)
            else:
                found = served.atlas.values(kind, name)
            return found.data.tobytes(), headers | {
                "X-Atlas-Lo": number(found.lo),
                "X-Atlas-Hi": number(found.hi),
                "X-Atlas-Kind": found.kind,
            }

        return binary(atlases.cache, ("values", kind, name), served.atlas.digest, make)

    @routes.get("/api/v1/atlases/<atlas_id>/factors.csv")
    def csv_list(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        factor = asked_factor(served)
        return binary(
            atlases.cache,
            ("factors.csv", str(factor)),
            served.atlas.digest,
            lambda: as_file(factors_csv(served.atlas, k=factor), list_name(served, factor, "csv")),
            "text/csv",
        )

    @routes.get("/api/v1/atlases/<atlas_id>/factors.gmt")
    def gmt_list(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        factor = asked_factor(served)
        top = whole_number("n", 50, 1, served.atlas.n_genes)
        name = list_name(served, factor, "gmt")
        return binary(
            atlases.cache,
            ("factors.gmt", str(factor), str(top)),
            served.atlas.digest,
            lambda: as_file(factors_gmt(served.atlas, n=top, k=factor), name),
            "text/plain",
        )

    @routes.route("/api/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def nothing(rest: str) -> flask.Response:
        prefix = flask.request.path.removesuffix(f"/api/{rest}")
        raise ApiError(
            404,
            "No such address.",
            found=flask.request.path,
            expected="one of the routes listed under api/v1/",
            examples=[prefix + route.path for route in ROUTES],
        )

    return routes


def hit_facts(served: ServedAtlas, hit: GeneHit) -> dict[str, Any]:
    """A gene that was searched for; whether the factors tell it, and what is estimated of it."""
    return asdict(hit) | {
        "told": served.estimates.has(hit.name),
        "estimated": estimates.estimated_in(served, hit.name),
    }


def value_name(served: ServedAtlas, kind: str, name: str) -> str:
    """The store's own name of a value; an ApiError (404) that names what is close otherwise."""
    atlas = served.atlas
    if kind == "gene":
        return name if name in served.places else known_gene(atlas, name)
    if kind == "factor":
        return str(known_factor(name, atlas.n_factors))
    if kind == "obs":
        if name not in atlas.obs_columns:
            raise ApiError(
                404,
                "No such annotation.",
                found=name,
                expected="a column of this atlas",
                examples=closest(name, atlas.obs_columns),
            )
        return name
    raise ApiError(
        404,
        "No such kind of value.",
        found=kind,
        expected="gene, factor, obs or, of an atlas, set, estimate or difference",
        examples=KINDS,
    )


def whole_number(name: str, default: int, least: int, most: int) -> int:
    """A query parameter as a whole number; an ApiError (400) when it is none or out of range."""
    text = flask.request.args.get(name)
    if text is None or text == "":
        return default
    number = whole(text, most)
    if number is not None and number >= least:
        return number
    raise ApiError(
        400,
        f"The parameter {name} cannot be used.",
        found=text,
        expected=f"a whole number from {least} to {most}",
        examples=[str(default)],
    )


def asked_factor(served: ServedAtlas) -> int | None:
    """The query parameter `factor`, None for all factors; an ApiError when there is no such."""
    text = flask.request.args.get("factor")
    return None if text is None else int(value_name(served, "factor", text))


def list_name(served: ServedAtlas, factor: int | None, ending: str) -> str:
    """The name of a file of gene lists, after atlas, factor and digest."""
    what = "factors" if factor is None else f"factor-{factor}"
    return f"{served.id}-{what}-{served.atlas.digest[:8]}.{ending}"
