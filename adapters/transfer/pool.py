"""Threads that work off requests drawn one by one.

Unlike a general runner this pool tells its threads to give up what they are doing when it ends early, and does
not wait for one that sits in a call it cannot leave, such as reading from a silent server.

Light work that is quick, such as copying a small file, is done on the spot: threads that make many small calls to
the operating system spend most of their time handing the interpreter lock to each other, and giving work to
another thread costs as much as doing it. Work that waits for a server is begun on the spot where it can be, and
finished there when its object has come; see `ahead`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

import attrs

from .ahead import TICK, Busy, Flight, Flights
from .bundles import LANES, BundleFlight, Waiting

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)

GRACE = 2.0
"""Seconds that threads get to stop. One that needs longer ends by itself, without finishing its work."""

QUICK = 0.005
"""Seconds. Work that takes longer is mostly waiting, which many threads do at once."""

SLOW_IN_A_ROW = 4
"""One piece that takes long says little: the machine may just have been busy."""

PATIENCE = (32, 4096)
"""How many pieces of light work go to the threads when it is slow: at first, and at most."""


GLANCE = 0.005
"""Seconds waited for sockets at a time while threads are at work as well."""


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


@attrs.frozen
class _Task(Generic[R]):
    """Work for a thread; `flight` is what it goes on with."""

    work: Callable[[], R]
    light: bool
    flight: Flight[R] | None


class Bundler(Protocol[T_contra]):
    """Starts on several inputs at once, where that can be done."""

    def bundle_address(self, value: T_contra, /) -> str | None:
        """What inputs that can be started on together have in common; None: it must be alone."""
        ...

    def begin_bundle(self, address: str, values: Sequence[T_contra], tries: int, /) -> BundleFlight:
        """Start on inputs of one address, after so many tries.

        Raises:
            Busy: it cannot be done now.
        """
        ...


class Pool(Generic[T, R]):
    """Up to `workers` threads. `cancelled` is set when it ends; a thread may raise `Cancelled` then.

    `begin` starts on an input without waiting, if that can be done; `bundler` on several at once. A result is never
    None.
    """

    def __init__(
        self,
        function: Callable[[T], R],
        workers: int,
        cancelled: threading.Event,
        is_light: Callable[[T], bool] = lambda _: False,
        grace: float = GRACE,
        begin: Callable[[T], Flight[R] | None] = lambda _: None,
        bundler: Bundler[T] | None = None,
    ) -> None:
        self._function = function
        self._begin = begin
        self._workers = workers
        self._cancelled = cancelled
        self._is_light = is_light
        self._grace = grace
        self._pace = Pace()
        self._bundler = bundler
        self._waiting: Waiting[T] = Waiting()
        self._bundles: dict[BundleFlight[T, R], str] = {}
        self._again: deque[tuple[str, Sequence[T], int]] = deque()
        self._flights: Flights[Flight[R] | BundleFlight[T, R]] = Flights()
        self._landed: list[Flight[R] | BundleFlight[T, R]] = []
        self._begun: Flight[R] | None = None
        self._tasks: SimpleQueue[_Task[R] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[R, BaseException | None, bool]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._given = self._light_given = 0

    def run(self, inputs: Iterable[T]) -> Iterator[R]:
        """Results in the order in which they come.

        At most two inputs per worker are drawn ahead of them, and a few bundles.
        """
        try:
            for value in inputs:
                address = self._bundle_address(value)
                if address is None:
                    yield from self._start_alone(value)
                elif batch := self._waiting.add(address, value):
                    yield from self._start_together(address, batch)
                while self._is_full or not self._done.empty():
                    yield from self._some()
                while self._again and len(self._bundles) < LANES:
                    yield from self._start_together(*self._again.popleft())
            for address, batch in self._waiting.rest():
                yield from self._start_together(address, batch)
            while self._again or self._given or self._flying:
                yield from self._start_together(*self._again.popleft()) if self._again else self._some()
        finally:
            self._dismiss()

    def _bundle_address(self, value: T) -> str | None:
        if self._bundler is None or not self._flights.can_wait or self._waiting.is_paused():
            return None
        return self._bundler.bundle_address(value)

    def _start_together(self, address: str, batch: Sequence[T], tries: int = 0) -> Iterator[R]:
        """Start on several inputs; yields what is finished meanwhile."""
        assert self._bundler is not None
        while len(self._bundles) >= LANES:
            yield from self._some()
        while True:
            try:
                flight = self._bundler.begin_bundle(address, batch, tries)
            except Busy:
                if not self._flying:
                    self._give_all(batch)
                    return
                yield from self._land(TICK)
            else:
                self._bundles[flight] = address
                self._start(flight)
                return

    def _start_alone(self, value: T) -> Iterator[R]:
        """Start on an input, or finish it at once; yields what is finished meanwhile."""
        while self._is_busy(value):
            yield from self._land(TICK)
        flight, self._begun = self._begun, None
        light = flight is None and self._is_light(value)
        if flight is not None:
            self._start(flight)
        elif light and not self._flying and self._pace.is_quick():
            # Threads that are busy with the like would make this piece look slow.
            while self._light_given:
                yield self._take()
            yield self._do(value)
        else:
            self._give(partial(self._function, value), light)

    def _is_busy(self, value: T) -> bool:
        """Begin on an input; True if that can be tried again when something has come."""
        try:
            self._begun = self._begin(value) if self._flights.can_wait else None
        except Busy:
            return self._flying > 0
        return False

    def _start(self, flight: Flight[R] | BundleFlight[T, R]) -> None:
        if not self._flights.add(flight):
            self._landed.append(flight)

    @property
    def _flying(self) -> int:
        return len(self._flights) + len(self._landed)

    @property
    def _is_full(self) -> bool:
        return self._flying >= self._workers or self._given + self._flying >= 2 * self._workers

    def _do(self, value: T) -> R:
        start = time.perf_counter()
        try:
            return self._function(value)
        finally:
            self._pace.took(time.perf_counter() - start)

    def _give(self, work: Callable[[], R], light: bool = False, flight: Flight[R] | None = None) -> None:
        if len(self._threads) < self._workers:
            thread = threading.Thread(target=self._work, name=f"transfer-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._tasks.put(_Task(work, light, flight))
        self._given += 1
        self._light_given += light

    def _give_all(self, values: Iterable[T]) -> None:
        for value in values:
            self._give(partial(self._function, value))

    def _land(self, seconds: float) -> Iterator[R]:
        """The result of one flight, if any lands in so many seconds and needs nothing but its landing."""
        self._landed = self._landed or self._flights.wait(seconds)
        if self._landed:
            flight = self._landed.pop()
            if isinstance(flight, BundleFlight):
                yield from self._unpack(flight)
            elif flight.begun.is_whole:
                yield flight.finish()
            else:
                self._give(flight.finish, flight=flight)

    def _unpack(self, flight: BundleFlight[T, R]) -> Iterator[R]:
        """Results of what a bundle holds; the threads ask for the rest."""
        address = self._bundles.pop(flight)
        found = flight.finish()
        if found is None:
            self._again.append((address, flight.inputs, flight.tries + 1))
            return
        left = 0
        for value, arrived in zip(flight.inputs, found, strict=True):
            result = flight.land(value, arrived) if arrived is not None else None
            if result is not None:
                yield result
            else:
                left += 1
                self._give(partial(self._function, value))
        self._waiting.answered(len(flight.inputs), left)

    def _some(self) -> Iterator[R]:
        """Wait for results; there may be none yet."""
        if self._given and not (self._flying and self._done.empty()):
            yield self._take()
        else:
            yield from self._land(GLANCE if self._given else TICK)

    def _take(self) -> R:
        result, error, light = self._done.get()
        self._given -= 1
        self._light_given -= light
        if error is not None:
            raise error
        return result

    def _dismiss(self) -> None:
        self._cancelled.set()
        self._flights.close()
        for flight in self._landed:
            flight.begun.close()
        with contextlib.suppress(Empty):
            while True:
                self._forget(self._tasks.get_nowait())
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + self._grace
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def _forget(self, task: _Task[R] | None) -> None:
        if task is not None and task.flight is not None:
            task.flight.begun.close()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if self._cancelled.is_set():
                self._forget(task)
                return
            try:
                self._done.put((task.work(), None, task.light))
            except Cancelled:
                return
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that takes the results
                self._done.put((None, error, task.light))  # type: ignore[arg-type]
