"""Files that mean harm, sent to a server whose worker checks them as the real one does.

Each ends in one clear error, in bounded time and memory, and the server goes on answering.
"""

from __future__ import annotations

import io
import pickle
import resource
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

from atlas_app.app import create_app
from atlas_app.settings import Settings

pytestmark = pytest.mark.slow

HERE = Path(__file__).parents[1]
QUERIES = "/api/v1/atlases/test/queries"
# What may pass until an answer, on a machine that does much else, in seconds.
PATIENCE = 120.0
MEMORY = 2 * 2**30


def changed(query: Path, spoil: Callable[[Any], None]) -> bytes:
    with h5py.File(query, "r+") as file:
        spoil(file)
    return query.read_bytes()


def replaced(name: str, **given: Any) -> Callable[[Path], bytes]:
    def spoil(file: Any) -> None:
        attributes = dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, **given).attrs.update(attributes)

    return lambda query: changed(query, spoil)


def outside_indices(query: Path) -> bytes:
    def spoil(file: Any) -> None:
        file["X/indices"][:5] = 10**8

    return changed(query, spoil)


def falling_rows(query: Path) -> bytes:
    def spoil(file: Any) -> None:
        file["X/indptr"][3] = 10**8

    return changed(query, spoil)


def external(query: Path) -> bytes:
    def spoil(file: Any) -> None:
        del file["obsm/spatial"]
        file["obsm/spatial"] = h5py.ExternalLink("/etc/passwd", "/")

    return changed(query, spoil)


def truncated(query: Path) -> bytes:
    whole = query.read_bytes()
    return whole[: len(whole) // 2]


def long_strings(query: Path) -> bytes:
    data = ad.read_h5ad(query)
    data.var_names = [f"{'A' * 100_000}{i}" for i in range(data.n_vars)]
    data.write_h5ad(query)
    return query.read_bytes()


def words(query: Path) -> bytes:
    data = ad.read_h5ad(query)
    data.obsm["spatial"] = pd.DataFrame(
        {"x": ["here"] * data.n_obs, "y": ["there"] * data.n_obs}, index=data.obs_names
    )
    data.write_h5ad(query)
    return query.read_bytes()


def part(rows: slice, columns: slice) -> Callable[[Path], bytes]:
    def cut(query: Path) -> bytes:
        ad.read_h5ad(query)[rows, columns].copy().write_h5ad(query)
        return query.read_bytes()

    return cut


def missing_values(query: Path) -> bytes:
    data = ad.read_h5ad(query)
    data.X.data[:4] = np.nan
    data.write_h5ad(query)
    return query.read_bytes()


def zipped(files: dict[str, bytes]) -> Callable[[Path], bytes]:
    def pack(_: Path) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    return pack


BIG = {"shape": (10**7, 10**6), "dtype": "f4", "chunks": (1000, 1000), "compression": "gzip"}
CASES: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "truncated": (truncated, "bytes, it ends early)"),
    "bomb": (replaced("X", **BIG), "declares"),
    "external link": (external, "an external link in place of data"),
    "columns outside": (outside_indices, "cannot be read"),
    "rows outside": (falling_rows, "cannot be read"),
    "words for counts": (
        replaced("X/data", data=np.array([b"one"] * 4000)),
        "cannot be read",
    ),
    "words for places": (words, "is not numbers"),
    "names like books": (long_strings, "0 of its 40 genes"),
    "missing values": (missing_values, "4 counts that are NaN"),
    "no spots": (part(slice(0, 0), slice(None)), "0 spots"),
    "no genes": (part(slice(None), slice(0, 0)), "what to do: look at adata.shape"),
    "zip that leads out": (zipped({"../../counts.csv": b"a,b\n"}), "lead out"),
    "zip of zeros": (zipped({"counts.csv": bytes(300 * 2**20)}), "bytes or more in an archive"),
}


def waited(client: Any, address: str) -> dict[str, Any]:
    stop = time.monotonic() + PATIENCE
    while (status := client.get(address).get_json())["state"] in ("queued", "running"):
        assert time.monotonic() < stop, status
        time.sleep(0.2)
        # Others are answered all the while.
        assert client.get("/health").status_code == 200
    return dict(status)


@pytest.fixture(scope="module")
def served(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server whose worker reads and checks the query as `atlas project` does, and no more."""
    worker = (sys.executable, str(HERE / "checking_worker.py"))
    folder = tmp_path_factory.mktemp("hostile")
    settings = Settings(
        stores=(store,),
        job_folder=folder / "jobs",
        worker_command=worker,
        job_bytes=MEMORY,
        jobs_per_client=100,
    )
    return create_app(settings).server.test_client(), folder


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_ends_in_one_clear_error(
    served: Any, query: Path, tmp_path: Path, case: str
) -> None:
    client, folder = served
    spoil, found = CASES[case]
    copy = tmp_path / "query.h5ad"
    copy.write_bytes(query.read_bytes())
    body = spoil(copy)
    address = f"{QUERIES}?name=..%2F..%2Fetc%2F{case}.h5ad"
    answer = client.post(address, data=body, content_type="application/octet-stream")
    assert answer.status_code == 202, answer.text
    assert "/" not in answer.get_json()["name"]
    status = waited(client, answer.get_json()["status_url"])
    assert status["state"] == "failed"
    assert found in status["error"]
    assert "expected" in status["error"]
    assert "unexpectedly" not in status["error"]
    assert "/tmp" not in status["error"]
    assert len(status["error"]) < 2000
    # Nothing of it stays: neither the file nor what was unpacked.
    left = folder / "jobs" / "files" / status["job"]
    until = time.monotonic() + 30
    while (left / "temporary").exists() and time.monotonic() < until:
        # The end is told before the last of it is swept away.
        time.sleep(0.05)
    assert sorted(p.name for p in left.iterdir()) == ["errors.txt", "progress.jsonl"]


def test_the_workers_took_a_bounded_amount_of_memory() -> None:
    """Of all children that have ended so far; the stand-ins of other tests among them."""
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MEMORY


def test_a_pickle_is_not_taken_at_all(served: Any) -> None:
    client, _ = served

    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return exec, ("raise SystemExit('unpickled')",)

    body = pickle.dumps(Trap())
    answer = client.post(f"{QUERIES}?name=query.h5ad", data=body)
    assert answer.status_code == 415
    assert ".h5ad" in answer.get_json()["expected"]
