"""Queries in parts, limits per client, results known already, and the demonstration."""

from __future__ import annotations

import os
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from atlas_app.app import create_app
from atlas_app.jobs.partial_uploads import write_part
from atlas_app.jobs.queue import JobQueue
from atlas_app.jobs.record import ID_PATTERN

QUERIES = "/api/v1/atlases/test/queries"
UPLOADS = "/api/v1/atlases/test/uploads"
PATIENCE = 90.0


def ended(client: Any, address: str) -> dict[str, Any]:
    stop = time.monotonic() + PATIENCE
    while (status := client.get(address).get_json())["state"] in ("queued", "running"):
        assert time.monotonic() < stop, status
        time.sleep(0.1)
    return dict(status)


def begin(client: Any, size: int, name: str = "query.h5ad", **more: str) -> Any:
    return client.post(UPLOADS, query_string={"size": size, "name": name, **more})


def send(client: Any, url: str, offset: int, body: bytes) -> Any:
    return client.patch(url, data=body, headers={"Upload-Offset": str(offset)})


def test_a_query_sent_in_parts_is_mapped(client_for: Callable[..., Any], query: Path) -> None:
    client = client_for("ok")
    body = query.read_bytes()
    answer = begin(client, len(body), "my section.h5ad", impute="alb")
    assert answer.status_code == 201
    upload = answer.get_json()
    assert ID_PATTERN.fullmatch(upload["upload"])
    assert (upload["offset"], upload["size"], upload["job"]) == (0, len(body), None)
    url = answer.headers["Location"]
    third = len(body) // 3
    for at in (0, third):
        answer = send(client, url, at, body[at : at + third])
        assert answer.headers["Upload-Offset"] == str(at + third)
        assert answer.get_json()["job"] is None
    # Parts must begin where the bytes end, or before.
    wrong = send(client, url, 2 * third + 1, b"x")
    assert wrong.status_code == 409
    assert wrong.headers["Upload-Offset"] == str(2 * third)
    assert send(client, url, -1, b"x").status_code == 409
    answer = send(client, url, 2 * third, body[2 * third :])
    job = answer.get_json()["job"]
    assert job["job"] == upload["upload"]
    assert job["impute"] == ["ALB"]
    assert job["name"] == "my section.h5ad"
    assert ended(client, job["status_url"])["state"] == "done"
    # The last answer may have been lost: asking again tells the same.
    assert client.get(url).get_json()["job"]["state"] == "done"
    assert send(client, url, 2 * third, body[2 * third :]).get_json()["job"]["state"] == "done"


def test_an_interrupted_upload_goes_on_where_it_was(
    settings_for: Callable[..., Any], query: Path
) -> None:
    """A real connection that breaks in the middle of a part, and a server that starts anew."""
    import socket

    settings = settings_for("ok")
    body = query.read_bytes()
    half = len(body) // 2
    server = make_server("127.0.0.1", 0, create_app(settings).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = create_app(settings).server.test_client()
    url = begin(client, len(body)).headers["Location"]
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        head = f"PATCH {url} HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\nContent-Length: {len(body)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + body[:half])
    stop = time.monotonic() + PATIENCE
    while (come := client.get(url).get_json()["offset"]) == 0:
        assert time.monotonic() < stop
        time.sleep(0.1)
    server.shutdown()
    thread.join()
    assert 0 < come <= half
    other = create_app(settings).server.test_client()
    assert other.get(url).get_json()["offset"] == come
    answer = send(other, url, come, body[come:])
    assert ended(other, answer.get_json()["job"]["status_url"])["state"] == "done"


def test_a_part_keeps_what_came_before_it_broke(tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(b"abc")
    pieces = iter([b"def", b"ghi"])

    def read(_: int) -> bytes:
        try:
            return next(pieces)
        except StopIteration:
            raise ConnectionError from None

    with pytest.raises(ConnectionError):
        write_part(path, 3, 100, read)
    assert path.read_bytes() == b"abcdefghi"
    # The same part again, while the first might still be writing.
    rest = iter([b"defghi", b"jk", b""])
    assert write_part(path, 3, 100, lambda _: next(rest)) == 8
    assert path.read_bytes() == b"abcdefghijk"
    with pytest.raises(ValueError, match="announced"):
        write_part(path, 3, 5, lambda _: b"toolong")


def test_uploads_are_bounded_and_checked(client_for: Callable[..., Any], tmp_path: Path) -> None:
    client = client_for("ok", upload_bytes=1000)
    assert begin(client, 1001).status_code == 413
    assert begin(client, 0).status_code == 400
    assert client.post(UPLOADS).status_code == 400
    assert begin(client, 10, impute="MYH9").status_code == 400
    url = begin(client, 100).headers["Location"]
    assert send(client, url, 0, bytes(101)).status_code == 413
    url = begin(client, 100).headers["Location"]
    answer = send(client, url, 0, b"\x80\x04\x95 a pickle, or anything else")
    assert answer.status_code == 415
    assert client.get(url).status_code == 404
    url = begin(client, 100).headers["Location"]
    assert client.delete(url).get_json()["state"] == "deleted"
    for gone in (url, "/api/v1/uploads/..", f"/api/v1/uploads/{'x' * 32}"):
        assert client.get(gone).status_code == 404


def test_an_upload_that_nobody_goes_on_with_is_swept(
    client_for: Callable[..., Any], tmp_path: Path
) -> None:
    client = client_for("ok")
    upload = begin(client, 100).get_json()["upload"]
    queue = JobQueue(tmp_path / "jobs")
    assert queue.sweep() == 0
    long_ago = time.time() - 7200
    os.utime(queue.files(upload).folder, (long_ago, long_ago))
    assert queue.sweep() == 1
    assert client.get(f"/api/v1/uploads/{upload}").status_code == 404


def test_one_client_has_its_share_and_others_theirs(
    client_for: Callable[..., Any], query: Path
) -> None:
    client = client_for("slow", jobs_per_client=2)
    body = query.read_bytes()
    first = client.post(QUERIES, data=body).get_json()
    upload = begin(client, 100)
    for answer in (client.post(QUERIES, data=body), begin(client, 100)):
        assert answer.status_code == 429
        assert "from your address" in answer.get_json()["error"]
        assert int(answer.headers["Retry-After"]) > 0
    other = client.post(QUERIES, data=body, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 202
    client.delete(upload.headers["Location"])
    second = client.post(QUERIES, data=body)
    assert second.status_code == 202
    client.delete(first["status_url"])
    assert begin(client, 100).status_code == 201
    for status in (other, second):
        client.delete(status.get_json()["status_url"])


def test_the_address_of_a_client_is_not_kept(
    client_for: Callable[..., Any], query: Path, tmp_path: Path
) -> None:
    client = client_for("slow")
    job = client.post(
        QUERIES, data=query.read_bytes(), environ_base={"REMOTE_ADDR": "192.0.2.7"}
    ).get_json()
    queue = JobQueue(tmp_path / "jobs")
    record = queue.get(job["job"])
    assert record is not None
    assert "192.0.2.7" not in record.to_json()
    assert record.client == queue.client_of("192.0.2.7") != queue.client_of("192.0.2.8")
    client.delete(job["status_url"])


def test_an_identical_query_is_answered_at_once_and_on_its_own(
    client_for: Callable[..., Any], settings_for: Callable[..., Any], query: Path, tmp_path: Path
) -> None:
    client = client_for("ok")
    body = query.read_bytes()
    address = f"{QUERIES}?impute=ALB,MYH7&name=one.h5ad"
    first = ended(client, client.post(address, data=body).get_json()["status_url"])
    assert first["state"] == "done", first["error"]
    # Another name, another order of genes, another server process.
    client = create_app(settings_for("ok")).server.test_client()
    again = client.post(f"{QUERIES}?impute=MYH7,ALB&name=two.h5ad", data=body).get_json()
    assert again["state"] == "done"
    assert again["job"] != first["job"]
    assert again["name"] == "two.h5ad"
    assert "mapped before" in again["note"]
    assert again["steps"] == first["steps"]
    # Its result is its own: deleting one leaves the other.
    assert client.delete(first["status_url"]).status_code == 200
    assert client.get(again["result_url"]).data[:4] == b"\x89HDF"
    assert not (tmp_path / "jobs" / "files" / again["job"] / "query.h5ad").exists()
    # What differs in any part is mapped.
    other = client.post(f"{QUERIES}?impute=ALB", data=body).get_json()
    assert other["state"] == "queued"
    assert ended(client, other["status_url"])["state"] == "done"
    changed = client.post(address, data=body + b"\0").get_json()
    assert changed["state"] == "queued"
    client.delete(changed["status_url"])


def test_a_result_survives_a_restart(
    client_for: Callable[..., Any], settings_for: Callable[..., Any], query: Path
) -> None:
    client = client_for("ok")
    job = client.post(QUERIES, data=query.read_bytes()).get_json()
    before = ended(client, job["status_url"])
    after = create_app(settings_for("ok")).server.test_client()
    assert after.get(job["status_url"]).get_json() == before
    assert after.get(before["view_url"]).get_json()["n_spots"] == 120


def test_a_zip_is_taken_and_keeps_its_form(client_for: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("counts.csv", "a,b\n")
    client = client_for("slow")
    job = client.post(f"{QUERIES}?name=run.zip", data=path.read_bytes()).get_json()
    stop = time.monotonic() + PATIENCE
    while client.get(job["status_url"]).get_json()["state"] == "queued":
        assert time.monotonic() < stop
        time.sleep(0.1)
    folder = tmp_path / "jobs" / "files" / job["job"]
    assert (folder / "query.zip").exists()
    record = JobQueue(tmp_path / "jobs").get(job["job"])
    assert record is not None
    assert str(folder / "query.zip") in record.command
    client.delete(job["status_url"])
    assert not (folder / "query.zip").exists()


def test_the_demonstration_is_a_job_that_says_what_it_is(
    client_for: Callable[..., Any], tmp_path: Path
) -> None:
    client = client_for("slow")
    answer = client.post("/api/v1/atlases/test/demo?impute=ALB")
    assert answer.status_code == 202
    job = answer.get_json()
    assert job["demo"] is True
    assert job["name"] == "E10_1 of this atlas, thinned"
    assert job["command"] == ("atlas project test.atlas.zarr --demo --out result.h5ad --impute ALB")
    record = JobQueue(tmp_path / "jobs").get(job["job"])
    assert record is not None
    assert "--demo" in record.command
    assert not any(word.endswith("query.h5ad") for word in record.command)
    client.delete(job["status_url"])
