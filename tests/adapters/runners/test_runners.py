from __future__ import annotations

import gc
import threading

import pytest

from groundtruth.adapters.runners import InlineRunner, ThreadRunner
from groundtruth.domain.errors import InvalidInput
from groundtruth.testing.runner import RunnerContract


class TestThreads(RunnerContract):
    ahead = 16

    def make_runner(self) -> ThreadRunner:
        return ThreadRunner(workers=8)


class TestOneThread(RunnerContract):
    ahead = 1

    def make_runner(self) -> ThreadRunner:
        return ThreadRunner(workers=1, ahead=1)


class TestInline(RunnerContract):
    ahead = 1

    def make_runner(self) -> InlineRunner:
        return InlineRunner()


def runner_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("runner-")]


def test_as_many_threads_as_workers_run_at_once() -> None:
    barrier = threading.Barrier(4)
    # Would hang (and time out) if fewer than four ran at once.
    assert list(ThreadRunner(workers=4).map(lambda _: barrier.wait(10), range(4)))


def test_no_more_threads_than_workers_or_inputs() -> None:
    seen: set[int] = set()
    list(ThreadRunner(workers=3).map(lambda _: seen.add(threading.get_ident()), range(300)))
    assert len(seen) <= 3
    results = ThreadRunner(workers=8).map(abs, [1, 2])
    next(results)
    assert len(runner_threads()) == 2
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("end", ["exhausted", "closed", "forgotten", "failed"])
def test_no_thread_is_left(end: str) -> None:
    results = ThreadRunner(workers=4).map(lambda number: 1 // (3 - number if end == "failed" else 1), range(50))
    next(results)
    if end == "exhausted":
        list(results)
    elif end == "closed":
        results.close()  # type: ignore[attr-defined]
    elif end == "failed":
        with pytest.raises(ZeroDivisionError):
            list(results)
    del results
    gc.collect()
    assert runner_threads() == []


def test_work_under_way_is_finished_before_an_error_comes_out() -> None:
    begun, release, finished = threading.Event(), threading.Event(), threading.Event()

    def function(number: int) -> None:
        if number == 0:
            begun.wait(10)
            threading.Timer(0.05, release.set).start()
            raise LookupError
        begun.set()
        release.wait(10)
        finished.set()

    with pytest.raises(LookupError):
        list(ThreadRunner(workers=2).map(function, range(2)))
    assert finished.is_set()


def test_system_exit_of_a_function_is_not_swallowed() -> None:
    with pytest.raises(SystemExit):
        list(ThreadRunner(workers=2).map(lambda _: exit(3), range(2)))


@pytest.mark.parametrize(("workers", "ahead"), [(0, 1), (1, 0), (-1, 5)])
def test_a_runner_without_workers_is_refused(workers: int, ahead: int) -> None:
    with pytest.raises(InvalidInput):
        ThreadRunner(workers=workers, ahead=ahead)
