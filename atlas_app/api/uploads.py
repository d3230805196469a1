"""HTTP interface that takes queries: whole, in parts that can go on, or the demonstration."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import flask

from atlas_app.api.atlases import whole_number
from atlas_app.atlases.data import ServedAtlas
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import unshared
from atlas_app.http.whole_numbers import whole
from atlas_app.jobs.partial_uploads import (
    PartialUpload,
    begin_upload,
    find_upload,
    received_bytes,
    write_part,
)
from atlas_app.jobs.queries import Queries
from atlas_app.jobs.query_forms import HEAD, check_form
from atlas_app.jobs.record import Job
from atlas_app.jobs.submission import imputable, require_room, start_demonstration, start_job
from atlas_app.jobs.uploads import (
    asked_column,
    asked_genes,
    check_size,
    receive,
    shown_name,
    too_large,
)

OFFSET = "Upload-Offset"
LARGEST = 2**53
# What a client does well to send at once: little is sent again when a connection breaks, and the
# time between two parts does not count.
PART_BYTES = 8 * 2**20


def upload_routes(queries: Queries) -> flask.Blueprint:
    """The routes under /api/v1 that take queries."""
    routes = flask.Blueprint("uploads", __name__)
    jobs, settings = queries.jobs, queries.settings

    @routes.post("/api/v1/atlases/<atlas_id>/queries")
    def submit(atlas_id: str) -> tuple[flask.Response, int]:
        served, genes, client = asked(atlas_id)
        column = asked_column(flask.request.args)
        job_id = jobs.new_id()
        try:
            name = receive(flask.request, jobs.files(job_id).received, settings.upload_bytes)
            given = flask.request.args.get("name")
            shown = shown_name(given) if given else name
            job = start_job(queries, served, job_id, shown, genes, client, column)
        except BaseException:
            # An upload that breaks off must leave nothing behind.
            jobs.discard(job_id)
            raise
        return accepted(job), 202

    @routes.post("/api/v1/atlases/<atlas_id>/demo")
    def demonstrate(atlas_id: str) -> tuple[flask.Response, int]:
        served, genes, client = asked(atlas_id)
        return accepted(start_demonstration(queries, served, genes, client)), 202

    @routes.post("/api/v1/atlases/<atlas_id>/uploads")
    def begin(atlas_id: str) -> tuple[flask.Response, int]:
        served, genes, client = asked(atlas_id)
        size = whole_number("size", 0, 1, LARGEST)
        if size == 0:
            raise ApiError(400, "The size is not said.", found="no size", expected="size=BYTES")
        check_size(size, jobs.files_folder, settings.upload_bytes)
        name = shown_name(flask.request.args.get("name", ""))
        column = asked_column(flask.request.args)
        upload = PartialUpload(served.id, name, size, tuple(genes), client, column)
        upload_id = begin_upload(jobs, upload)
        response = unshared(flask.jsonify(standing(upload_id, upload)))
        response.headers["Location"] = address(upload_id)
        return response, 201

    @routes.get("/api/v1/uploads/<upload_id>")
    def stand(upload_id: str) -> flask.Response:
        return answer(upload_id, find(upload_id))

    @routes.patch("/api/v1/uploads/<upload_id>")
    def go_on(upload_id: str) -> flask.Response:
        upload = find(upload_id)
        come = received_bytes(jobs, upload_id, upload)
        told = flask.request.headers.get(OFFSET, "")
        offset = whole(told, come)
        if offset is None:
            raise ApiError(
                409,
                "The part does not begin where it should.",
                found=f"{OFFSET}: {told[:40]}" if told else f"no {OFFSET}",
                expected=f"{OFFSET}: {come}, the bytes that have come",
                headers={OFFSET: str(come)},
            )
        # All may have come to a queue that did not answer, and wait to be sent on its way.
        if come < upload.size or jobs.files(upload_id).received.exists():
            take(upload_id, upload, offset)
        return answer(upload_id, upload)

    @routes.delete("/api/v1/uploads/<upload_id>")
    def drop(upload_id: str) -> flask.Response:
        find(upload_id)
        if jobs.get(upload_id) is None:
            jobs.discard(upload_id)
        return unshared(flask.jsonify(upload=upload_id, state="deleted"))

    def asked(atlas_id: str) -> tuple[ServedAtlas, list[str], str]:
        """What every way of sending a query begins with."""
        served = queries.atlases.get(atlas_id)
        genes = imputable(served, asked_genes(flask.request.args))
        client = jobs.client_of(flask.request.remote_addr or "")
        jobs.sweep()
        require_room(queries, client)
        return served, genes, client

    def find(upload_id: str) -> PartialUpload:
        upload = find_upload(jobs, upload_id)
        if upload is None:
            raise ApiError(
                404,
                "No such upload.",
                found=upload_id[:80],
                expected="the id of an upload; one that nobody goes on with is deleted in an hour",
            )
        return upload

    def take(upload_id: str, upload: PartialUpload, offset: int) -> None:
        """Write one part, and start the job when it was the last."""
        files = jobs.files(upload_id)
        check_size(upload.size - offset, files.folder, settings.upload_bytes)
        try:
            write_part(files.received, offset, upload.size - offset, flask.request.stream.read)
        except ValueError:
            raise too_large(f"more than the {upload.size:,} bytes announced", upload.size) from None
        come = received_bytes(jobs, upload_id, upload)
        if come >= min(HEAD, upload.size):
            try:
                check_form(files.received)
            except FileNotFoundError:
                return
            except ApiError:
                jobs.discard(upload_id)
                raise
        if come == upload.size:
            served = queries.atlases.get(upload.atlas_id)
            genes = list(upload.impute)
            # Two requests may bring the last part; the one that comes late finds the file taken.
            with suppress(FileNotFoundError):
                column = upload.section_column
                start_job(queries, served, upload_id, upload.name, genes, upload.client, column)

    def answer(upload_id: str, upload: PartialUpload) -> flask.Response:
        job = jobs.get(upload_id)
        said = standing(upload_id, upload)
        if job is not None:
            said |= {"offset": upload.size, "job": queries.status(job)}
        response = unshared(flask.jsonify(said))
        response.headers[OFFSET] = str(said["offset"])
        return response

    def standing(upload_id: str, upload: PartialUpload) -> dict[str, Any]:
        return {
            "upload": upload_id,
            "name": upload.name,
            "offset": received_bytes(jobs, upload_id, upload),
            "size": upload.size,
            "part": PART_BYTES,
            "url": address(upload_id),
            "job": None,
        }

    def address(upload_id: str) -> str:
        return f"{settings.prefix}/api/v1/uploads/{upload_id}"

    def accepted(job: Job) -> flask.Response:
        response = unshared(flask.jsonify(queries.status(job)))
        response.headers["Location"] = queries.base(job.id)
        return response

    return routes
