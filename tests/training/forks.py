"""Programs that tests start by forking one that has done its imports once; read through `runpy`.

    python forks.py

For every line of JSON, a list of [ENVIRONMENT, LOG, ARGUMENT, ...], it starts as many processes at
once: the command line with these arguments, or the script that is the first of them, with what
ENVIRONMENT adds, writing to LOG. It says their numbers in a line of JSON, and when all have ended
their exit statuses in another: minus the signal's number where one ended it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

# Imported by a fit, if late: a second or two of each process.
IMPORTED = ("training.cli", "training.fit", "training.network.trainer", "training.network.joint")
IMPORTED += ("torch._dynamo", "umap", "scanpy", "matplotlib.figure")
PATIENCE = 900.0


class Forks:
    """Starts programs, each a process of its own that has its imports done."""

    def __init__(self, server: subprocess.Popen[bytes], folder: Path) -> None:
        self._server = server
        self._folder = folder

    def run(
        self,
        *programs: list[str],
        environments: list[dict[str, str]] | None = None,
        ready: Callable[[], bool] = lambda: False,
        act: Callable[[int], None] = lambda number: os.kill(number, signal.SIGKILL),
    ) -> list[int]:
        """Run programs at once; their exit statuses.

        The moment `ready` holds `act`, SIGKILL unless told, is done to the process of each. When
        they take too long they get SIGKILL.
        """
        asked: list[list[Any]] = []
        for index, arguments in enumerate(programs):
            log = self._log(index)
            log.write_text("")
            asked.append([environments[index] if environments else {}, str(log), *arguments])
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked).encode() + b"\n")
        numbers = json.loads(self._server.stdout.readline())
        deadline = time.monotonic() + PATIENCE
        # Waiting for processes is the server's part: until then their numbers are nobody else's.
        ended = selectors.DefaultSelector()
        ended.register(self._server.stdout, selectors.EVENT_READ)
        waiting = True
        while not ended.select(0.002):
            late = time.monotonic() > deadline
            if late or (waiting and ready()):
                for number in numbers:
                    with suppress(ProcessLookupError):
                        os.kill(number, signal.SIGKILL) if late else act(number)
                waiting = False
            if late:
                break
        ended.close()
        statuses: list[int] = json.loads(self._server.stdout.readline())
        return statuses

    def kill_when(self, arguments: list[str], ready: Callable[[], bool]) -> None:
        """Run a program that `ready` holds of before it ends, and kill it then."""
        assert self.run(arguments, ready=ready) == [-signal.SIGKILL], self.told()

    def told(self, index: int = 0) -> str:
        """What a program of those that were started last has written."""
        return self._log(index).read_text()

    def _log(self, index: int) -> Path:
        return self._folder / f"told-{index}"


@contextmanager
def opened(folder: Path) -> Iterator[Forks]:
    """Something that starts programs, with their logs in `folder`."""
    # One thread: the same sums in the same order whatever the machine has to spare.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    server = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=environment,
    )
    yield Forks(server, folder)
    server.communicate()


def run(environment: dict[str, str], log: str, arguments: list[str]) -> None:
    """Be `atlas ARGUMENTS`, or the script of this name."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(environment)
    if arguments[0].endswith(".py"):
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
        return
    from training.cli import main

    sys.argv = ["atlas", *arguments]
    main()


def status_of(run_it: Callable[[], None]) -> int:
    """The exit status of a program that is run."""
    try:
        run_it()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    # What is imported is not looked through for garbage, nor taken apart at an end: either would
    # have a process copy all of it, for seconds.
    gc.freeze()
    while line := sys.stdin.readline():
        numbers = []
        for environment, log, *arguments in json.loads(line):
            number = os.fork()
            if number == 0:
                os._exit(status_of(partial(run, environment, log, arguments)))
            numbers.append(number)
        print(json.dumps(numbers), flush=True)
        ended = [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in numbers]
        print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    serve()
