from __future__ import annotations

import threading
import time

import pytest

from groundtruth.adapters.transfer.pool import PATIENCE, QUICK, SLOW_IN_A_ROW, Cancelled, Pace, Pool


def pool_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("transfer-")]


def test_quick_light_work_needs_no_thread() -> None:
    pool = Pool(lambda _: threading.get_ident(), 4, threading.Event(), lambda _: True)
    assert set(pool.run(range(100))) == {threading.get_ident()}


def test_light_work_that_takes_long_goes_to_the_threads() -> None:
    def slow(_: int) -> int:
        time.sleep(2 * QUICK)
        return threading.get_ident()

    pool = Pool(slow, 4, threading.Event(), lambda _: True)
    places = list(pool.run(range(SLOW_IN_A_ROW + PATIENCE[0])))
    assert len(places) == SLOW_IN_A_ROW + PATIENCE[0]
    assert places.count(threading.get_ident()) == SLOW_IN_A_ROW


def test_light_work_that_is_quick_again_leaves_the_threads() -> None:
    pauses = iter([2 * QUICK] * SLOW_IN_A_ROW)

    def function(_: int) -> int:
        time.sleep(next(pauses, 0))
        return threading.get_ident()

    places = list(Pool(function, 4, threading.Event(), lambda _: True).run(range(500)))
    assert len(places) == 500
    assert places.count(threading.get_ident()) > 250


def test_light_work_is_tried_on_the_spot_less_and_less_often_and_at_once_again() -> None:
    pace = Pace()
    tries = []
    for number in range(10_000):
        if pace.is_quick():
            pace.took(1.0)
            tries.append(number)
    assert tries[::SLOW_IN_A_ROW] == [0, 36, 104, 236, 496, 1012, 2040, 4092, 8192]
    assert tries[1::SLOW_IN_A_ROW] == [number + 1 for number in tries[::SLOW_IN_A_ROW]]
    while not pace.is_quick():
        pass
    pace.took(0.0)
    for slow in (1.0, 0.0, 1.0, 0.0):
        assert pace.is_quick()
        pace.took(slow)
    for _ in range(SLOW_IN_A_ROW):
        pace.took(1.0)
    assert [pace.is_quick() for _ in range(PATIENCE[0] + 1)] == [False] * PATIENCE[0] + [True]


def test_a_thread_that_cannot_stop_is_not_waited_for() -> None:
    release, cancelled = threading.Event(), threading.Event()

    def function(number: int) -> int:
        if number == 0:
            release.wait(10)
            if cancelled.is_set():
                raise Cancelled
        return number

    results = Pool(function, 2, cancelled, grace=0.01).run(iter(range(10)))
    assert next(results) == 1
    results.close()  # type: ignore[attr-defined]
    assert cancelled.is_set()
    (stuck,) = pool_threads()
    release.set()
    stuck.join(10)
    assert pool_threads() == []


def test_an_error_of_light_work_ends_it() -> None:
    pool = Pool(lambda number: 1 // (3 - number), 2, threading.Event(), lambda _: True)
    with pytest.raises(ZeroDivisionError):
        list(pool.run(range(10)))
