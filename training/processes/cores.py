"""Parts of a computation side by side, on as many cores as torch may take.

NumPy, SciPy and torch let go of the interpreter while they compute, so that threads get on beside
each other. Each product is held to one core meanwhile: those of a block are too small to be shared,
and cores that wait for each other in every product take processor time for nothing. What comes out
therefore rests on the parts alone, and not on how many cores there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import Event, Lock, Semaphore
from typing import Any, Protocol, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")
Result = TypeVar("Result")


class ForEach(Protocol):
    """Results of `work` for each of the parts, in their order; several `parts` go as in `map`."""

    def __call__(self, work: Callable[..., Result], *parts: Iterable[Any]) -> list[Result]: ...


@contextmanager
def share_cores() -> Iterator[ForEach]:
    """A `ForEach` that works on several parts at once, and on parts of parts while cores are free.

    It takes all cores that the process may use, unless OMP_NUM_THREADS or `torch.set_num_threads`
    say fewer. The first error of a part is raised when those that had begun have ended; no others
    begin, and of parts of parts none either.
    """
    import torch
    from threadpoolctl import threadpool_limits

    sharing = _sharing.get()
    if sharing is not None:
        yield sharing.for_each
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(4 * threads) as pool:
            sharing = _Sharing(pool, threads)
            token = _sharing.set(sharing)
            try:
                yield sharing.for_each
            finally:
                _sharing.reset(token)
    finally:
        torch.set_num_threads(threads)


def do_both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What two computations return that need nothing of each other."""
    with share_cores() as for_each:
        one, other = for_each(lambda work: work(), [first, second])
    return one, other


class _Sharing:
    """Threads of a pool; with the caller's no more compute at once than there are cores."""

    def __init__(self, pool: ThreadPoolExecutor, n_cores: int) -> None:
        self._pool, self._n_cores, self._cores = pool, n_cores, Semaphore(n_cores - 1)

    def for_each(self, work: Callable[..., Result], *parts: Iterable[Any]) -> list[Result]:
        tasks = list(zip(*parts, strict=True))
        results: list[Any] = [None] * len(tasks)
        left = iter(range(len(tasks)))
        lock, over = Lock(), Event()
        errors: list[BaseException] = []

        def go_on() -> None:
            # A part that shares its own parts ends when one beside it, or one above, has failed.
            events = (*_events.get(), over)
            token = _events.set(events)
            try:
                while True:
                    with lock:
                        index = next(left, None)
                    if index is None:
                        return
                    if any(event.is_set() for event in events):
                        raise _OverError
                    results[index] = work(*tasks[index])
            except BaseException as error:
                errors.append(error)
                over.set()
            finally:
                _events.reset(token)

        def help_out() -> None:
            with self._cores:
                go_on()

        # A thread that helps here may need help itself, and knows by its context whom to ask.
        helpers = [
            self._pool.submit(copy_context().run, help_out) for _ in tasks[1 : self._n_cores]
        ]
        go_on()
        begun = [each for each in helpers if not each.cancel()]
        try:
            self._wait(begun)
        except BaseException:
            over.set()
            raise
        if errors:
            raise min(errors, key=lambda error: isinstance(error, _OverError))
        return results

    def _wait(self, helpers: list[Future[None]]) -> None:
        """Until they have ended; the own core is another's meanwhile."""
        self._cores.release()
        try:
            for each in helpers:
                each.result()
        finally:
            self._cores.acquire()


class _OverError(Exception):
    """Another part failed: what this one would find is of no use."""


_sharing: ContextVar[_Sharing | None] = ContextVar("_sharing", default=None)
_events: ContextVar[tuple[Event, ...]] = ContextVar("_events", default=())
