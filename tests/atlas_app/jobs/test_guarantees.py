"""What a queue of mapping jobs promises, held by every backend: one class, run on each of them."""

from __future__ import annotations

import json
import os
import runpy
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_app.jobs.record import ID_PATTERN

pytestmark = pytest.mark.slow

PLACE = runpy.run_path(str(Path(__file__).parents[1] / "workplace.py"))
alive, at_work, child_of, ended = (PLACE[n] for n in ("alive", "at_work", "child_of", "ended"))
parent, until, wait_for = (PLACE[name] for name in ("parent", "until", "wait_for"))


@pytest.fixture(scope="class", params=["this machine", "redis"])
def shared_place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    store: Path,
    query: Path,
) -> Iterator[Any]:
    """A workplace on each backend, for all tests of the class."""
    redis = ""
    if request.param == "redis":
        redis = request.getfixturevalue("redis_server").address()
    place = PLACE["Workplace"](tmp_path_factory.mktemp("place"), store, query, redis)
    yield place
    place.stop_workers()


@pytest.fixture
def place(shared_place: Any) -> Iterator[Any]:
    """The workplace with one worker; whatever a test leaves under way is stopped after it."""
    shared_place.only_worker()
    yield shared_place
    queue = shared_place.queue()
    for job in queue.backend.open():
        queue.cancel(job.id)


class TestGuarantees:
    """Settings of limits are the server's, so that each test takes a server of its own."""

    def test_a_query_is_mapped_and_the_same_one_answered_at_once(self, place: Any) -> None:
        client, body = place.server(), place.query_of("copy")
        kind = "application/octet-stream"
        sent = client.post(PLACE["QUERIES"], data=body, content_type=kind)
        assert sent.status_code == 202
        first = sent.get_json()
        # 24 random bytes: nobody guesses the link.
        assert ID_PATTERN.fullmatch(first["job"])
        assert first["state"] == "queued"
        status = until(client, first["status_url"], ended)
        assert status["state"] == "done", status["error"]
        assert status["fraction"] == 1.0
        assert [step["phase"] for step in status["steps"]] == ["check", "write"]
        assert client.get(status["result_url"]).data[:4] == b"\x89HDF"
        files = place.files_of(status)
        assert not (files / "query.h5ad").exists()
        assert sorted(path.name for path in files.glob("*.h5ad")) == ["result.h5ad"]
        assert files.stat().st_mode & 0o077 == 0
        again = place.new_server().post(PLACE["QUERIES"], data=body, content_type=kind).get_json()
        assert again["state"] == "done"
        assert again["job"] != first["job"]
        assert "mapped before" in again["note"]
        # Each has a file of its own.
        client.delete(first["status_url"])
        assert client.get(first["status_url"]).status_code == 404
        assert client.get(again["result_url"]).data[:4] == b"\x89HDF"
        client.delete(again["status_url"])
        assert not place.files_of(again).exists()

    def test_cancel_frees_the_cores_within_two_seconds(self, place: Any) -> None:
        client = place.server()
        base = place.start(client, "slow")
        status = until(client, base, at_work)
        assert (status["phase"], status["fraction"]) == ("project", 0.5)
        child = child_of(status)
        worker = parent(child)
        assert alive(child)
        assert place.new_server().delete(base).get_json()["state"] == "cancelled"
        assert wait_for(lambda: not (alive(child) or alive(worker))) < 2.0
        assert client.get(base).get_json()["state"] == "cancelled"
        assert not (place.files_of(status) / "query.h5ad").exists()

    def test_jobs_wait_in_order_within_a_bound_and_a_clients_share(self, place: Any) -> None:
        client = place.server(jobs_queued=2, jobs_per_client=3)
        running = place.start(client, "slow")
        until(client, running, lambda s: s["state"] == "running")
        second, third = (place.send(client, "slow").get_json() for _ in range(2))
        assert (second["state"], second["position"]) == ("queued", 1)
        assert third["position"] == 2
        other = {"environ_overrides": {"REMOTE_ADDR": "10.1.2.3"}}
        full = place.send(client, "copy", **other)
        assert full.status_code == 429
        assert int(full.headers["Retry-After"]) > 0
        assert "2 queries" in full.get_json()["found"]
        roomy = place.server(jobs_queued=20, jobs_per_client=3)
        busy = place.send(roomy, "copy")
        assert busy.status_code == 429
        assert "your address" in busy.get_json()["error"]
        allowed = place.send(roomy, "copy", **other)
        assert allowed.status_code == 202
        # A job that is cancelled while it waits never runs; the next one moves up.
        client.delete(second["status_url"])
        assert client.get(third["status_url"]).get_json()["position"] == 1
        client.delete(running)
        until(client, third["status_url"], lambda s: s["state"] == "running")
        assert client.get(second["status_url"]).get_json()["started"] is None
        client.delete(third["status_url"])
        assert until(client, allowed.get_json()["status_url"], ended)["state"] == "done"

    def test_of_many_who_come_at_once_as_many_as_allowed_are_let_in(self, place: Any) -> None:
        blocker = place.start(place.server(), "slow")
        until(place.server(), blocker, lambda s: s["state"] == "running")
        servers = [place.new_server(jobs_queued=2) for _ in range(2)]
        codes: list[int] = []

        def come(client: Any) -> None:
            codes.append(place.send(client, "slow").status_code)

        threads = [threading.Thread(target=come, args=(servers[i % 2],)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == [202] * 2 + [429] * 4
        assert place.queue().waiting() == 2

    def test_a_killed_projection_is_told_within_five_seconds_and_tried_once_more(
        self, place: Any
    ) -> None:
        client = place.server()
        base = place.start(client, "slow")
        child = child_of(until(client, base, at_work))
        os.kill(parent(child), signal.SIGKILL)
        status = until(client, base, lambda s: s["note"] != "", patience=5)
        assert status["note"] == "The projection was killed (SIGKILL). It is tried once more."
        second = child_of(until(client, base, lambda s: at_work(s) and child_of(s) != child))
        os.kill(parent(second), signal.SIGKILL)
        status = until(client, base, ended, patience=5)
        assert status["state"] == "failed"
        assert "killed (SIGKILL). It was tried twice" in status["error"]
        assert wait_for(lambda: not (alive(child) or alive(second))) < 5

    def test_one_killed_once_comes_to_its_result(self, place: Any) -> None:
        client = place.server()
        status = until(client, place.start(client, "once-copy"), ended)
        assert status["state"] == "done", status["error"]
        assert "tried once more" in status["note"]

    def test_a_killed_worker_is_told_within_five_seconds_and_its_job_tried_once_more(
        self, place: Any
    ) -> None:
        client = place.server()
        base = place.start(client, "slow")
        children = []
        for attempt in (1, 2):
            status = until(client, base, lambda s: at_work(s) and child_of(s) not in children)
            children.append(child_of(status))
            projection = parent(children[-1])
            os.kill(parent(projection), signal.SIGKILL)
            if attempt == 1:
                status = until(client, base, lambda s: s["note"] != "", patience=5)
                assert "The worker that was mapping this query stopped." in status["note"]
            else:
                status = until(client, base, ended, patience=5)
                assert status["state"] == "failed"
                assert "submit it again later" in status["error"]
            # The projection dies with its worker; what it started itself is the test's to end.
            assert wait_for(lambda: not alive(projection)) < 5  # noqa: B023
            os.kill(children[-1], signal.SIGKILL)
            place.only_worker()

    def test_records_survive_servers_and_workers(self, place: Any) -> None:
        client = place.server()
        done = until(client, place.start(client, "copy"), ended)
        running = place.start(client, "slow")
        child = child_of(until(client, running, at_work))
        waiting = place.start(client, "copy")
        os.kill(parent(parent(child)), signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        anew = place.new_server()
        assert anew.get(done["status_url"]).get_json()["state"] == "done"
        assert anew.get(done["result_url"]).data[:4] == b"\x89HDF"
        place.only_worker()
        until(anew, running, lambda s: at_work(s) and child_of(s) != child)
        anew.delete(running)
        assert until(anew, waiting, ended)["state"] == "done"

    def test_a_worker_is_held_to_limits_by_the_kernel_and_told_no_secrets(
        self, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ATLAS_PASSWORD_HASH", "secret")
        client = place.server(job_bytes=2**30, job_minutes=1)
        found = json.loads(until(client, place.start(client, "limits"), ended)["error"])
        assert found["DATA"] == 2 * 2**30
        assert found["CPU"] == 60 * (os.cpu_count() or 1) + 10
        assert found["NOFILE"] <= 1024
        assert 0 < found["FSIZE"] <= 64 * 2**30
        assert found["CORE"] == 0
        assert found["secret"] == 0
        assert found["temporary"] == 1
        hungry = place.server(job_bytes=2**29)
        status = until(hungry, place.start(hungry, "hungry"), ended)
        assert "more than the 0.5 GiB of memory" in status["error"]
        hasty = place.server(job_minutes=1 / 60)
        assert "longer than" in until(hasty, place.start(hasty, "slow"), ended)["error"]

    def test_results_expire_with_their_files(self, place: Any) -> None:
        client = place.server(result_hours=1 / 3600)
        base = place.start(client, "refuse")
        status = until(client, base, lambda s: "error" in s and s.get("state") != "queued")
        wait_for(lambda: client.get(base).status_code == 404)
        assert "hours after they end" in client.get(base).get_json()["expected"]
        if "job" in status:
            assert not place.files_of(status).exists()
        base = place.start(client, "copy")
        folder = place.folder / "jobs" / "files" / base.rpartition("/")[2]
        wait_for(lambda: place.queue().sweep() > 0)
        assert not folder.exists()

    def test_ids_that_are_none_lead_nowhere(self, place: Any) -> None:
        client, queue = place.server(), place.queue()
        for name in (
            "..",
            "x" * 32,
            "%2e%2e%2fetc",
            "a" * 31 + ".",
            "secret",
            "jobs",
            "a%0d%0aFLUSHALL",
            "*" * 32,
        ):
            for part in ("", "/result.h5ad", "/view"):
                assert client.get(f"/api/v1/jobs/{name}{part}").status_code == 404
            assert client.delete(f"/api/v1/jobs/{name}").status_code == 404
            assert queue.cancel(name) is None
