"""A port for a server that is told its port, or comes back at the one it had; read by tests through
`runpy`."""

from __future__ import annotations

import random
import socket

# Below those that systems give to whoever asks for any, which could be given away meanwhile.
LOWEST, HIGHEST = 20_000, 32_000


def find_port() -> int:
    """A port of this machine that nobody has."""
    # Not of the seed of a test: processes that test at once would find the same.
    for port in random.SystemRandom().sample(range(LOWEST, HIGHEST), 200):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"no free port from {LOWEST} to {HIGHEST}")
