"""An app over object storage: the bytes of a local one, honest answers while storage is away."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from atlas_app import serve
from atlas_app.app import create_app, page_content
from atlas_app.atlases.data import HEALTHY_SECONDS, Atlases
from atlas_app.components import ids
from atlas_app.jobs.projecting import anonymity
from atlas_app.jobs.queue import JobQueue
from atlas_app.settings import Settings
from atlas_app.site import Site

BASE = "/deep/api/v1/atlases/test"
ADDRESSES = (
    "/values/gene/MYH7",
    "/values/factor/1",
    "/values/obs/domain",
    "/coordinates/umap",
    "/genes?prefix=M",
    "/factors.csv",
    "/expression.csv?of=MYH7",
    "/stages/course.csv?of=gene:MYH7",
)


@pytest.fixture(scope="module")
def url(object_storage: Any, store: Path) -> str:
    return str(object_storage.put(store, "served"))


@pytest.fixture
def away(object_storage: Any) -> Iterator[Callable[[], None]]:
    """Calling it stops the storage until the test ends, or starts it again."""
    stopped = []

    def turn() -> None:
        if stopped:
            object_storage.start()
            stopped.clear()
        else:
            object_storage.stop()
            stopped.append(True)

    yield turn
    if stopped:
        turn()


def test_answers_are_those_over_a_folder(url: str, client_for: Callable[..., Any]) -> None:
    far, near = client_for(stores=(url,), prefix="/deep"), client_for(prefix="/deep")
    assert far.get("/deep/health").get_json() == {"status": "ok", "faults": []}
    for address in ADDRESSES:
        one, other = far.get(BASE + address), near.get(BASE + address)
        assert one.status_code == other.status_code == 200, address
        assert one.data == other.data, address
        for header in ("ETag", "X-Atlas-Lo", "X-Atlas-Hi", "X-Atlas-Digest"):
            assert one.headers.get(header) == other.headers.get(header), address
    page = far.get("/deep/explore")
    assert page.status_code == 200


def test_storage_that_goes_is_said_and_comes_back(
    url: str, away: Callable[[], None], client_for: Callable[..., Any]
) -> None:
    client = client_for(stores=(url,))
    base = BASE.removeprefix("/deep")
    kept = client.get(f"{base}/values/gene/MYH7")
    away()
    again = client.get(f"{base}/values/gene/MYH7")
    assert (again.status_code, again.data) == (200, kept.data)
    same = client.get(f"{base}/values/gene/SOX2", headers={"If-None-Match": kept.headers["ETag"]})
    assert same.status_code == 503
    answer = client.get(f"{base}/values/gene/NPPA")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["found"] == "the storage does not answer"
    began = time.monotonic()
    health = client.get("/health")
    assert time.monotonic() - began < 4 * HEALTHY_SECONDS
    assert health.status_code == 503
    (fault,) = health.get_json()["faults"]
    assert fault == "test: the store cannot be read now: the storage does not answer."
    for text in (answer.text, health.text):
        assert "Traceback" not in text
        assert "127.0.0.1" not in text
        assert "served" not in text
    away()
    assert client.get("/health").status_code == 200
    assert client.get(f"{base}/values/gene/NPPA").status_code == 200


def test_pages_say_that_storage_is_away_and_parts_of_them_are_asked_for_again(
    url: str,
    away: Callable[[], None],
    settings_for: Callable[..., Settings],
    client_for: Callable[..., Any],
) -> None:
    settings = settings_for(stores=(url,))
    site = Site(settings, Atlases(settings), Any)  # type: ignore[arg-type]
    client = client_for(stores=(url,))
    away()
    shown = json.dumps(page_content(site, "factors", {"with": "2"}).to_plotly_json(), default=str)
    assert "The atlas cannot be read now" in shown
    assert "Retry" in shown
    assert "/factors?with=2" in shown
    outputs = [(ids.FACTORS_DETAIL, "children"), (ids.FACTORS_GRID, "selectedRows")]
    asked = {
        "output": f"..{'...'.join('.'.join(each) for each in outputs)}..",
        "outputs": [{"id": name, "property": of} for name, of in outputs],
        "inputs": [{"id": ids.LOCATION, "property": "search", "value": "?factor=1"}],
        "changedPropIds": [f"{ids.LOCATION}.search"],
        "state": [{"id": ids.LOCATION, "property": "pathname", "value": "/factors"}],
    }
    answer = client.post("/_dash-update-component", json=asked)
    assert answer.status_code == 503
    assert answer.mimetype == "text/plain"
    assert answer.text == (
        "The atlas cannot be read now. Where it is kept, the storage does not answer. "
        "Try again in a while."
    )
    away()
    assert client.post("/_dash-update-component", json=asked).status_code == 200


def test_what_cannot_be_reached_at_the_start_is_one_line(
    url: str, away: Callable[[], None], tmp_path: Path
) -> None:
    program = typer.Typer()
    program.callback()(lambda: None)
    serve.register(program)

    def failure(store: str) -> str:
        words = ["serve", store, "--job-folder", str(tmp_path / "jobs")]
        result = CliRunner().invoke(program, words)
        assert result.exit_code == 1, result.output
        return result.output.strip()

    missing = failure("s3://no-such-bucket/test.atlas.zarr")
    assert "check the names of bucket and path" in missing
    assert len(missing.splitlines()) == 1
    away()
    gone = failure(url)
    assert "does not answer" in gone
    assert len(gone.splitlines()) == 1


def test_a_server_process_waits_for_storage(
    url: str,
    away: Callable[[], None],
    settings_for: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        away()

    away()
    monkeypatch.setattr(time, "sleep", sleep)
    app = serve.create_when_reachable(settings_for(stores=(url,)))
    assert waits == [serve.REACH_EVERY]
    assert app.server.test_client().get("/health").status_code == 200


def test_a_job_is_told_where_the_atlas_lies(
    url: str, client_for: Callable[..., Any], settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for(stores=(url,), anonymous=True)
    client = create_app(settings).server.test_client()
    answer = client.post("/api/v1/atlases/test/demo")
    assert answer.status_code == 202, answer.text
    job = JobQueue(settings.job_folder).all()[0]
    assert job.command[: len(settings.worker_command) + 2] == (
        *settings.worker_command,
        "project",
        url,
    )
    assert anonymity(job) == {"ATLAS_ANONYMOUS": "true"}
    assert "s3:" not in answer.get_json()["command"]
    client.delete(f"/api/v1/jobs/{job.id}")
    assert sys.executable in job.command
