"""Progress as bars on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from ...ports.progress import Advanced, Event, Finished, Retrying, Started, Transferred, Warned
from .tally import Tally
from .wording import encodable, printable, retry_line, size, warning_line

BIG_FILE = 32 * 1024 * 1024
"""Files larger than this many bytes get a bar of their own."""

SPEED_INTERVAL = 0.25
"""Seconds between two looks at how fast bytes move."""


def _bar_class() -> Any:
    # Imported late: only who looks at bars waits for them.
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread that watches the bars: nothing but events moves them

    # The lock tqdm makes by itself is one between processes, which costs some systems a helper process.
    Bar.set_lock(threading.RLock())
    return Bar


class BarProgress:
    """Draws one bar per task, and one per big file. A task's bar stays on the screen when it is finished."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._class: Any = None
        self._gone = False
        self._tasks: dict[str, tuple[Any, Tally]] = {}
        self._files: dict[tuple[str, str], Any] = {}
        self._next_speed = 0.0

    def report(self, event: Event) -> None:
        """Take note of an event."""
        with self._lock:
            self._guarded(lambda: self._take(event))

    def close(self) -> None:
        """End all bars as they are, so that what is written next begins on a line of its own. Idempotent."""
        with self._lock:
            for task in list(self._tasks):
                self._guarded(lambda task=task: self._finish(task))

    def _guarded(self, action: Callable[[], None]) -> None:
        if self._gone:
            return
        try:
            action()
        except (OSError, ValueError):
            # The terminal is gone or the stream is closed. The work that is reported on is worth more.
            self._gone = True
            for bar in [*self._files.values(), *(bar for bar, _ in self._tasks.values())]:
                bar.disable = True  # or it would try to write once more when it is collected

    def _take(self, event: Event) -> None:
        match event:
            case Advanced():
                bar, tally = self._task(event.task)
                tally.count += event.count
                tally.advanced += event.size
                self._show_speed(bar, tally)
                bar.update(event.count)
            case Transferred():
                bar, tally = self._task(event.task)
                tally.transferred += event.size
                self._show_speed(bar, tally)
                if event.total is not None and event.total > BIG_FILE:
                    self._move(event)
            case Started():
                self._start(event)
            case Finished():
                self._finish(event.task)
            case Retrying():
                self._say(retry_line(event))
            case Warned():
                self._say(warning_line(event))

    # --- bars ---------------------------------------------------------------------------------------

    def _new_bar(self, **options: Any) -> Any:
        if self._class is None:
            self._class = _bar_class()
        return self._class(file=self._stream, dynamic_ncols=True, mininterval=0.1, miniters=1, **options)

    def _start(self, event: Started) -> tuple[Any, Tally]:
        self._finish(event.task)
        tally = Tally(event.task, event.total, event.unit, time.monotonic())
        self._next_speed = tally.began + SPEED_INTERVAL  # the first bytes alone tell nothing
        self._tasks[event.task] = (self._new_bar(total=event.total), tally)
        return self._tasks[event.task]

    def _task(self, task: str) -> tuple[Any, Tally]:
        return self._tasks.get(task) or self._start(Started(task))

    def _finish(self, task: str) -> None:
        for known in [key for key in self._files if key[0] == task]:
            self._files.pop(known).close()
        if task in self._tasks:
            bar, tally = self._tasks.pop(task)
            self._show_speed(bar, tally, at_once=True)
            bar.close()

    def _show_speed(self, bar: Any, tally: Tally, at_once: bool = False) -> None:
        now = time.monotonic()
        if tally.moved and (at_once or now >= self._next_speed):
            self._next_speed = now + SPEED_INTERVAL
            bar.set_postfix_str(f"{size(tally.moved / tally.elapsed(now))}/s", refresh=not at_once)

    def _move(self, event: Transferred) -> None:
        key = (event.task, event.key)
        if key not in self._files:
            name = encodable(printable(event.key)[-40:], self._stream)
            self._files[key] = self._new_bar(total=event.total, desc=name, unit="B", unit_scale=True, leave=False)
        bar = self._files[key]
        bar.update(event.size)
        if bar.n >= (event.total or 0):
            self._files.pop(key).close()

    def _say(self, line: str) -> None:
        if self._class is None:
            self._class = _bar_class()
        self._class.write(encodable(line, self._stream), file=self._stream)
