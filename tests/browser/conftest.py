"""A real Chromium on a real server. A console error fails the test that caused it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 30.0


def find_chromium() -> str | None:
    """ATLAS_CHROMIUM, else the first browser on the path."""
    given = os.environ.get("ATLAS_CHROMIUM")
    return given or next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = find_chromium()
    if path is None:
        found = f"no Chromium: looked for {', '.join(NAMES)} and $ATLAS_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(found)
        pytest.skip(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tiny_atlas: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a served atlas, without a slash at its end."""
    yield from serve(tiny_atlas, tmp_path_factory.mktemp("jobs"))


def serve(store: Path, jobs: Path) -> Iterator[str]:
    from werkzeug.serving import make_server

    from atlas_app.app import create_app
    from atlas_app.settings import Settings

    app = create_app(Settings(stores=(store,), job_folder=jobs))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class Tab:
    """A page of the browser with what its console said."""

    def __init__(self, page: Any, site: str) -> None:
        self.page = page
        self.site = site
        self.faults: list[str] = []
        page.on("console", lambda m: m.type == "error" and self.faults.append(m.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, address: str) -> Tab:
        self.page.goto(self.site + address)
        return self

    def until(self, script: str, argument: Any = None, patience: float = PATIENCE) -> Any:
        """Ask until the answer is true. The page forbids eval, which a wait inside it needs."""
        end = time.monotonic() + patience
        while True:
            answer = self.page.evaluate(script, argument)
            if answer:
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"still not so after {patience} s: {script}")
            self.page.wait_for_timeout(25)

    def forgive(self, text: str) -> None:
        """Take away the console errors holding `text`; there must be one."""
        kept = [fault for fault in self.faults if text not in fault]
        assert len(kept) < len(self.faults), f"no console error about {text!r}: {self.faults}"
        self.faults[:] = kept


@pytest.fixture(scope="session")
def shared_context(browser: Any) -> Iterator[Any]:
    """One profile for all plain pages, so that scripts are fetched and compiled once."""
    context = browser.new_context(color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def tab(browser: Any, shared_context: Any, site: str) -> Iterator[Callable[..., Tab]]:
    """Opens pages: `tab("/explore", width=390, dark=True)`; fails the test on a console error."""
    opened: list[Tab] = []
    contexts: list[Any] = []

    def open_tab(
        address: str | None = None,
        *,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
        script: str = "",
        **options: Any,
    ) -> Tab:
        context = shared_context
        if dark or script or options:
            scheme = "dark" if dark else "light"
            context = browser.new_context(color_scheme=scheme, **options)
            contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        new = Tab(page, site)
        opened.append(new)
        return new.open(address) if address is not None else new

    yield open_tab
    faults = [fault for each in opened for fault in each.faults]
    for each in opened:
        each.page.close()
    for context in contexts:
        context.close()
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
