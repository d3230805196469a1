"""HTTP interface of stages: courses, abundance, changes, relations; as JSON and as CSV."""

from __future__ import annotations

import re

import flask

from atlas_app.data import Atlases, ServedAtlas
from atlas_app.http_errors import ApiError
from atlas_app.stages import rows
from atlas_app.stages.abundance import measure_abundance
from atlas_app.stages.changes import Changes
from atlas_app.stages.courses import Course, trace_course
from atlas_app.stages.relations import relate_domains, shown_edges
from atlas_app.stages.state import PARTS, WHAT

STAGES = "/api/v1/atlases/<atlas_id>/stages"


def stage_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1/atlases/{id}/stages."""
    routes = flask.Blueprint("stages", __name__)

    @routes.get(f"{STAGES}/course")
    def course(atlas_id: str) -> flask.Response:
        served, found = asked_course(atlases.get(atlas_id))
        return flask.jsonify(
            digest=served.atlas.digest,
            what=found.label,
            unit=found.unit,
            within=found.within,
            genes=list(found.genes),
            notes=list(found.notes),
            slices=rows.course_rows(served.atlas, found),
        )

    @routes.get(f"{STAGES}/course.csv")
    def course_csv(atlas_id: str) -> flask.Response:
        served, found = asked_course(atlases.get(atlas_id))
        name = f"course-{found.label}" + (f"-in-{found.within}" if found.within else "")
        return csv_file(served, name, rows.course_rows(served.atlas, found))

    @routes.get(f"{STAGES}/abundance.csv")
    def abundance_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        parts = choice("of", PARTS)
        found = measure_abundance(served.atlas, served.stages.groups, parts)
        return csv_file(served, f"{parts}s-by-stage", rows.abundance_rows(served.atlas, found))

    @routes.get(f"{STAGES}/changes")
    def changes(atlas_id: str) -> flask.Response:
        served, found = asked_changes(atlases.get(atlas_id))
        return flask.jsonify(
            digest=served.atlas.digest,
            **rows.change_columns(found),
            left_out=list(found.left_out),
            few_counts=found.untested[0],
            unmeasured=found.untested[1],
            rows=rows.change_rows(found, change_labels(served, found.what)),
        )

    @routes.get(f"{STAGES}/changes.csv")
    def changes_csv(atlas_id: str) -> flask.Response:
        served, found = asked_changes(atlases.get(atlas_id))
        name = f"{found.what}-{found.a}-to-{found.b}"
        name += f"-in-{found.within}" if found.within else ""
        table = rows.change_rows(found, change_labels(served, found.what))
        return csv_file(served, name, table, rows.change_columns(found))

    @routes.get(f"{STAGES}/relations.csv")
    def relations_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        graph = relate_domains(served.atlas, served.stages.groups)
        if graph is None:
            raise ApiError(
                404,
                "This atlas holds no similarities of domains.",
                found="one stage, or a store of an older version",
                expected="an atlas of several stages, fitted with the present version",
            )
        edges = shown_edges(graph, -1.0)
        return csv_file(served, "similar-domains", rows.relation_rows(served.atlas, graph, edges))

    return routes


def change_labels(served: ServedAtlas, what: str) -> list[str] | None:
    """Names of factors for people; None of genes, which are their own."""
    return served.factor_labels if what == "factors" else None


def asked_course(served: ServedAtlas) -> tuple[ServedAtlas, Course]:
    """The course of the parameters `of` and `within`."""
    asked = flask.request.args
    found = trace_course(
        served.atlas, served.stages.groups, asked.get("of", ""), asked.get("within", "")
    )
    return served, found


def asked_changes(served: ServedAtlas) -> tuple[ServedAtlas, Changes]:
    """The comparison of the parameters a, b, within and what; the first and the last stage where
    none is named."""
    asked, stages = flask.request.args, served.atlas.stages
    found = served.stages.changes(
        asked.get("a") or stages[0].name,
        asked.get("b") or stages[-1].name,
        asked.get("within", ""),
        choice("what", WHAT),
    )
    return served, found


def choice(name: str, known: dict[str, str]) -> str:
    """A query parameter that is one of `known`, the first where it is not given."""
    text = flask.request.args.get(name) or next(iter(known))
    if text not in known:
        raise ApiError(
            400,
            f"The parameter {name} cannot be used.",
            found=text,
            expected=" or ".join(known),
            examples=list(known),
        )
    return text


def csv_file(
    served: ServedAtlas, what: str, table: list[rows.Row], shared: rows.Row | None = None
) -> flask.Response:
    """A table as a file to save, named after atlas, content and digest."""
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", what).strip("-")[:80]
    name = f"{served.id}-{clean}-{served.atlas.digest[:8]}.csv"
    text = rows.to_csv(table, served.atlas.digest, shared)
    response = flask.Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Atlas-Digest"] = served.atlas.digest
    return response
