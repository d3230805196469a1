"""A child does not outlive the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """
import multiprocessing, time
from training.processes.orphans import end_with_parent

def stay(watched):
    if watched:
        end_with_parent()
    time.sleep(60)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=stay, args=(watched,)) for watched in (True, False)]
    for child in children:
        child.start()
    time.sleep(2)
    print(*(child.pid for child in children), flush=True)
    time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_child_ends_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    watched, other = map(int, parent.stdout.readline().split())
    parent.stdout.close()
    try:
        assert is_alive(watched)
        parent.kill()
        parent.wait()
        until = time.monotonic() + 20
        while is_alive(watched) and time.monotonic() < until:
            time.sleep(0.05)
        assert not is_alive(watched)
        # Without the watch it would have stayed.
        assert is_alive(other)
    finally:
        os.kill(other, 9)
