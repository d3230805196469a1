"""The process that carries out projection jobs of one machine, one at a time.

Started by a server process in a session of its own (`python -m atlas_app.jobs.runner FOLDER`); ends
when no job waits.
"""

from __future__ import annotations

import sys
from pathlib import Path

from atlas_app.jobs.backends.machine import MachineBackend
from atlas_app.jobs.projecting import carry_out
from atlas_app.jobs.queue import JobQueue
from atlas_app.jobs.record import QUEUED


def main(folder: str) -> None:
    """Run the jobs queued under `folder` until none is left."""
    machine = MachineBackend(Path(folder))
    queue = JobQueue(Path(folder), machine)
    while any(job.state == QUEUED for job in machine.open()):
        with machine.runner_lock() as held:
            if not held:
                # The runner that holds it looks at the queue once more after letting go.
                return
            while (job := queue.take()) is not None:
                carry_out(queue, job)


if __name__ == "__main__":
    main(sys.argv[1])
