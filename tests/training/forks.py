"""A program that tests start: what it imports once, all that it forks have imported.

    python forks.py

For every line of JSON [LOG, ARGUMENT, ...] it starts the command line with these arguments as a
process of its own that writes to LOG, says its number, and when it has ended its exit status: minus
the signal's number where one ended it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

# Imported by a fit, if late: a second or two of each process.
IMPORTED = ("training.fit", "training.network.trainer", "training.processes.joint")
IMPORTED += ("torch._dynamo", "umap", "scanpy", "matplotlib.figure")


def run(log: str, arguments: list[str]) -> None:
    """Be `atlas ARGUMENTS`."""
    from training.cli import main

    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["atlas", *arguments]
    main()


def serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    while line := sys.stdin.readline():
        log, *arguments = json.loads(line)
        number = os.fork()
        if number == 0:
            run(log, arguments)
            return
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
