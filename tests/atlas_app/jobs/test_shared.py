"""Jobs behind a Redis: what only several machines have to fear, and an address with a password."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from atlas_app import serve, work
from atlas_app.app import create_app
from atlas_app.jobs.limits import child_environment
from atlas_app.pages.map import page as map_page
from atlas_app.settings import Settings

HERE = Path(__file__).parents[1]
PLACE = runpy.run_path(str(HERE / "workplace.py"))
PASSWORD = runpy.run_path(str(HERE / "redis_server.py"))["PASSWORD"]
# What a worker writes once it finds that Redis is away.
SILENCE = "the queue does not answer"
PAGES = runpy.run_path(str(HERE / "pages" / "test_map_page.py"))
alive, at_work, child_of, ended = (PLACE[n] for n in ("alive", "at_work", "child_of", "ended"))
parent, until, wait_for = (PLACE[name] for name in ("parent", "until", "wait_for"))


@pytest.fixture(scope="module")
def place(
    redis_server: Any, tmp_path_factory: pytest.TempPathFactory, store: Path, query: Path
) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("place")
    place = PLACE["Workplace"](folder, store, query, redis_server.address(1))
    yield place
    place.stop_workers()


def client_of(place: Any) -> Any:
    """Redis as a test looks into it."""
    import redis

    return redis.Redis.from_url(place.redis, decode_responses=True)


def test_without_a_worker_a_query_waits_and_says_so(place: Any) -> None:
    client = place.server()
    base = place.start(client, "copy")
    status = client.get(base).get_json()
    assert status["state"] == "queued"
    assert "No worker is running at the moment" in status["note"]
    assert "No worker is running" in " ".join(PAGES["texts"](map_page.waiting_panel(None, status)))
    # A message that was lost is sent again by whoever looks; of two, one finds nothing to do.
    client_of(place).delete("inspire-atlas:queue")
    client.get(base)
    assert client_of(place).llen("inspire-atlas:queue") == 1
    place.start_worker()
    assert until(client, base, ended)["state"] == "done"
    assert client.get(base).get_json()["note"] == ""


def test_a_worker_that_is_told_to_stop_gives_its_job_back(place: Any) -> None:
    client = place.server()
    place.only_worker()
    base = place.start(client, "slow")
    child = child_of(until(client, base, at_work))
    place.workers[0].send_signal(signal.SIGTERM)
    status = until(client, base, lambda s: s["note"] != "")
    assert status["state"] == "queued"
    assert "was shut down" in status["note"]
    assert place.workers[0].wait(60) == 0
    assert not alive(child)
    place.only_worker()
    second = child_of(until(client, base, lambda s: at_work(s) and child_of(s) != child))
    # It cost no attempt: there is still one to spare.
    os.kill(parent(second), signal.SIGKILL)
    until(client, base, lambda s: "tried once more" in s["note"])
    client.delete(base)


def test_a_worker_that_was_cut_off_does_no_harm_when_it_is_back(place: Any) -> None:
    client = place.server()
    place.only_worker()
    base = place.start(client, "slow")
    first = child_of(until(client, base, at_work))
    frozen = place.workers[0]
    os.kill(frozen.pid, signal.SIGSTOP)
    place.start_worker()
    second = child_of(until(client, base, lambda s: at_work(s) and child_of(s) != first))
    os.kill(frozen.pid, signal.SIGCONT)
    # It finds that the job is another's, and ends its own projection and nothing else.
    wait_for(lambda: not alive(first))
    status = client.get(base).get_json()
    assert at_work(status)
    assert child_of(status) == second
    client.delete(base)
    frozen.kill()
    frozen.wait()


def test_a_redis_that_is_away_is_said_and_found_again(place: Any, redis_server: Any) -> None:
    client = place.server()
    place.only_worker()
    body = place.query_of("copy")
    running = place.start(client, "brief")
    until(client, running, at_work)
    begun = client.post(
        "/api/v1/atlases/test/uploads", query_string={"size": len(body), "name": "a.h5ad"}
    ).get_json()
    redis_server.stop()
    try:
        refused = place.send(client, "copy")
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert "does not answer" in refused.get_json()["found"]
        assert client.get(running).status_code == 503
        assert client.delete(running).status_code == 503
        last = client.patch(begun["url"], data=body, headers={"Upload-Offset": "0"})
        assert last.status_code == 503
        # Browsing goes on, and a server that starts now serves.
        fresh = place.new_server()
        for address in ("/health", "/", "/api/v1/atlases/test/values/gene/MYH7"):
            assert fresh.get(address).status_code == 200
        page = page_of(place, running)
        assert "The queue does not answer at the moment" in page
        for answer in (refused.text, last.text, page):
            assert PASSWORD not in answer
            assert str(redis_server.port) not in answer
        folders = {path.name for path in (place.folder / "jobs" / "files").iterdir()}
        assert folders >= {running.rpartition("/")[2], begun["upload"]}
        # Soon back, and none of them would have noticed.
        wait_for(lambda: SILENCE in place.said())
    finally:
        redis_server.start()
    # What ran meanwhile was not thrown away, and the upload goes on where it was.
    status = until(client, running, ended)
    assert (status["state"], status["note"]) == ("done", "")
    sent = client.patch(begun["url"], data=b"", headers={"Upload-Offset": str(len(body))})
    assert sent.status_code == 200
    job = sent.get_json()["job"]
    assert until(client, job["status_url"], ended)["state"] == "done"


def page_of(place: Any, base: str) -> str:
    """What the Map page says of a job."""
    settings = place.settings()
    atlases = PAGES["Atlases"](settings)
    site = PAGES["Site"](settings, atlases, PAGES["Queries"](settings, atlases))
    content, _, waits = map_page.shown(site, atlases.first, {"job": base.rpartition("/")[2]})
    # It asks again by itself.
    assert waits
    return " ".join(PAGES["texts"](content))


def test_an_atlas_that_the_worker_lacks_is_told(place: Any) -> None:
    from atlas_app.jobs.celery_worker import carry_out_here

    queue = place.queue()
    place.stop_workers()
    client = place.server()
    base = place.start(client, "copy")
    taken = queue.take()
    carry_out_here(queue, taken, place.program, {}, lambda: False)
    status = client.get(base).get_json()
    assert status["state"] == "failed"
    assert "does not have this atlas" in status["error"]


@pytest.fixture
def program() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    serve.register(app)
    return app


def said(program: typer.Typer, *words: object, **environment: str) -> str:
    result = CliRunner().invoke(program, [str(word) for word in words], env=environment)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert PASSWORD not in result.output
    return " ".join(result.output.split())


def test_a_worker_says_in_a_line_what_it_lacks(
    program: typer.Typer,
    store: Path,
    place: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ATLAS_JOBS", raising=False)
    assert "Set ATLAS_JOBS" in said(program, "work", store)
    assert "No store" in said(program, "work", ATLAS_JOBS=place.redis)
    assert "none.zarr" in said(program, "work", tmp_path / "none.zarr", ATLAS_JOBS=place.redis)
    place.only_worker()
    other = said(program, "work", store, "--job-folder", tmp_path, ATLAS_JOBS=place.redis)
    assert "is not the one that other servers or workers" in other
    serving = said(program, "serve", store, "--job-folder", tmp_path, ATLAS_JOBS=place.redis)
    assert "is not the one that other servers or workers" in serving
    away = f"redis://:{PASSWORD}@127.0.0.1:1/0"
    assert "does not answer" in said(
        program, "work", store, "--job-folder", tmp_path, ATLAS_JOBS=away
    )
    monkeypatch.setattr(work, "installed", lambda name: False)
    assert "pip install 'inspire-atlas[project,celery]'" in said(program, "work", store)


@pytest.mark.parametrize(
    "address",
    ["http://:{}@h/0", "redis://:{}@/0", "redis://:{}@h:port/0", "redis://:a/{}@h/0", "{}"],
)
def test_an_address_that_is_none_is_refused_and_not_shown(
    program: typer.Typer, store: Path, address: str
) -> None:
    address = address.format(PASSWORD)
    message = said(program, "serve", store, ATLAS_JOBS=address)
    assert "Setting jobs" in message
    assert "redis://HOST:PORT/NUMBER" in message
    with pytest.raises(ValueError, match="redis://HOST") as error:
        Settings(jobs=address)
    assert PASSWORD not in str(error.value)


def test_the_password_is_in_nothing_that_is_shown_or_logged(
    place: Any,
    redis_server: Any,
    store: Path,
    caplog: pytest.LogCaptureFixture,
    settings_for: Callable[..., Settings],
) -> None:
    settings = settings_for(jobs=redis_server.address(1))
    assert PASSWORD not in f"{settings!r} {settings}"
    kept = child_environment(Path("t"), {"ATLAS_JOBS": place.redis, "OTHER": "kept"})
    assert "ATLAS_JOBS" not in kept
    # A server with another password than Redis has.
    wrong = settings_for(jobs=redis_server.address(1, password=f"{PASSWORD}-not"))
    answer = place.send(create_app(wrong).server.test_client(), "copy")
    assert answer.status_code == 503
    command = [sys.executable, "-c", PLACE["PROGRAM"], "work", str(store)]
    told = subprocess.run(
        command,
        env={**os.environ, "ATLAS_JOBS": wrong.jobs, "ATLAS_JOB_FOLDER": str(wrong.job_folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 1
    assert "does not answer" in told.stderr
    # What workers wrote while Redis was stopped and started, and all else.
    written = place.said()
    assert SILENCE in written
    for text in (answer.text, told.stdout + told.stderr, written, caplog.text):
        assert PASSWORD not in text
    for path in (place.folder / "jobs").rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    assert PASSWORD not in str(client_of(place).hvals("inspire-atlas:jobs"))
