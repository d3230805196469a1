"""Parts side by side: in order, alike on any number of cores, and on no more than there are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from training.processes.cores import do_both, share_cores


@pytest.fixture(params=[1, 2, 3])
def cores(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    assert torch.get_num_threads() == request.param
    torch.set_num_threads(before)


class Watched:
    """Work that knows how much of it went on at once, at most."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()

    def __call__(self, part: int) -> int:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.005)
        with self._lock:
            self._now -= 1
        return part**2


def test_results_come_in_the_order_of_parts(cores: int) -> None:
    work = Watched()
    with share_cores() as for_each:
        assert for_each(work, range(20)) == [part**2 for part in range(20)]
        assert for_each(lambda a, b: a - b, [5, 6], [1, 3]) == [4, 3]
        assert for_each(work, []) == []
    assert work.most == cores


def test_parts_of_parts_take_no_more_cores_but_those_that_are_free(cores: int) -> None:
    work = Watched()

    def square(parts: range) -> list[int]:
        with share_cores() as for_each:
            return for_each(work, parts)

    short, long = do_both(lambda: square(range(3)), lambda: square(range(40)))
    assert short == [0, 1, 4]
    assert long == [part**2 for part in range(40)]
    assert work.most == cores


def test_the_first_error_ends_it(cores: int) -> None:
    begun = []

    def fail(part: int) -> None:
        begun.append(part)
        time.sleep(0.002)
        if part == 3:
            raise ValueError("part 3")

    with pytest.raises(ValueError, match="part 3"), share_cores() as for_each:
        for_each(fail, range(500))
    assert len(begun) < 20


def test_products_are_held_to_one_core_meanwhile(cores: int) -> None:
    def look(part: int) -> tuple[int, set[int]]:
        blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        return torch.get_num_threads(), set(blas)

    if cores == 1:
        return
    with share_cores() as for_each:
        assert for_each(look, range(6)) == [(1, {1})] * 6


def test_bits_do_not_depend_on_the_number_of_cores() -> None:
    values = np.random.default_rng(0).normal(size=(64, 300, 300)).astype(np.float32)
    found = []
    before = torch.get_num_threads()
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        with share_cores() as for_each:
            found.append(np.stack(for_each(lambda part: part @ part.T, values)))
    torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
