"""Child processes that end when the one that started them is gone."""

from __future__ import annotations

import multiprocessing
import os
import threading

ORPHANED = 1
"""Exit status of a child that was left alone."""


def end_with_parent() -> None:
    """Called in a child of `multiprocessing`: end it, whatever it does, once its parent has ended.

    A parent that is killed cannot end its children, and nobody waits for what they find.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(ORPHANED)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
