"""Downloads against a real server on the loopback: resume, interruption, checksums, disk."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.errors import DataError, Problem
from training.sources.fetch import Network, fetch, sha256_of, verify
from training.sources.manifest import Dataset

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROOT = f"owner/repo/{COMMIT}"
CONTENT = {
    "data/a.tsv": bytes(range(256)) * 3000,
    "data/sub/b c.txt": b"small\n",
    "empty.txt": b"",
}


def dataset(**changed: bytes) -> Dataset:
    """A data set of the files above; `changed` replaces what the manifest expects of a path."""
    files = []
    for path, content in CONTENT.items():
        expected = changed.get(path.split("/")[-1].split(".")[0].replace(" ", "_"), content)
        files.append(
            {
                "url": f"https://raw.githubusercontent.com/{ROOT}/{path}",
                "sha256": hashlib.sha256(expected).hexdigest(),
                "bytes": len(expected),
            }
        )
    return Dataset.model_validate(
        {
            "name": "probe",
            "title": "",
            "summary": "",
            "organism": "",
            "assay": "",
            "coordinate_unit": "",
            "time_unit": "",
            "licence": "",
            "citation": "",
            "converter": "her2st",
            "stages": [{"name": "x"}],
            "slices": [{"name": "A", "file": "A", "stage": "x", "donor": "d", "section": 1}],
            "files": files,
        }
    )


class Server:
    """Serves CONTENT; can ignore ranges, cut answers short, or answer with a status first."""

    def __init__(self) -> None:
        self.ranges = True
        self.cut_after: list[int] = []
        self.statuses: list[int] = []
        self.requests: list[tuple[str, str | None]] = []
        self.content = {f"/{ROOT}/{path}": content for path, content in CONTENT.items()}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        path = request.path.replace("%20", " ")
        self.requests.append((path, wanted))
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200 or path not in self.content:
            request.send_error(status if status != 200 else 404)
            return
        body = self.content[path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start:
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        part = body[start:]
        request.wfile.write(part[: self.cut_after.pop(0)] if self.cut_after else part)
        request.close_connection = True

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server()
    yield running
    running.close()


def network(server: Server) -> Network:
    return Network(base_url=server.url, timeout=5, attempts=2, pause=0.01)


def faults(call: Callable[[], object]) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        call()
    return list(caught.value.problems)


def is_whole(folder: Path) -> bool:
    return all((folder / ROOT / path).read_bytes() == data for path, data in CONTENT.items())


def test_download_into_the_layout_of_the_source(tmp_path: Path, server: Server) -> None:
    seen: list[tuple[str, int]] = []
    origins = fetch(
        dataset(),
        tmp_path,
        network=network(server),
        report=lambda file, done, origin: seen.append((file.path.name, done)),
    )
    assert set(origins.values()) == {"download"}
    assert is_whole(tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    assert ("a.tsv", 768_000) in seen
    assert [done for name, done in seen if name == "a.tsv"] == sorted(
        done for name, done in seen if name == "a.tsv"
    )
    assert verify(dataset(), tmp_path) == []


def test_what_is_there_is_not_fetched_again(tmp_path: Path, server: Server) -> None:
    fetch(dataset(), tmp_path, network=network(server))
    server.requests.clear()
    origins = fetch(dataset(), tmp_path, network=network(server))
    assert set(origins.values()) == {"present"}
    assert server.requests == []


def test_an_interrupted_transfer_goes_on_by_itself(tmp_path: Path, server: Server) -> None:
    server.cut_after = [100_000, 300_000]
    fetch(dataset(), tmp_path, network=network(server))
    assert is_whole(tmp_path)
    ranges = [wanted for path, wanted in server.requests if path.endswith("a.tsv")]
    assert ranges == [None, "bytes=100000-", "bytes=400000-"]


def test_a_later_run_goes_on_where_an_earlier_stopped(tmp_path: Path, server: Server) -> None:
    partial = tmp_path / ROOT / "data/a.tsv.part"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(CONTENT["data/a.tsv"][:500_000])
    fetch(dataset(), tmp_path, network=network(server))
    assert is_whole(tmp_path)
    assert (f"/{ROOT}/data/a.tsv", "bytes=500000-") in server.requests


def test_a_server_without_ranges_is_read_from_the_start(tmp_path: Path, server: Server) -> None:
    server.ranges = False
    server.cut_after = [100_000]
    fetch(dataset(), tmp_path, network=network(server))
    assert is_whole(tmp_path)


def test_a_connection_that_never_holds(tmp_path: Path, server: Server) -> None:
    server.cut_after = [0] * 10
    problems = faults(lambda: fetch(dataset(), tmp_path, network=network(server)))
    assert "after 2 tries (0 of 768,000 bytes are there)" in problems[0].found
    assert "2 more files not tried" in problems[1].found
    server.cut_after = []
    fetch(dataset(), tmp_path, network=network(server))
    assert is_whole(tmp_path)


def test_a_busy_server_is_asked_again(tmp_path: Path, server: Server) -> None:
    server.statuses = [503]
    fetch(dataset(), tmp_path, network=network(server))
    assert is_whole(tmp_path)


def test_no_server(tmp_path: Path) -> None:
    closed = Server()
    closed.close()
    problems = faults(lambda: fetch(dataset(), tmp_path, network=network(closed)))
    assert "--mirror" in problems[0].remedy


def test_a_file_that_is_gone_does_not_stop_the_others(tmp_path: Path, server: Server) -> None:
    del server.content[f"/{ROOT}/data/a.tsv"]
    (problem,) = faults(lambda: fetch(dataset(), tmp_path, network=network(server)))
    assert "404" in problem.found
    assert (tmp_path / ROOT / "data/sub/b c.txt").read_bytes() == b"small\n"
    assert [path for path, _ in server.requests].count(f"/{ROOT}/data/a.tsv") == 1


def test_a_wrong_checksum_deletes_nothing_and_says_so(tmp_path: Path, server: Server) -> None:
    expected = dataset(b_c=b"SMALL\n")
    for _ in range(2):
        (problem,) = faults(lambda: fetch(expected, tmp_path, network=network(server)))
        assert problem.found == f"sha256 {hashlib.sha256(b'small' + bytes([10])).hexdigest()}"
        assert hashlib.sha256(b"SMALL\n").hexdigest() in problem.expected
        assert "nothing was deleted" in problem.remedy
        assert Path(problem.place).read_bytes() == b"small\n"
    assert not (tmp_path / ROOT / "data/sub/b c.txt").exists()


def test_a_wrong_file_of_an_earlier_run_is_left_alone(tmp_path: Path, server: Server) -> None:
    wrong = tmp_path / ROOT / "data/a.tsv"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"mine")
    (problem,) = faults(lambda: fetch(dataset(), tmp_path, network=network(server)))
    assert (problem.found, problem.expected) == ("4 bytes", "768,000 bytes")
    assert wrong.read_bytes() == b"mine"


def test_a_file_longer_than_the_manifest_says(tmp_path: Path, server: Server) -> None:
    expected = dataset(a=CONTENT["data/a.tsv"][:1000])
    (problem,) = faults(lambda: fetch(expected, tmp_path, network=network(server)))
    assert (problem.found, problem.expected) == ("1,001 bytes", "1,000 bytes")


def write_mirror(folder: Path) -> Path:
    for path, content in CONTENT.items():
        target = folder / ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def test_a_mirror_is_copied_and_left_as_it_is(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    origins = fetch(dataset(), tmp_path / "to", mirror=mirror)
    assert set(origins.values()) == {"mirror"}
    assert is_whole(tmp_path / "to")
    assert is_whole(mirror)


def test_a_mirror_with_faults(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    (mirror / ROOT / "empty.txt").unlink()
    (mirror / ROOT / "data/sub/b c.txt").write_bytes(b"other!")
    problems = faults(lambda: fetch(dataset(), tmp_path / "to", mirror=mirror))
    assert [Path(problem.place).name for problem in problems] == ["b c.txt", "empty.txt"]
    assert "OWNER/REPO/COMMIT/PATH" in problems[1].expected
    assert (tmp_path / "to" / ROOT / "data/a.tsv").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (problem,) = faults(
        lambda: fetch(dataset(), tmp_path / "file", mirror=write_mirror(tmp_path / "m"))
    )
    assert "cannot be written to" in problem.found
    assert "--to" in problem.remedy


def test_a_full_disk(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    mirror = write_mirror(tmp_path / "mirror")
    partial = tmp_path / "to" / ROOT / "data/a.tsv.part"
    partial.parent.mkdir(parents=True)
    partial.symlink_to("/dev/full")
    (problem,) = faults(lambda: fetch(dataset(), tmp_path / "to", mirror=mirror))
    assert "No space left" in problem.found


def test_a_data_set_larger_than_the_disk(tmp_path: Path) -> None:
    huge = dataset().model_copy(
        update={"files": (dataset().files[0].model_copy(update={"bytes": 10**18}),)}
    )
    (problem,) = faults(lambda: fetch(huge, tmp_path))
    assert "MB free" in problem.found
    assert "1,000,000,000,000.0 MB" in problem.expected


def test_verify_lists_every_fault(tmp_path: Path) -> None:
    write_mirror(tmp_path)
    (tmp_path / ROOT / "data/a.tsv").write_bytes(CONTENT["data/a.tsv"][::-1])
    (tmp_path / ROOT / "empty.txt").unlink()
    changed, missing = verify(dataset(), tmp_path)
    assert sha256_of(tmp_path / ROOT / "data/a.tsv") in changed.found
    assert missing.found == "no file"
    assert "atlas data fetch probe" in missing.remedy
