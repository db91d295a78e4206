"""Threads that work off requests drawn one by one.

Unlike a general runner this pool tells its threads to give up what they are doing when it ends early, and does
not wait for one that sits in a call it cannot leave, such as reading from a silent server.

Light work that is quick, such as copying a small file, is done on the spot: threads that make many small calls to
the operating system spend most of their time handing the interpreter lock to each other, and giving work to
another thread costs as much as doing it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")
R = TypeVar("R")

GRACE = 2.0
"""Seconds that threads get to stop. One that needs longer ends by itself, without finishing its work."""

QUICK = 0.005
"""Seconds. Work that takes longer is mostly waiting, which many threads do at once."""

SLOW_IN_A_ROW = 4
"""One piece that takes long says little: the machine may just have been busy."""

PATIENCE = (32, 4096)
"""How many pieces of light work go to the threads when it is slow: at first, and at most."""


class Cancelled(Exception):
    """Raised in a thread whose work is no longer wanted."""


@attrs.define
class Pace:
    """Decides where light work is done, by how long it took lately."""

    _patience: int = PATIENCE[0]
    _left: int = 0
    _slow: int = 0

    def is_quick(self) -> bool:
        """True if the next piece should be done on the spot."""
        if not self._left:
            return True
        self._left -= 1
        return False

    def took(self, seconds: float) -> None:
        """Learn how long a piece done on the spot took."""
        if seconds <= QUICK:
            self._slow, self._patience = 0, PATIENCE[0]
            return
        self._slow += 1
        if self._slow == SLOW_IN_A_ROW:
            self._slow, self._left, self._patience = 0, self._patience, min(2 * self._patience, PATIENCE[1])


class Pool(Generic[T, R]):
    """Up to `workers` threads. `cancelled` is set when it ends; a thread may raise `Cancelled` then."""

    def __init__(
        self,
        function: Callable[[T], R],
        workers: int,
        cancelled: threading.Event,
        is_light: Callable[[T], bool] = lambda _: False,
        grace: float = GRACE,
    ) -> None:
        self._function = function
        self._workers = workers
        self._cancelled = cancelled
        self._is_light = is_light
        self._grace = grace
        self._pace = Pace()
        self._tasks: SimpleQueue[tuple[T, bool] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[R, BaseException | None, bool]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._given = self._light_given = 0

    def run(self, inputs: Iterable[T]) -> Iterator[R]:
        """Results in the order in which they come; at most two inputs per worker are drawn ahead of them."""
        ahead = 2 * self._workers
        try:
            for value in inputs:
                light = self._is_light(value)
                if light and self._pace.is_quick():
                    # Threads that are busy with the like would make this piece look slow.
                    while self._light_given:
                        yield self._take()
                    yield self._do(value)
                else:
                    self._give(value, light)
                while self._given and (self._given >= ahead or not self._done.empty()):
                    yield self._take()
            while self._given:
                yield self._take()
        finally:
            self._dismiss()

    def _do(self, value: T) -> R:
        start = time.perf_counter()
        try:
            return self._function(value)
        finally:
            self._pace.took(time.perf_counter() - start)

    def _give(self, value: T, light: bool) -> None:
        if len(self._threads) < self._workers:
            thread = threading.Thread(target=self._work, name=f"transfer-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._tasks.put((value, light))
        self._given += 1
        self._light_given += light

    def _take(self) -> R:
        result, error, light = self._done.get()
        self._given -= 1
        self._light_given -= light
        if error is not None:
            raise error
        return result

    def _dismiss(self) -> None:
        self._cancelled.set()
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + self._grace
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self._cancelled.is_set():
            value, light = task
            try:
                self._done.put((self._function(value), None, light))
            except Cancelled:
                return
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that takes the results
                self._done.put((None, error, light))  # type: ignore[arg-type]
