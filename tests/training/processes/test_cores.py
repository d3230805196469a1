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

PATIENCE = 60.0


@pytest.fixture(params=[1, 2, 3])
def cores(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    try:
        yield request.param
        assert torch.get_num_threads() == request.param
    finally:
        torch.set_num_threads(before)


class Watched:
    """Work that knows how much of it went on at once, at most; the first parts wait for each other,
    as many as there are to be."""

    def __init__(self, together: int) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._left = together
        self._all_there = threading.Event()

    def __call__(self, part: int) -> int:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self._left -= 1
            if self._left <= 0:
                self._all_there.set()
        assert self._all_there.wait(PATIENCE)
        time.sleep(0.001)
        with self._lock:
            self._now -= 1
        return part**2


def test_results_come_in_the_order_of_parts(cores: int) -> None:
    work = Watched(cores)
    with share_cores() as for_each:
        assert for_each(work, range(20)) == [part**2 for part in range(20)]
        assert for_each(lambda a, b: a - b, [5, 6], [1, 3]) == [4, 3]
        assert for_each(work, []) == []
    assert work.most == cores


def test_parts_of_parts_take_no_more_cores_but_those_that_are_free(cores: int) -> None:
    work = Watched(cores)

    def square(parts: range) -> list[int]:
        with share_cores() as for_each:
            return for_each(work, parts)

    short, long = do_both(lambda: square(range(3)), lambda: square(range(40)))
    assert short == [0, 1, 4]
    assert long == [part**2 for part in range(40)]
    assert work.most == cores


def test_the_first_error_ends_it(cores: int) -> None:
    begun = []
    failed = threading.Event()

    def fail(part: int) -> None:
        begun.append(part)
        if part == 3:
            failed.set()
            raise ValueError("part 3")
        if part > 3:
            assert failed.wait(PATIENCE)

    with pytest.raises(ValueError, match="part 3"), share_cores() as for_each:
        for_each(fail, range(5000))
    assert len(begun) < 2500


def test_an_error_ends_the_parts_of_the_part_beside_it(cores: int) -> None:
    begun = []
    failed = threading.Event()

    def go_on(part: int) -> None:
        begun.append(part)
        if cores > 1:
            assert failed.wait(PATIENCE)
        time.sleep(0.001)

    def share() -> None:
        with share_cores() as for_each:
            for_each(go_on, range(5000))

    def fail() -> None:
        failed.set()
        raise ValueError("beside")

    with pytest.raises(ValueError, match="beside"):
        do_both(fail, share)
    assert len(begun) < 2500


def test_an_error_that_is_mended_ends_nothing_else(cores: int) -> None:
    def mended() -> str:
        with share_cores() as for_each:
            try:
                for_each(lambda part: 1 / part, range(3))
            except ZeroDivisionError:
                return "mended"
        return "no error"

    assert do_both(mended, lambda: "beside") == ("mended", "beside")


def test_products_are_held_to_one_core_meanwhile(cores: int) -> None:
    def look(part: int) -> tuple[int, set[int]]:
        blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        return torch.get_num_threads(), set(blas)

    with share_cores() as for_each:
        assert for_each(look, range(6)) == [(1, {1})] * 6


def test_bits_do_not_depend_on_the_number_of_cores() -> None:
    values = np.random.default_rng(0).normal(size=(64, 300, 300)).astype(np.float32)
    found = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            with share_cores() as for_each:
                found.append(np.stack(for_each(lambda part: part @ part.T, values)))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
