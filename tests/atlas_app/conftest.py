"""A small atlas with simple numbers, a query, and apps around them."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_app.app import create_app
from atlas_app.genesets.scorer import SetScorer
from atlas_app.settings import Settings
from atlas_app.stages.cells import group_spots
from training.store import Atlas, open_atlas

HERE = Path(__file__).parent
SMALL = runpy.run_path(str(HERE / "small_atlas.py"))
REDIS = runpy.run_path(str(HERE / "redis_server.py"))
MadeOnce = Callable[[str, Callable[[Path], None]], Path]
PANELS = runpy.run_path(str(HERE / "panels_atlas.py"))


@pytest.fixture(scope="session")
def store(small_stores: list[Path]) -> Path:
    return small_stores[0]


@pytest.fixture(scope="session")
def bare_store(small_stores: list[Path]) -> Path:
    """A store whose builder left the card empty."""
    return small_stores[1]


@pytest.fixture(scope="session")
def atlas(store: Path) -> Atlas:
    return open_atlas(store)


@pytest.fixture(scope="session")
def panels(made_once: MadeOnce) -> Atlas:
    """160 genes, of which one slice did not measure 30."""
    folder = made_once("panels", lambda at: PANELS["write_panels"](at / "panels.atlas.zarr"))
    return open_atlas(folder / "panels.atlas.zarr")


@pytest.fixture(scope="session")
def scorer(panels: Atlas) -> SetScorer:
    """A scorer of the atlas in which one slice lacks some genes."""
    return SetScorer(panels, lambda: group_spots(panels).counts_in(None))


@pytest.fixture(scope="session")
def query(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A query of two slices whose spots are mixed in the file."""
    return SMALL["write_query"](tmp_path_factory.mktemp("queries") / "my section.h5ad")


def standin(mode: str) -> tuple[str, ...]:
    """A worker that is not the projection: it does what `mode` says (see the script)."""
    return (sys.executable, str(HERE / "standin_worker.py"), mode)


@pytest.fixture
def settings_for(store: Path, tmp_path: Path) -> Callable[..., Settings]:
    def make(mode: str = "ok", **given: Any) -> Settings:
        values: dict[str, Any] = {
            "stores": (store,),
            "job_folder": tmp_path / "jobs",
            "worker_command": standin(mode),
        }
        return Settings(**(values | given))

    return make


@pytest.fixture
def client_for(settings_for: Callable[..., Settings]) -> Callable[..., Any]:
    def make(mode: str = "ok", **given: Any) -> Any:
        return create_app(settings_for(mode, **given)).server.test_client()

    return make


@pytest.fixture(scope="session")
def asked_app(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One app for all tests that only ask it: making one takes a fifth of a second."""
    settings = Settings(stores=(store,), job_folder=tmp_path_factory.mktemp("asked") / "jobs")
    return create_app(settings).server


@pytest.fixture
def client(asked_app: Any) -> Any:
    """For tests that leave nothing behind and send little; others take `client_for()`."""
    return asked_app.test_client()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Redis with a password, see redis_server.py; tests that take it are skipped without one."""
    if REDIS["program"]() is None:
        assert not os.environ.get("CI"), "no redis-server: .ci/redis installs one"
        pytest.skip("no redis-server on the PATH; .ci/redis installs one")
    server = REDIS["RedisServer"](tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()
