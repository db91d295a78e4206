"""Work done by threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

import attrs

from ...domain.errors import InvalidInput

T = TypeVar("T")
R = TypeVar("R")


@attrs.frozen
class ThreadRunner:
    """Runs up to `workers` pieces of work at once; draws at most `ahead` inputs more than results were taken.

    `ahead` is twice `workers` unless given. Inputs are drawn in the thread that takes the results. After an
    error, or when the results are closed early, work under way is finished before the iterator ends.
    """

    workers: int = 8
    ahead: int = attrs.field(default=attrs.Factory(lambda self: 2 * self.workers, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if self.workers < 1 or self.ahead < 1:
            raise InvalidInput("thread runner", "needs at least one worker and one input ahead")

    def map(self, function: Callable[[T], R], inputs: Iterable[T]) -> Iterator[R]:
        """Apply `function` to each input."""
        crew = _Crew(function)
        source, waiting = iter(inputs), 0
        try:
            while True:
                for value in islice(source, self.ahead - waiting):
                    if len(crew.threads) < self.workers:
                        crew.hire()
                    crew.tasks.put((value,))
                    waiting += 1
                if not waiting:
                    return
                result, error = crew.done.get()
                waiting -= 1
                if error is not None:
                    raise error
                yield result
        finally:
            crew.dismiss()


class _Crew(Generic[T, R]):
    """Threads that take tasks from one queue and put results into another."""

    def __init__(self, function: Callable[[T], R]) -> None:
        self.tasks: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self.done: SimpleQueue[tuple[R, BaseException | None]] = SimpleQueue()
        self.threads: list[threading.Thread] = []
        self._function = function
        self._stopped = False

    def hire(self) -> None:
        """Add a thread. A daemon, so that a second Ctrl-C while it is waited for ends the program."""
        thread = threading.Thread(target=self._work, name=f"runner-{len(self.threads)}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def dismiss(self) -> None:
        """Let everyone finish the task in hand and go; drop the tasks nobody has begun."""
        self._stopped = True
        for _ in self.threads:
            self.tasks.put(None)
        for thread in self.threads:
            thread.join()

    def _work(self) -> None:
        while (task := self.tasks.get()) is not None and not self._stopped:
            try:
                self.done.put((self._function(*task), None))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that takes the results
                self.done.put((None, error))  # type: ignore[arg-type]
