from __future__ import annotations

import os
import runpy
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pytest

from atlas_app.jobs.backends.machine import MachineBackend
from atlas_app.jobs.queue import JobQueue
from atlas_app.jobs.record import ID_PATTERN

QUERIES = "/api/v1/atlases/test/queries"
PLACE = runpy.run_path(str(Path(__file__).parents[1] / "workplace.py"))
until, ended = PLACE["until"], PLACE["ended"]


def post(client: Any, query: Path, address: str = QUERIES) -> Any:
    return client.post(address, data=query.read_bytes(), content_type="application/octet-stream")


def test_a_query_is_mapped_drawn_fetched_and_deleted(
    client_for: Callable[..., Any], query: Path, tmp_path: Path
) -> None:
    client = client_for("ok")
    answer = post(client, query, f"{QUERIES}?impute=alb,MYH7&name=my%20section.h5ad")
    assert answer.status_code == 202
    first = answer.get_json()
    assert ID_PATTERN.fullmatch(first["job"])
    assert first["impute"] == ["ALB", "MYH7"]
    assert answer.headers["Location"] == first["status_url"]
    status = until(client, first["status_url"], ended)
    assert status["state"] == "done", status["error"]
    assert status["fraction"] == 1.0
    assert status["steps"][0] == {"phase": "check", "message": "120 spots, 38 of 40 genes matched"}
    assert status["report"]["n_genes_matched"] == 38
    assert status["report"]["n_imputed"] == 2
    assert status["report"]["warnings"] == ["Two genes of the panel are missing."]
    assert "--impute ALB,MYH7" in status["command"]
    assert "'my section.h5ad'" in status["command"]

    # The uploaded file goes as soon as it is mapped; the result stays.
    folder = tmp_path / "jobs" / "files" / first["job"]
    assert not (folder / "query.h5ad").exists()
    assert (folder / "result.h5ad").exists()
    assert folder.stat().st_mode & 0o077 == 0

    fetched = client.get(status["result_url"])
    assert fetched.data[:4] == b"\x89HDF"
    assert "my section-mapped-" in fetched.headers["Content-Disposition"]
    assert fetched.headers["Cache-Control"] == "no-store"
    result = ad.read_h5ad(BytesIO(fetched.data))
    assert result.n_obs == 120

    view = client.get(status["view_url"]).get_json()
    assert view["n_spots"] == 120
    assert [(s["name"], s["start"], s["stop"]) for s in view["slices"]] == [
        ("left", 0, 60),
        ("right", 60, 120),
    ]
    columns = {column["name"]: column for column in view["obs"]}
    assert columns["domain"]["categories"] == ["heart", "brain", "liver", "gut"]
    assert columns["domain"]["colors"] == ["#aa0000", "#00aa00", "#0000aa", "#aaaa00"]
    assert columns["out_of_reference"]["categories"] == ["False", "True"]
    assert view["slices"][0]["stage"] == "E10"
    assert view["imputed_genes"] == ["ALB", "MYH7"]

    base = first["status_url"]
    order = np.argsort(result.obs["slice"].cat.codes.to_numpy(), kind="stable")
    xy = np.frombuffer(client.get(f"{base}/coordinates/spatial").data, "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(xy, result.obsm["spatial"][order].astype(np.float32))
    spots = client.get(f"{base}/spots?start=50&stop=70")
    assert spots.get_json()["spots"] == result.obs_names[order][50:70].tolist()
    assert spots.headers["Cache-Control"].startswith("private")
    domain = client.get(f"{base}/values/obs/domain")
    names = np.array(columns["domain"]["categories"])[np.frombuffer(domain.data, np.uint8)]
    np.testing.assert_array_equal(names, result.obs["domain"].to_numpy()[order])
    assert domain.headers["Cache-Control"].startswith("private")
    gene = client.get(f"{base}/values/gene/myh7")
    assert float(gene.headers["X-Atlas-Hi"]) == 238.0
    decoded = np.frombuffer(gene.data, np.uint8) / 254 * 238.0
    assert np.abs(decoded - np.asarray(result.obsm["imputed"])[order, 1]).max() <= 238 / 508 + 1e-6
    low = client.get(f"{base}/values/low/ALB")
    assert low.headers["X-Atlas-Hi"] == client.get(f"{base}/values/gene/ALB").headers["X-Atlas-Hi"]
    assert [float(v) for v in low.headers["X-Atlas-Clip"].split()] == pytest.approx([0, 129.81])
    table = client.get(f"{base}/expression.csv?of=alb")
    assert "section-ALB-imputed-" in table.headers["Content-Disposition"]
    head = "gene,spot,slice,x,y,measured,imputed,low,high,atlas_digest,software"
    assert table.text.startswith(f"{head}\nALB,")
    trust = client.get(f"{base}/values/obs/domain_confidence")
    assert trust.headers["X-Atlas-Clip"] == "0 1"
    assert (trust.headers["X-Atlas-Lo"], trust.headers["X-Atlas-Hi"]) == ("0", "1")
    assert client.get(f"{base}/values/factor/1").status_code == 200
    assert [g["name"] for g in client.get(f"{base}/genes?prefix=al").get_json()["genes"]] == ["ALB"]
    for missing in (
        "values/gene/SOX2",
        "values/factor/9",
        "values/obs/none",
        "values/thing/x",
        "values/measured/MYH7",
        "values/width/MYH7",
    ):
        assert client.get(f"{base}/{missing}").status_code == 404

    assert client.delete(base).get_json()["state"] == "deleted"
    assert client.get(base).status_code == 404
    assert client.get(f"{base}/result.h5ad").status_code == 404
    assert not folder.exists()


def test_a_form_is_accepted_too(client_for: Callable[..., Any], query: Path) -> None:
    client = client_for("ok")
    answer = client.post(QUERIES, data={"query": (query.open("rb"), "..\\x/../my <b>.h5ad")})
    assert answer.status_code == 202
    assert answer.get_json()["name"] == "my b.h5ad"
    assert until(client, answer.get_json()["status_url"], ended)["state"] == "done"


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("refuse", "expected raw counts"),
        ("crash", "failed unexpectedly: RuntimeError: a bug"),
        ("killed", "killed (SIGKILL). It was tried twice"),
        ("crashed", "killed (SIGSEGV). Something in the file"),
        ("hungry", "more than the 0.5 GiB of memory this server allows"),
        ("empty", "without a result"),
    ],
)
def test_failures_are_told_in_words(
    client_for: Callable[..., Any], query: Path, mode: str, words: str
) -> None:
    client = client_for(mode, job_bytes=2**29)
    base = post(client, query).get_json()["status_url"]
    status = until(client, base, ended)
    assert status["state"] == "failed"
    assert words in status["error"]
    assert "Traceback" not in status["error"]
    assert client.get(f"{base}/view").status_code == 409
    assert client.get(f"{base}/result.h5ad").get_json()["found"] == "a job that is failed"


def test_a_worker_command_that_does_not_exist_is_a_failure(
    client_for: Callable[..., Any], query: Path
) -> None:
    client = client_for(worker_command=("/nowhere/atlas",))
    base = post(client, query).get_json()["status_url"]
    assert "could not be started" in until(client, base, ended)["error"]


def test_a_queue_left_by_a_dead_server_goes_on_when_it_is_looked_at(
    client_for: Callable[..., Any],
    settings_for: Callable[..., Any],
    query: Path,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for("ok")
    queue = JobQueue(settings.job_folder)
    job_id = queue.new_id()
    queue.files(job_id).query.write_bytes(query.read_bytes())
    with monkeypatch.context() as dead:
        dead.setattr(MachineBackend, "start_runner", lambda self: None)
        queue.submit(
            job_id,
            settings=settings,
            atlas_id="test",
            digest="0",
            store=store,
            name="q.h5ad",
            impute=(),
        )
    client = client_for("ok")
    assert until(client, f"/api/v1/jobs/{job_id}", ended)["state"] == "done"


def test_memory_taken_bit_by_bit_is_limited_too(
    client_for: Callable[..., Any], query: Path
) -> None:
    greedy = client_for("greedy", job_bytes=200 * 2**20)
    base = post(greedy, query).get_json()["status_url"]
    assert "memory" in until(greedy, base, ended)["error"]


def test_sweeping_takes_expired_jobs_and_broken_off_uploads(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path / "jobs")
    old, fresh = queue.new_id(), queue.new_id()
    long_ago = time.time() - 7200
    os.utime(queue.files(old).folder, (long_ago, long_ago))
    assert queue.sweep() == 1
    assert not queue.files(old).folder.exists()
    assert queue.files(fresh).folder.exists()


def upload(client: Any, body: bytes, **options: Any) -> Any:
    return client.post(QUERIES, data=body, content_type="application/octet-stream", **options)


def test_what_is_no_h5ad_is_refused_and_leaves_nothing(
    client_for: Callable[..., Any], tmp_path: Path
) -> None:
    client = client_for("ok", upload_bytes=1000)
    for body, status, words in (
        (b"", 400, "No file"),
        (b"\x80\x04\x95pickle", 415, "not a file that can be mapped"),
        (b"\x1f\x8b\x08gzip-file-content", 415, "Space Ranger"),
        (b"\x89HDF", 415, "not a file that can be mapped"),
        (b"\x89HDF\r\n\x1a\n" + bytes(2000), 413, "too large"),
    ):
        answer = upload(client, body)
        assert answer.status_code == status, body
        assert words in answer.text
    unknown = upload(client, b"\x89HDF\r\n\x1a\n", query_string={"impute": "MYH9"})
    assert unknown.status_code == 400
    assert "MYH7" in unknown.get_json()["examples"]
    many = upload(client, b"", query_string={"impute": ",".join(f"g{i}" for i in range(600))})
    assert many.status_code == 400
    form = client.post(QUERIES, data={"file": (BytesIO(b"\x89HDF\r\n\x1a\n"), "a.h5ad")})
    assert "field 'query'" in form.get_json()["expected"]
    two = client.post(
        QUERIES, data={"query": (BytesIO(b"a"), "a.h5ad"), "other": (BytesIO(b"b"), "b.h5ad")}
    )
    assert two.status_code == 400
    assert list((tmp_path / "jobs" / "files").iterdir()) == []


def test_a_body_of_unknown_length_is_limited_too(
    client_for: Callable[..., Any], tmp_path: Path
) -> None:
    client = client_for("ok", upload_bytes=1000)
    answer = client.post(
        QUERIES,
        input_stream=BytesIO(b"\x89HDF\r\n\x1a\n" + bytes(5000)),
        content_type="application/octet-stream",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
    assert list((tmp_path / "jobs" / "files").iterdir()) == []


def test_ids_that_are_none_lead_nowhere(client: Any) -> None:
    for job_id in ("..", "a", "x" * 32, "%2e%2e%2fetc", "a" * 31 + "."):
        for part in ("", "/result.h5ad", "/view", "/values/obs/domain"):
            assert client.get(f"/api/v1/jobs/{job_id}{part}").status_code == 404
    assert client.delete(f"/api/v1/jobs/{'x' * 32}").status_code == 404
    with pytest.raises(ValueError, match="not the id"):
        JobQueue.files(JobQueue.__new__(JobQueue), "../../etc")


def test_result_columns_of_every_encoding_are_read(tmp_path: Path) -> None:
    from atlas_app.results.columns import read_column

    path = tmp_path / "columns.h5ad"
    import pandas as pd

    obs = pd.DataFrame(
        {
            "flag": [True, False, True],
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "real": [0.5, np.nan, 1.5],
            "word": ["b", "a", "b"],
            "kind": pd.Categorical(["x", None, "y"]),
        },
        index=["1", "2", "3"],
    )
    ad.AnnData(np.zeros((3, 1), np.float32), obs=obs).write_h5ad(path)
    with h5py.File(path) as file:
        columns = {name: read_column(file["obs"][name], name) for name in obs.columns}
    assert columns["flag"].texts() == ["True", "False", "True"]
    assert columns["maybe"].texts() == ["True", "", "False"]
    assert columns["whole"].texts() == ["1", "", "3"]
    assert columns["real"].texts() == ["0.5", "", "1.5"]
    assert columns["word"].texts() == ["b", "a", "b"]
    assert columns["kind"].texts() == ["x", "", "y"]


def test_a_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "jobs"
    JobQueue(folder)
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
    else:
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(PermissionError, match="another user"):
        JobQueue(folder)
