"""Contract suite of `ports.progress`: subclass `ProgressContract`, say how to make one, run pytest."""

from __future__ import annotations

import abc
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TextIO

import pytest

from ..ports.progress import Advanced, Event, Finished, Progress, Retrying, Started, Transferred, Warned

ODD_TEXTS = ("", "a b", "line\nbreak", "\x1b[2J\x07", "día ☀️ 🦊", "\udc80 half", "x" * 1000, "100%|{}|%s")
"""Names and messages that break the layout of a terminal, or its encoding."""


def run_of(task: str, count: int = 5) -> Iterator[Event]:
    """What a use case reports from beginning to end."""
    yield Started(task, count, "files")
    for number in range(count):
        yield Transferred(task, f"{number}.jpg", 500, 1000)
        yield Transferred(task, f"{number}.jpg", 500, 1000)
        yield Advanced(task, 1, 1000)
    yield Finished(task)


class ProgressContract(abc.ABC):
    """What every receiver of events does: take them from any thread, and never raise."""

    @abc.abstractmethod
    def make_progress(self, stream: TextIO) -> Progress:
        """A new receiver that writes to `stream`, if it writes at all."""

    @pytest.fixture
    def progress(self) -> Progress:
        return self.make_progress(io.StringIO())

    def test_a_run_is_taken(self, progress: Progress) -> None:
        for event in run_of("pull"):
            progress.report(event)

    def test_runs_of_several_tasks_may_mix_and_repeat(self, progress: Progress) -> None:
        for one, other in zip(run_of("pull"), run_of("push"), strict=True):
            progress.report(one)
            progress.report(other)
        for event in run_of("pull"):
            progress.report(event)

    def test_unknown_totals_are_taken(self, progress: Progress) -> None:
        for event in (
            Started("pull"),
            Transferred("pull", "a", 10**12),
            Advanced("pull"),
            Advanced("pull", 10, 10**15),
            Finished("pull"),
        ):
            progress.report(event)

    @pytest.mark.parametrize(
        "event",
        [
            Started("pull", 0),
            Advanced("pull"),
            Transferred("pull", "a", 1, 2),
            Finished("pull"),
            Retrying("a", "HTTP 503", 1.5, 2),
            Warned("careful"),
        ],
        ids=lambda event: type(event).__name__,
    )
    def test_any_event_may_be_the_first_and_come_twice(self, progress: Progress, event: Event) -> None:
        progress.report(event)
        progress.report(event)

    def test_more_than_the_total_is_taken(self, progress: Progress) -> None:
        for event in (Started("pull", 2), Advanced("pull", 5), Advanced("pull", 0), Finished("pull")):
            progress.report(event)
        for _ in range(3):
            progress.report(Transferred("pull", "big", 60 << 20, 100 << 20))

    @pytest.mark.parametrize("text", ODD_TEXTS)
    @pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
    def test_any_text_is_taken(self, text: str, encoding: str) -> None:
        with io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) as stream:
            progress = self.make_progress(stream)
            progress.report(Started(text, 2, text))
            progress.report(Transferred(text, text, 1, 100 << 20))
            progress.report(Retrying(text, text, 0.1, 1))
            progress.report(Warned(text))
            progress.report(Advanced(text))
            progress.report(Finished(text))

    def test_a_closed_stream_is_no_error(self) -> None:
        stream = io.StringIO()
        progress = self.make_progress(stream)
        progress.report(Started("pull", 2))
        stream.close()
        for event in run_of("pull"):
            progress.report(event)
        progress.report(Warned("nobody hears this"))

    def test_a_reader_that_went_away_is_no_error(self) -> None:
        reading, writing = os.pipe()
        with io.TextIOWrapper(os.fdopen(writing, "wb", buffering=0), write_through=True) as stream:
            progress = self.make_progress(stream)
            progress.report(Started("pull", 2))
            os.close(reading)
            for event in run_of("pull"):
                progress.report(event)
            progress.report(Warned("nobody hears this"))

    def test_several_threads_report_at_once(self, progress: Progress) -> None:
        def report(number: int) -> None:
            for _ in range(200):
                for event in run_of(f"task {number % 3}", 1):
                    progress.report(event)
                progress.report(Warned("careful"))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(report, range(6)))
