"""What all tests share: the built-in slices, an atlas fitted to them, real data where it is, object
storage of one's own."""

from __future__ import annotations

import gc
import logging
import os
import re
import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

find_port = runpy.run_path(str(Path(__file__).with_name("ports.py")))["find_port"]
# Before anything loads an OpenMP runtime: spinning threads slow a shared machine several times.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # several processes at once: one thread for each
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# As the command line does, and before it: numba takes no other number once it has threads.
if os.environ.get("OMP_NUM_THREADS", "").isdigit():
    os.environ.setdefault("NUMBA_NUM_THREADS", os.environ["OMP_NUM_THREADS"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests begin, or one process would be busy with the last when others ended.

    Those of the browser are spread over the rest: several browsers at once hinder each other.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    files = list(dict.fromkeys(item.path for item in items))
    browsers = [path for path in files if path.parent.name == "browser"]
    others = [path for path in files if path.parent.name != "browser"]
    place = {
        path: (path not in slow, index / len(group))
        for group in (browsers, others)
        for index, path in enumerate(group)
    }
    items.sort(key=lambda item: place[item.path])


def pytest_collection_finish() -> None:
    """What imports and collection made stays: the search for garbage, else a twentieth of the time
    of tests, passes it over."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def unflushed() -> Iterator[None]:
    """Files of this process are not forced onto the disk: only a loss of power would tell, and a
    store takes up to a third longer to write."""

    def flush(handle: int) -> None:
        os.fstat(handle)  # what is no open file is still refused

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", flush)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real slices; the test is skipped where ATLAS_TEST_DATA does not name one."""
    named = os.environ.get("ATLAS_TEST_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("ATLAS_TEST_DATA does not name a folder of real slices")
    return Path(named).resolve()


class ObjectStorage(logging.Handler):
    """An S3 server in this process; `requests` are those it got, such as 'GET /bucket/key 206'."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []
        self.port: int = find_port()
        self.start()

    def start(self) -> None:
        """Answer, at the same port as before."""
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        """Answer no more; what is stored stays."""
        self._server.stop()

    def put(self, store: Path, bucket: str, name: str = "") -> str:
        """Copy a store into a bucket, made public if it is not there; its URL."""
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3.models import get_canned_acl, s3_backends

        # What the server hands out, reached without a request for every file.
        stored, public = s3_backends[DEFAULT_ACCOUNT_ID]["aws"], get_canned_acl("public-read")
        if bucket not in stored.buckets:
            stored.create_bucket(bucket, "us-east-1")
            stored.put_bucket_acl(bucket, public)
        name = name or store.name
        for path in store.rglob("*"):
            if path.is_file():
                key = f"{name}/{path.relative_to(store).as_posix()}"
                stored.put_object(bucket, key, path.read_bytes()).set_acl(public)
        return f"s3://{bucket}/{name}"

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP\S+ (\d+)", record.getMessage())
        if found:
            self.requests.append(" ".join(found.groups()))


@pytest.fixture(scope="session")
def object_storage() -> Iterator[ObjectStorage]:
    """The server that s3:// means while tests run; tests that stop it start it again."""
    log = logging.getLogger("werkzeug")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        storage = ObjectStorage()
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{storage.port}")
        patch.setattr(log, "propagate", False)
        log.setLevel(logging.INFO)
        log.addHandler(storage)
        yield storage
        log.removeHandler(storage)
        storage.stop()


MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)`: a folder that `make` filled, once for all processes of a run.

    The first to ask makes it while others that ask for the same wait; nobody may write to it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def give(name: str, make: Callable[[Path], None]) -> Path:
        folder, whole = shared / f"once-{name}", shared / f"once-{name}.whole"
        with FileLock(shared / f"once-{name}.lock"):
            if not whole.exists():
                folder.mkdir(exist_ok=True)
                make(folder)
                whole.touch()
        return folder

    return give


@pytest.fixture(scope="session")
def small_stores(made_once: MadeOnce) -> list[Path]:
    """Two atlases of 300 spots by no fit, `test` and `bare` of no card; read-only."""
    small = runpy.run_path(str(Path(__file__).parent / "atlas_app" / "small_atlas.py"))
    folder = made_once("small", small["write_stores"])
    return [folder / "test.atlas.zarr", folder / "bare.atlas.zarr"]


@pytest.fixture(scope="session")
def tiny_slices(made_once: MadeOnce) -> Path:
    """The built-in series at preset tiny: 12 slices of 6 stages, with truth.npz beside them."""
    from training.synthetic.simulate import write_simulation

    return made_once("tiny", lambda at: write_simulation(at / "slices", "tiny", seed=0)) / "slices"


@pytest.fixture(scope="session")
def few_slices(tiny_slices: Path, made_once: MadeOnce) -> Path:
    """Four of `tiny_slices`, two of either of two stages: enough where a fit is only to work."""

    def pick(folder: Path) -> None:
        for name in ("E11.5_A", "E11.5_B", "E12.5_A", "E12.5_B"):
            shutil.copy(tiny_slices / f"{name}.h5ad", folder)

    return made_once("few", pick)


@pytest.fixture(scope="session")
def tiny_atlas(tiny_slices: Path, made_once: MadeOnce) -> Path:
    """An atlas fitted to `tiny_slices` with few steps; read-only, shared by all tests."""
    from training.config import load_config
    from training.fit import fit_atlas

    settings = ["train.steps=150", "model.n_factors=16", "atlas.title=A tiny embryo"]

    def fit(folder: Path) -> None:
        out = folder / "tiny.atlas.zarr"
        fit_atlas(tiny_slices, out, load_config(None, settings), device="cpu")

    return made_once("atlas", fit) / "tiny.atlas.zarr"
