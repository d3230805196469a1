"""A real Chromium on a real server. A console error fails the test that caused it."""

from __future__ import annotations

import itertools
import json
import os
import runpy
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from atlas_app.settings import Settings

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WAITING = runpy.run_path(str(Path(__file__).with_name("waiting.py")))
PATIENCE: float = WAITING["PATIENCE"]
BLANK = "/empty-page-of-the-tests"
"""An empty page at the address of every atlas, as a tab that leaves it begins a new process, which
compiles everything once more."""


# The page writes its address 200 ms after a movement; a timer that is set later ends later.
RESTS = """async () => {
  const before = location.href;
  await new Promise((done) => setTimeout(done, 300));
  return location.href === before;
}"""


def find_chromium() -> str | None:
    """ATLAS_CHROMIUM, else the first browser on the path."""
    given = os.environ.get("ATLAS_CHROMIUM")
    return given or next((path for path in map(shutil.which, NAMES) if path), None)


FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
"""


@contextmanager
def launched() -> Iterator[Any]:
    """A headless Chromium that has the fonts of matplotlib, the same on every machine."""
    import matplotlib
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        fonts = Path(folder) / "fonts.conf"
        ours = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        fonts.write_text(FONTS.format(fonts=ours, cache=Path(folder) / "cache"), encoding="utf-8")
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=list(FLAGS),
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if find_chromium() is None:
        found = f"no Chromium: looked for {', '.join(NAMES)} and $ATLAS_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(found)
        pytest.skip(found)
    with launched() as chromium:
        yield chromium


class Server:
    """One address for all atlases that tests of a process look at, one after another.

    A browser compiles a script once for each address that it comes from.
    """

    def __init__(self) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            """Logs no request; the log itself is left alone: other tests count requests in it."""

            def log_request(self, *_: Any) -> None:
                pass

        self._apps: list[Any] = []
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == BLANK:
            start("200 OK", [("Content-Type", "text/html")])
            return [b"<!doctype html><title>empty</title>"]
        return self._apps[-1](environ, start)

    @contextmanager
    def serving(self, settings: Settings) -> Iterator[str]:
        """The address, without a slash at its end, of what `settings` name until then."""
        from atlas_app.app import create_app

        app = create_app(settings).server
        self._apps.append(app)
        try:
            yield self.address
        finally:
            self._apps.remove(app)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    opened = Server()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def site(
    server: Server, tiny_atlas: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of a served atlas, without a slash at its end."""
    from atlas_app.settings import Settings

    settings = Settings(stores=(tiny_atlas,), job_folder=tmp_path_factory.mktemp("jobs"))
    with server.serving(settings) as address:
        yield address


class Tabs:
    """Tabs of the browser, lent to one test after another.

    A tab that was used before has its scripts compiled, which is most of what a page takes to
    open. It is handed on without the address, cookies and stored items of the test before.
    """

    def __init__(self, browser: Any, address: str) -> None:
        self._browser = browser
        self._address = address
        self._contexts: dict[str, Any] = {}
        self._free: dict[str, list[Any]] = {}
        self._numbers = itertools.count()

    @contextmanager
    def lent(
        self,
        *,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
        fresh: bool = False,
        script: str = "",
        **options: Any,
    ) -> Iterator[Any]:
        """A tab in a context of `options` where `script` runs before all pages.

        With `fresh` nothing is in its cache, and nobody gets it afterwards.
        """
        kind = f"fresh {next(self._numbers)}" if fresh else f"{script} {options}"
        if kind not in self._contexts:
            self._contexts[kind] = self._browser.new_context(**options)
            if script:
                self._contexts[kind].add_init_script(script)
        free = self._free.setdefault(kind, [])
        page = free.pop() if free else self._contexts[kind].new_page()
        page.set_viewport_size({"width": width, "height": height})
        motion = options.get("reduced_motion", "no-preference")
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion=motion)
        page.set_default_timeout(PATIENCE * 1000)
        try:
            yield page
        finally:
            if fresh:
                self._contexts.pop(kind).close()
            elif emptied(page, self._address):
                free.append(page)

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()


def emptied(page: Any, address: str) -> bool:
    """Whether a tab holds nothing of what was open any more; else it is closed.

    One that was at `address` stays there, at an empty page.
    """
    try:
        page.unroute_all(behavior="ignoreErrors")
        # Where a pointer rests, the next page would be told of it.
        page.mouse.move(0, 0)
        if page.url.startswith(address):
            page.goto(address + BLANK)
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        if not page.url.startswith(address):
            page.goto("about:blank")
        page.context.clear_cookies()
    except Exception:
        page.close()
        return False
    return True


@pytest.fixture(scope="session")
def tabs(browser: Any, server: Server) -> Iterator[Tabs]:
    opened = Tabs(browser, server.address)
    yield opened
    opened.close()


class Tab:
    """A page of the browser with what its console said."""

    def __init__(self, page: Any, site: str) -> None:
        self.page = page
        self.site = site
        self.faults: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", self._fail)

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def _fail(self, error: Any) -> None:
        self.faults.append(str(error))

    def let_go(self) -> list[str]:
        """Listen no more; what was said and not forgiven."""
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._fail)
        return self.faults

    def open(self, address: str) -> Tab:
        self.page.goto(self.site + address)
        return self

    def until(self, script: str, argument: Any = None, patience: float = PATIENCE) -> Any:
        """Ask until the answer is true."""
        return WAITING["until"](self.page, script, argument, patience)

    def resting_address(self) -> str:
        """The address once it has followed the last movement, which it does a little later."""
        self.until(RESTS)
        address: str = self.page.url
        return address

    def forgive(self, text: str) -> None:
        """Take away the console errors holding `text`; there must be one."""
        kept = [fault for fault in self.faults if text not in fault]
        assert len(kept) < len(self.faults), f"no console error about {text!r}: {self.faults}"
        self.faults[:] = kept


@pytest.fixture
def tab(tabs: Tabs, site: str) -> Iterator[Callable[..., Tab]]:
    """Opens pages: `tab("/explore", width=390, dark=True)`; fails the test on a console error."""
    opened: list[Tab] = []
    with ExitStack() as lent:

        def open_tab(address: str | None = None, **options: Any) -> Tab:
            new = Tab(lent.enter_context(tabs.lent(**options)), site)
            opened.append(new)
            return new.open(address) if address is not None else new

        yield open_tab
        faults = [fault for each in opened for fault in each.let_go()]
    assert not faults, f"the console said: {faults}"


class Canvas:
    """The canvas of a tab, and what its pixels should be."""

    def __init__(self, tab: Tab, selector: str = ".atlas-explore") -> None:
        self.tab = tab
        self.page = tab.page
        self.selector = selector
        self.page.wait_for_selector(f"{selector} .ac-root", timeout=PATIENCE * 1000)
        ready = self.ask("c.ready")
        assert ready is True

    def ask(self, expression: str, argument: Any = None) -> Any:
        """A JavaScript expression of the canvas `c` and the argument `a`."""
        return self.page.evaluate(
            "([s, a]) => { const c = document.querySelector(s).atlasCanvas; "
            f"return {expression}; }}",
            [self.selector, argument],
        )

    def wait(self, condition: str, argument: Any = None) -> None:
        self.tab.until(
            f"([s, a]) => {{ const c = document.querySelector(s).atlasCanvas; "
            f"return Boolean(c && c.applied && ({condition})); }}",
            [self.selector, argument],
        )

    def wait_color(self, color: str) -> None:
        self.wait("c.valuesColor === a && c.applied.color === a", color)

    def pixels(self, view: str = "spatial", most: int = 400) -> dict[int, tuple[int, int, int]]:
        """Colours now on the canvas in the middle of spots that no other spot covers there."""
        found = self.ask(
            "c.pixelsOf([...Array(c.n).keys()].filter(i => i % Math.ceil(c.n / a[1]) === 0), a[0])",
            [view, most],
        )
        return {spot: (rgba[0], rgba[1], rgba[2]) for spot, rgba in found}

    def background(self) -> tuple[int, int, int]:
        return tuple(self.ask("c.frame.background"))  # type: ignore[return-value]


@pytest.fixture
def canvas() -> type[Canvas]:
    return Canvas


class Http:
    """The atlas as the HTTP interface gives it."""

    def __init__(self, site: str) -> None:
        listing = json.loads(self._get(f"{site}/api/v1/atlases")[0])
        self.base = site + f"/api/v1/atlases/{listing['atlases'][0]['id']}"
        self.description = json.loads(self._get(self.base)[0])

    @staticmethod
    def _get(address: str) -> tuple[bytes, Any]:
        with urllib.request.urlopen(address) as response:
            return response.read(), response.headers

    def values(self, kind: str, name: str) -> tuple[np.ndarray, float, float]:
        body, headers = self._get(f"{self.base}/values/{kind}/{name}")
        return (
            np.frombuffer(body, np.uint8),
            float(headers["X-Atlas-Lo"]),
            float(headers["X-Atlas-Hi"]),
        )

    def spot_names(self, start: int, stop: int) -> list[str]:
        body, _ = self._get(f"{self.base}/spots?start={start}&stop={stop}")
        found: list[str] = json.loads(body)["spots"]
        return found

    def column(self, name: str) -> dict[str, Any]:
        return next(c for c in self.description["obs"] if c["name"] == name)

    def genes(self, prefix: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self._get(f"{self.base}/genes?prefix={prefix}&limit=20")[0]
        )["genes"]
        return found


@pytest.fixture(scope="session")
def http(site: str) -> Http:
    return Http(site)
