"""Progress as plain lines, for logs and pipes."""

from __future__ import annotations

import threading
import time
from typing import TextIO

from ...ports.clock import Clock
from ...ports.progress import Advanced, Event, Finished, Retrying, Started, Transferred, Warned
from .tally import Tally
from .wording import duration, encodable, printable, retry_line, size, warning_line


class LogProgress:
    """Writes a line when a task begins and ends, and one at most every `interval` seconds in between."""

    def __init__(self, stream: TextIO, interval: float = 5.0, clock: Clock | None = None) -> None:
        self._stream = stream
        self._interval = interval
        self._now = clock.monotonic if clock is not None else time.monotonic
        self._lock = threading.Lock()
        self._tasks: dict[str, Tally] = {}
        self._next: dict[str, float] = {}

    def report(self, event: Event) -> None:
        """Take note of an event."""
        with self._lock:
            match event:
                case Advanced():
                    tally = self._tally(event.task)
                    tally.count += event.count
                    tally.advanced += event.size
                    self._tell(tally)
                case Transferred():
                    tally = self._tally(event.task)
                    tally.transferred += event.size
                    self._tell(tally)
                case Started():
                    self._start(event)
                case Finished():
                    self._finish(event.task)
                case Retrying():
                    self._write(retry_line(event))
                case Warned():
                    self._write(warning_line(event))

    def close(self) -> None:
        """Nothing to end: every line is whole."""

    def _tally(self, task: str) -> Tally:
        if task not in self._tasks:
            self._start(Started(task))
        return self._tasks[task]

    def _start(self, event: Started) -> None:
        now = self._now()
        self._tasks[event.task] = Tally(event.task, event.total, event.unit, now)
        self._next[event.task] = now + self._interval
        count = "" if event.total is None else f", {event.total} {event.unit}"
        self._write(f"{printable(event.task)}: started{count}")

    def _tell(self, tally: Tally) -> None:
        now = self._now()
        if now < self._next[tally.task]:
            return
        self._next[tally.task] = now + self._interval
        left = tally.seconds_left(now)
        parts = [_count(tally), *_speed(tally, now)]
        self._write(", ".join(parts if left is None else [*parts, f"{duration(left)} left"]))

    def _finish(self, task: str) -> None:
        tally = self._tasks.pop(task, None)
        if tally is None:
            return
        now = self._now()
        took = f"finished in {duration(tally.elapsed(now))}"
        self._write(", ".join([_count(tally), *_speed(tally, now), took]))

    def _write(self, line: str) -> None:
        try:
            self._stream.write(f"{encodable(line, self._stream)}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # The reader is gone, or the stream is closed or full. The work that is reported on is worth more.
            pass


def _count(tally: Tally) -> str:
    task = printable(tally.task)
    if not tally.total:
        return f"{task}: {tally.count} {tally.unit}"
    return f"{task}: {tally.count}/{tally.total} {tally.unit} ({tally.count / tally.total:.0%})"


def _speed(tally: Tally, now: float) -> list[str]:
    elapsed = tally.elapsed(now)
    rates = [f"{tally.count / elapsed:.1f} {tally.unit}/s"]
    if tally.moved:
        rates += [size(tally.moved), f"{size(tally.moved / elapsed)}/s"]
    return rates
