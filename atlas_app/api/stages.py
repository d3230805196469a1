"""HTTP interface of stages: courses, abundance, changes, relations; as JSON and as CSV."""

from __future__ import annotations

import re
from collections.abc import Callable

import flask

from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import as_file, as_json, binary
from atlas_app.stages import rows
from atlas_app.stages.abundance import measure_abundance
from atlas_app.stages.changes import Changes
from atlas_app.stages.courses import Course, trace_course
from atlas_app.stages.relations import known_relations, shown_edges
from atlas_app.stages.samples import SAMPLES
from atlas_app.stages.state import PARTS, WHAT

STAGES = "/api/v1/atlases/<atlas_id>/stages"
# What answers depend on beside the atlas; anything else in an address does not count.
COURSE = ABUNDANCE = ("of", "within")
CHANGES = ("a", "b", "within", "what", "by")
Body = tuple[bytes, dict[str, str]]


def stage_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes under /api/v1/atlases/{id}/stages."""
    routes = flask.Blueprint("stages", __name__)

    def answer(
        served: ServedAtlas,
        what: str,
        make: Callable[[], Body],
        mimetype: str,
        reads: tuple[str, ...] = (),
    ) -> flask.Response:
        """What follows from the atlas and the parameters that `make` reads."""
        asked = flask.request.args
        key = ("stages", what, *(f"{name}={asked.get(name, '')}" for name in reads))
        return binary(atlases.cache, key, served.atlas.digest, make, mimetype)

    @routes.get(f"{STAGES}/course")
    def course(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> Body:
            found = asked_course(served)
            return as_json(
                {
                    "digest": served.atlas.digest,
                    "what": found.label,
                    "unit": found.unit,
                    "within": found.within,
                    "genes": list(found.genes),
                    "notes": list(found.notes),
                    "slices": rows.course_rows(served.atlas, found),
                }
            )

        return answer(served, "course", make, "application/json", COURSE)

    @routes.get(f"{STAGES}/course.csv")
    def course_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> Body:
            found = asked_course(served)
            name = f"course-{found.label}" + (f"-in-{found.within}" if found.within else "")
            return csv_file(served, name, rows.course_rows(served.atlas, found))

        return answer(served, "course.csv", make, "text/csv", COURSE)

    @routes.get(f"{STAGES}/abundance.csv")
    def abundance_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> Body:
            parts = choice("of", PARTS)
            within = flask.request.args.get("within", "")
            found = measure_abundance(served.atlas, served.stages.groups, parts, within)
            name = f"{parts}s-by-stage" + (f"-in-{found.within}" if found.within else "")
            shared = {"within": found.within} if parts == "factor" else None
            return csv_file(served, name, rows.abundance_rows(served.atlas, found), shared)

        return answer(served, "abundance.csv", make, "text/csv", ABUNDANCE)

    @routes.get(f"{STAGES}/factors-by-domain.csv")
    def factors_by_domain(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> Body:
            table = rows.factor_domain_rows(served.atlas, served.stages.groups)
            return csv_file(served, "factors-by-stage-and-domain", table)

        return answer(served, "factors-by-domain.csv", make, "text/csv")

    @routes.get(f"{STAGES}/changes")
    def changes(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> Body:
            found = asked_changes(served)
            return as_json(
                {
                    "digest": served.atlas.digest,
                    **rows.change_columns(found),
                    "left_out": list(found.left_out),
                    "few_counts": found.untested[0],
                    "unmeasured": found.untested[1],
                    "rows": rows.change_rows(found, change_labels(served, found.what)),
                }
            )

        return answer(served, "changes", make, "application/json", CHANGES)

    @routes.get(f"{STAGES}/changes.csv")
    def changes_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)

        def make() -> Body:
            found = asked_changes(served)
            name = f"{found.what}-{found.a}-to-{found.b}"
            name += f"-in-{found.within}" if found.within else ""
            table = rows.change_rows(found, change_labels(served, found.what))
            return csv_file(served, name, table, rows.change_columns(found))

        return answer(served, "changes.csv", make, "text/csv", CHANGES)

    @routes.get(f"{STAGES}/relations.csv")
    def relations_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        return answer(served, "relations.csv", lambda: relations_body(served), "text/csv")

    return routes


def relations_body(served: ServedAtlas) -> Body:
    """Similar domains of consecutive stages; an ApiError (404) where the store has none."""
    graph = known_relations(served.atlas, served.stages.groups)
    edges = shown_edges(graph, -1.0)
    return csv_file(served, "similar-domains", rows.relation_rows(served.atlas, graph, edges))


def change_labels(served: ServedAtlas, what: str) -> list[str] | None:
    """Names of factors for people; None of genes, which are their own."""
    return served.factor_labels if what == "factors" else None


def asked_course(served: ServedAtlas) -> Course:
    """The course of the parameters `of` and `within`."""
    asked = flask.request.args
    return trace_course(
        served.atlas, served.stages.groups, asked.get("of", ""), asked.get("within", "")
    )


def asked_changes(served: ServedAtlas) -> Changes:
    """The comparison of the parameters a, b, within, what and by; the first and the last stage
    where none is named."""
    asked, stages = flask.request.args, served.atlas.stages
    return served.stages.changes(
        asked.get("a") or stages[0].name,
        asked.get("b") or stages[-1].name,
        asked.get("within", ""),
        choice("what", WHAT),
        choice("by", SAMPLES),
    )


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
) -> Body:
    """A table as a file to save, named after atlas, content and digest."""
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", what).strip("-")[:80]
    name = f"{served.id}-{clean}-{served.atlas.digest[:8]}.csv"
    return as_file(rows.to_csv(table, served.atlas.digest, shared), name)
