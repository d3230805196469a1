"""A Redis of the tests' own: with a password, kept on disk, stopped and started as they need."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import time
from pathlib import Path

find_port = runpy.run_path(str(Path(__file__).parents[1] / "ports.py"))["find_port"]
# Looked for in everything that is shown or logged. Written as it is in the address.
PASSWORD = "geheim-7f3a9c"
PATIENCE = 60.0


def program() -> str | None:
    return shutil.which("redis-server")


class RedisServer:
    """One server process under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port: int = find_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def address(self, database: int = 0, password: str = PASSWORD) -> str:
        return f"redis://:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        found = program()
        assert found is not None
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "requirepass": PASSWORD,
            "dir": self.folder,
            "appendonly": "yes",
            "save": "",
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([found, *words], stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < until, (self.folder / "redis.log").read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.address()) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None
