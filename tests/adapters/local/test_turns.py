from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from groundtruth.adapters.local.turns import MOST, Turns
from groundtruth.domain.errors import ObjectNotFound


class Work:
    """Remembers what it was called with; the first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, ids: Sequence[str]) -> None:
        self.calls.append(list(ids))
        self.has_begun.set()
        assert self.may_go_on.wait(10)
        if "bad" in ids:
            raise ObjectNotFound("upload", "bad")
        if "interrupt" in ids:
            raise KeyboardInterrupt


def start(pool: ThreadPoolExecutor, turns: Turns, work: Work, *callers: list[str]) -> list[Future[None]]:
    """Have callers wait for the one that is served first."""
    futures = [pool.submit(turns.run, ["first"])]
    assert work.has_begun.wait(10)
    for place, ids in enumerate(callers, 1):
        futures.append(pool.submit(turns.run, ids))
        while len(turns._waiting) < place:
            threading.Event().wait(0.001)
    work.may_go_on.set()
    return futures


def test_those_who_wait_are_served_together() -> None:
    work = Work()
    turns = Turns(work)
    with ThreadPoolExecutor(8) as pool:
        for future in start(pool, turns, work, ["a", "b"], ["c"], ["b", "d"]):
            future.result(10)
    assert work.calls == [["first"], ["a", "b", "c", "d"]]


def test_everyone_gets_their_own_answer() -> None:
    work = Work()
    turns = Turns(work)
    with ThreadPoolExecutor(8) as pool:
        first, good, bad, other = start(pool, turns, work, ["good"], ["x", "bad"], ["other"])
        for future in (first, good, other):
            future.result(10)
        with pytest.raises(ObjectNotFound):
            bad.result(10)
    assert work.calls == [["first"], ["good", "x", "bad", "other"], ["good"], ["x", "bad"], ["other"]]


def test_an_interrupt_is_nobody_elses() -> None:
    work = Work()
    turns = Turns(work)
    with ThreadPoolExecutor(8) as pool:
        first, interrupted, good = start(pool, turns, work, ["interrupt"], ["good"])
        first.result(10)
        outcomes = {type(future.exception(10)) for future in (interrupted, good)}
    # Whoever served the others is interrupted; the other one does it again, and alone.
    assert KeyboardInterrupt in outcomes
    turns.run(["after"])
    assert work.calls[-1] == ["after"]


def test_served_together_are_not_too_many() -> None:
    work = Work()
    turns = Turns(work)
    with ThreadPoolExecutor(MOST + 20) as pool:
        for future in start(pool, turns, work, *([str(number)] for number in range(MOST + 10))):
            future.result(10)
    assert max(map(len, work.calls)) == MOST
    assert sorted(one for call in work.calls for one in call) == sorted(["first", *map(str, range(MOST + 10))])
