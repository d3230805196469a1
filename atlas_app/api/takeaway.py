"""HTTP interface of what is taken away from a mapped query: file, table, report."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

import flask

from atlas_app.http.responses import unshared
from atlas_app.jobs.queries import Queries
from atlas_app.results.comparison import comparison_csv, read_comparison
from atlas_app.results.csv import gene_csv, result_csv
from atlas_app.results.expression import read_gene
from atlas_app.results.imputation import read_trust, trust_csv
from atlas_app.results.mapped import ResultView
from atlas_app.results.reference import DOMAIN
from atlas_app.results.registration import registration_picture
from atlas_app.results.report import write_report
from atlas_app.results.sections import sections_csv
from atlas_app.results.stages import stages_csv
from atlas_app.words.csv_cells import ended


def takeaway_routes(queries: Queries) -> flask.Blueprint:
    """The routes under /api/v1/jobs/{job} that give files to keep."""
    routes = flask.Blueprint("takeaway", __name__)

    @routes.get("/api/v1/jobs/<job_id>/result.h5ad")
    def result(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        response = flask.send_file(
            view.path,
            mimetype="application/x-hdf5",
            as_attachment=True,
            download_name=file_name(view, "mapped", "h5ad"),
        )
        return named(response, view)

    @routes.get("/api/v1/jobs/<job_id>/result.csv")
    def table(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        return as_table(view, "mapped", result_csv(view))

    @routes.get("/api/v1/jobs/<job_id>/imputed.csv")
    def imputed(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        return as_table(view, "imputed", [trust_csv(read_trust(view))])

    @routes.get("/api/v1/jobs/<job_id>/expression.csv")
    def expression(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        gene = read_gene(view, flask.request.args.get("of", ""))
        return as_table(view, f"{gene.name}-imputed", gene_csv(view, gene))

    @routes.get("/api/v1/jobs/<job_id>/comparison/<kind>.csv")
    def compared(job_id: str, kind: str) -> flask.Response:
        view = queries.view(job_id)
        return as_table(view, kind, comparison_csv(read_comparison(view, kind)))

    @routes.get("/api/v1/jobs/<job_id>/domain_stages.csv")
    def domain_stages(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        return as_table(view, "stages", stages_csv(view))

    @routes.get("/api/v1/jobs/<job_id>/sections.csv")
    def sections(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        return as_table(view, "sections", sections_csv(view))

    @routes.get("/api/v1/jobs/<job_id>/registration/<section>/<picture>.svg")
    def registration(job_id: str, section: str, picture: str) -> flask.Response:
        view = queries.view(job_id)
        color = flask.request.args.get("color", DOMAIN)
        drawn = registration_picture(view, section, picture, color)
        # A picture that is a file of its own says what it is; within a page that is known.
        drawn = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        return named(flask.Response(drawn, mimetype="image/svg+xml"), view)

    @routes.get("/api/v1/jobs/<job_id>/report.html")
    def report(job_id: str) -> flask.Response:
        view = queries.view(job_id)
        status = queries.status(queries.look(job_id))
        served = queries.atlases.get(status["atlas"])
        title = str(served.description["title"])
        text = write_report(view, status, title, version("inspire-atlas"))
        response = flask.Response(text, mimetype="text/html")
        name = file_name(view, "mapped", "html")
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return named(response, view)

    return routes


def as_table(view: ResultView, what: str, lines: Iterable[str]) -> flask.Response:
    """A CSV to download, of which every line names the atlas and the software that mapped."""
    ends = {"atlas_digest": view.atlas.digest, "software": view.report.get("software")}
    response = flask.Response(ended(lines, ends), mimetype="text/csv")
    name = file_name(view, what, "csv")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return named(response, view)


def file_name(view: ResultView, what: str, ending: str) -> str:
    """A name for a download: the query's, what it is, and the beginning of the atlas's digest."""
    return f"{view.title}-{what}-{view.atlas.digest[:8]}.{ending}"


def named(response: flask.Response, view: ResultView) -> flask.Response:
    """Name the atlas by its digest, and keep the answer out of every cache."""
    response.headers["X-Atlas-Digest"] = view.atlas.digest
    return unshared(response)
