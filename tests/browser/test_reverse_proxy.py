"""The app behind a reverse proxy, under a path: a browser that goes nowhere else."""

from __future__ import annotations

import base64
import http.client
import runpy
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.security import generate_password_hash

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
PREFIX = "/labs/deep"
PASSWORD = "a word for tests"
OPTIONS = {
    "permissions": ["clipboard-read", "clipboard-write"],
    "http_credentials": {"username": "reader", "password": PASSWORD},
}
PAINTED = "document.querySelector('.atlas-explore')?.atlasCanvas?.applied?.color"
CONNECTION = ("connection", "keep-alive", "transfer-encoding", "host")
pytestmark = pytest.mark.browser


class Proxy(ThreadingHTTPServer):
    """Passes on what lies under PREFIX, as nginx does; `outside` are the paths that do not."""

    daemon_threads = True

    def __init__(self, server: str, *, strips: bool) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.upstream, self.strips = urlsplit(server).netloc, strips
        self.outside: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def pass_on(self) -> None:
        if not self.path.startswith(f"{PREFIX}/") and self.path != PREFIX:
            self.server.outside.append(self.path)
            self.send_error(404)
            return
        path = self.path.removeprefix(PREFIX) or "/" if self.server.strips else self.path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {k: v for k, v in self.headers.items() if k.lower() not in CONNECTION}
        sent |= {
            "X-Forwarded-For": self.client_address[0],
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": self.headers["Host"],
        }
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        upstream.request(self.command, path, body or None, sent)
        answer = upstream.getresponse()
        given = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in (*CONNECTION, "content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(given)))
        self.end_headers()
        with suppress(ConnectionError):  # the browser went on to another page
            self.wfile.write(given)

    do_GET = do_POST = do_PATCH = do_DELETE = pass_on

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def proxied(server: str, *, strips: bool) -> Iterator[Proxy]:
    proxy = Proxy(server, strips=strips)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


@pytest.fixture(scope="module")
def served(small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `atlas serve` under PREFIX, without that path."""
    with SITE["served"](
        small_stores,
        ATLAS_PREFIX=PREFIX,
        ATLAS_PROXIES="1",
        ATLAS_PASSWORD_HASH=generate_password_hash(PASSWORD, "scrypt:1024:8:1"),
        ATLAS_JOB_FOLDER=str(tmp_path_factory.mktemp("jobs")),
        ATLAS_WORKER_COMMAND=" ".join(SITE["STANDIN"]),
    ) as address:
        yield address.removesuffix(PREFIX)


@contextmanager
def walked(tabs: Any, proxy: Proxy) -> Iterator[Any]:
    """A tab that asks for nothing but what lies under the proxy's path."""
    addresses: list[str] = []

    def note(request: Any) -> None:
        if urlsplit(request.url).scheme in ("http", "https"):
            addresses.append(request.url)

    with SITE["watched_tab"](tabs, **OPTIONS) as tab:
        tab.on("request", note)
        try:
            yield tab
        finally:
            tab.remove_listener("request", note)
        assert len(addresses) > 20
        ours = f"{proxy.address}{PREFIX}/"
        assert not [each for each in addresses if not each.startswith(ours)]
    assert not proxy.outside


def asked(proxy: Proxy, path: str, password: str = PASSWORD) -> tuple[int, Any, str]:
    """Status, headers and text of an answer to a program."""
    known = base64.b64encode(f"reader:{password}".encode()).decode()
    reader = http.client.HTTPConnection(urlsplit(proxy.address).netloc, timeout=60)
    reader.request("GET", path, headers={"Authorization": f"Basic {known}"} if password else {})
    answer = reader.getresponse()
    found = answer.status, answer.headers, answer.read().decode()
    reader.close()
    return found


def paint_gene(tab: Any, site: str) -> None:
    tab.goto(f"{site}/explore")
    tab.get_by_label("Gene", exact=True).fill("ALB")
    tab.get_by_role("option", name="ALB").first.click()
    tab.wait_for_url(f"{site}/explore?color=gene:ALB")
    SITE["until"](tab, f"color => {PAINTED} === color", "gene:ALB")


def test_behind_a_proxy_that_strips_the_path(tabs: Any, served: str, tmp_path: Path) -> None:
    from playwright.sync_api import TimeoutError

    query = SITE["make_query"](tmp_path / "left.h5ad")
    with proxied(served, strips=True) as proxy, walked(tabs, proxy) as tab:
        site = proxy.address + PREFIX
        paint_gene(tab, site)
        tab.get_by_role("link", name="Stages", exact=True).click()
        tab.wait_for_url(f"{site}/stages**")
        tab.goto(f"{site}/stages?of=gene:MYH7")
        along = tab.get_by_role("group", name="Take along")
        copied = along.get_by_role("status").filter(has_text="Link copied")
        # The page may be remade under a first click.
        for _ in range(5):
            along.get_by_text("Copy link", exact=True).click()
            with suppress(TimeoutError):
                copied.wait_for(timeout=12_000)
                break
        else:
            pytest.fail("no link was copied")
        link = tab.evaluate("navigator.clipboard.readText()")
        assert link == f"{site}/stages?of=gene:MYH7"
        tab.get_by_role("link", name="Map", exact=True).click()
        tab.wait_for_selector("#query-file", state="attached")
        tab.set_input_files("#query-file", query)
        with tab.expect_request(lambda request: request.method == "PATCH") as part:
            tab.get_by_role("button", name="Map this section").click()
        assert part.value.url.startswith(f"{site}/api/v1/uploads/")
        tab.wait_for_url(f"{site}/map?job=*")
        tab.get_by_role("heading", name="left, mapped").wait_for()
        with tab.expect_download() as waiting:
            tab.get_by_role("link", name="Table, CSV").click()
        assert Path(waiting.value.path()).read_bytes().startswith(b"spot,slice,x,y,domain")


def test_behind_a_proxy_that_keeps_the_path(tabs: Any, served: str) -> None:
    with proxied(served, strips=False) as proxy:
        with walked(tabs, proxy) as tab:
            paint_gene(tab, proxy.address + PREFIX)
        # Whoever has no password, or the path without its slash, stays there too.
        status, headers, _ = asked(proxy, f"{PREFIX}/explore", password="")
        assert (status, headers["Location"]) == (401, None)
        assert headers["WWW-Authenticate"].startswith("Basic ")
        status, headers, _ = asked(proxy, PREFIX)
        assert (status, headers["Location"]) == (308, f"{PREFIX}/")
        # What programs are given to run names the host that readers see.
        film = f"{PREFIX}/api/v1/atlases/test/python/stages.py?view=film&of=genes:MYH7,NPPA"
        scores = f"{proxy.address}{PREFIX}/api/v1/atlases/test/scores.csv"
        assert scores in asked(proxy, film)[2]
