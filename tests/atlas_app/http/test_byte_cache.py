"""The cache of bodies between threads: each is made once, and none waits for another key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from atlas_app.http import byte_cache
from atlas_app.http.byte_cache import ByteCache, Encoded

PATIENCE = 60.0


def held(started: threading.Event, leave: threading.Event) -> Callable[[], Encoded]:
    """A make that tells when it starts, and ends when it may."""

    def make() -> Encoded:
        started.set()
        assert leave.wait(PATIENCE)
        return Encoded(b"slow")

    return make


def test_readers_of_one_key_make_it_once() -> None:
    cache, made = ByteCache(100), []
    started, leave = threading.Event(), threading.Event()
    slow = held(started, leave)

    def make() -> Encoded:
        made.append(1)
        return slow()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(cache.get, "key", make) for _ in range(8)]
        assert started.wait(PATIENCE)
        leave.set()
        found = [each.result(PATIENCE) for each in asked]
    assert len(made) == 1
    assert all(each is found[0] for each in found)


def test_another_key_is_not_held_up() -> None:
    cache = ByteCache(100)
    started, leave = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cache.get, "slow", held(started, leave))
        assert started.wait(PATIENCE)
        assert cache.get("quick", lambda: Encoded(b"quick")).body == b"quick"
        assert not slow.done()
        leave.set()
        assert slow.result(PATIENCE).body == b"slow"


def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    cache = ByteCache(100)
    started, leave = threading.Event(), threading.Event()

    def fail() -> Encoded:
        started.set()
        assert leave.wait(PATIENCE)
        raise ValueError("not this time")

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(cache.get, "key", fail) for _ in range(4)]
        assert started.wait(PATIENCE)
        leave.set()
        for each in asked:
            with pytest.raises(ValueError, match="not this time"):
                each.result(PATIENCE)
    assert len(cache) == 0
    assert cache.get("key", lambda: Encoded(b"fine")).body == b"fine"


def test_many_small_bodies_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_cache, "MOST_BODIES", 3)
    cache = ByteCache(100)
    for number in range(5):
        cache.get(number, lambda: Encoded(b"x"))
    assert len(cache) == cache.size == 3
