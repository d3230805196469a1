"""HTTP interface of factors beside each other, and of gene sets that a reader brings."""

from __future__ import annotations

import flask

from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.factors.enrichment import GONE, MOST_BYTES, read_sets
from atlas_app.factors.loadings import can_write_parquet, loadings_parquet
from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_factor
from atlas_app.http.responses import as_file, binary
from atlas_app.stages.rows import Row, to_csv

ATLAS = "/api/v1/atlases/<atlas_id>"


def factor_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1/atlases/{id}/factors and …/enrichments."""
    routes = flask.Blueprint("factors", __name__)

    def table(served: ServedAtlas, what: str, rows: list[Row], shared: Row) -> flask.Response:
        key = (what, *(str(value) for value in shared.values()))
        name = "-".join([served.id, what, *map(str, shared.values()), served.atlas.digest[:8]])
        return binary(
            atlases.cache,
            ("factors", *key),
            served.atlas.digest,
            lambda: as_file(to_csv(rows, served.atlas.digest, shared), f"{name}.csv"),
            "text/csv",
        )

    @routes.get(f"{ATLAS}/loadings.parquet")
    def loadings(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        if not can_write_parquet():
            raise ApiError(
                501,
                "This server cannot write Parquet.",
                found="an installation without the optional part 'parquet'",
                expected="one with it; factors.csv and not-fitted.csv hold the same numbers",
                examples=["pip install 'inspire-atlas[parquet]'"],
            )
        name = f"{served.id}-loadings-{served.atlas.digest[:8]}.parquet"
        return binary(
            atlases.cache,
            ("loadings.parquet",),
            served.atlas.digest,
            lambda: (
                loadings_parquet(served.atlas),
                {"Content-Disposition": f'attachment; filename="{name}"'},
            ),
            "application/vnd.apache.parquet",
        )

    @routes.get(f"{ATLAS}/factors/similar.csv")
    def similar(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        factor = asked(served, "factor")
        return table(served, "similar-factors", served.facts.similar(factor), {"of": factor})

    @routes.get(f"{ATLAS}/factors/not-fitted.csv")
    def not_fitted(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        factor = asked(served, "factor")
        return table(served, "not-fitted", served.facts.not_fitted(factor), {"factor": factor})

    @routes.get(f"{ATLAS}/factors/domains.csv")
    def domains(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        factor = asked(served, "factor")
        return table(served, "domains", served.facts.by_domain(factor), {"factor": factor})

    @routes.get(f"{ATLAS}/factors/compare.csv")
    def compare(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        a, b = asked(served, "a"), asked(served, "b")
        return table(served, "compared", served.facts.compare(a, b), {"a": a, "b": b})

    @routes.post(f"{ATLAS}/enrichments")
    def keep(atlas_id: str) -> tuple[flask.Response, int]:
        served = atlases.get(atlas_id)
        client = flask.request.remote_addr or ""
        atlases.texts.admit(client)
        body = flask.request.stream.read(MOST_BYTES + 1)
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ApiError(
                400,
                "This is no text.",
                found=f"a byte at position {error.start:,} that is not UTF-8",
                expected="a GMT file, unpacked, saved as UTF-8",
            ) from error
        sets = read_sets(text)
        atlases.texts.weigh(client, text)
        key = atlases.texts.put(text)
        _, found = served.enrichments.test(key, text)
        answer = flask.jsonify(
            id=key,
            sets=len(sets),
            tested=len(found.tested),
            universe=found.universe,
            url=f"{served.base}/enrichments/{key}.csv",
        )
        return answer, 201

    @routes.get(f"{ATLAS}/enrichments/<sets>.csv")
    def enrichment(atlas_id: str, sets: str) -> flask.Response:
        served = atlases.get(atlas_id)
        factor = asked(served, "factor")
        text = atlases.gene_sets(served, sets)
        if text is None:
            raise ApiError(404, GONE, found=sets[:40], expected="the id of sets that were sent")
        rows = served.enrichments.rows(sets, text, factor)
        return table(served, f"sets-{sets[:8]}", rows, {"factor": factor})

    return routes


def asked(served: ServedAtlas, name: str) -> int:
    """A query parameter that is the number of a factor; an ApiError (404) otherwise."""
    text, n_factors = flask.request.args.get(name, ""), served.atlas.n_factors
    return known_factor(text, n_factors, f"The parameter {name} names no factor.")
