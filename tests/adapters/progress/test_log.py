from __future__ import annotations

import io

import pytest

from groundtruth.adapters.memory import FakeClock
from groundtruth.adapters.progress import LogProgress
from groundtruth.adapters.progress.wording import duration, printable, size
from groundtruth.ports.progress import Advanced, Finished, Retrying, Started, Transferred, Warned


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(stream: io.StringIO, clock: FakeClock) -> LogProgress:
    return LogProgress(stream, 5.0, clock)


def test_a_run_reads_well(progress: LogProgress, stream: io.StringIO, clock: FakeClock) -> None:
    progress.report(Started("pull", 120, "files"))
    for _ in range(24):
        clock.advance(0.25)
        progress.report(Transferred("pull", "a.jpg", 500_000, 500_000))
        progress.report(Advanced("pull", 1, 500_000))
    progress.report(Advanced("pull", 96, 48_000_000))
    progress.report(Finished("pull"))
    assert stream.getvalue().splitlines() == [
        "pull: started, 120 files",
        "pull: 19/120 files (16%), 3.8 files/s, 10.0 MB, 2.0 MB/s, 27 s left",
        "pull: 120/120 files (100%), 20.0 files/s, 60.0 MB, 10.0 MB/s, finished in 6 s",
    ]


def test_lines_keep_their_distance(progress: LogProgress, stream: io.StringIO, clock: FakeClock) -> None:
    progress.report(Started("push", None, "files"))
    for _ in range(100):
        clock.advance(1.0)
        for _ in range(10):
            progress.report(Advanced("push"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 + 100 // 5
    assert lines[0] == "push: started"
    assert lines[1] == "push: 41 files, 8.2 files/s"


def test_tasks_keep_their_distance_apart(progress: LogProgress, stream: io.StringIO, clock: FakeClock) -> None:
    for task in ("one", "two"):
        progress.report(Started(task, 2))
    clock.advance(5.0)
    for task in ("one", "two", "one", "two"):
        progress.report(Advanced(task))
    assert [line.partition(":")[0] for line in stream.getvalue().splitlines()] == ["one", "two"] * 2


def test_bytes_alone_are_progress(progress: LogProgress, stream: io.StringIO, clock: FakeClock) -> None:
    progress.report(Started("pull", 1, "files"))
    clock.advance(10.0)
    progress.report(Transferred("pull", "a.mp4", 20_000_000, 10**9))
    assert stream.getvalue().splitlines()[1] == "pull: 0/1 files (0%), 0.0 files/s, 20.0 MB, 2.0 MB/s"


def test_retries_and_warnings_are_told_at_once(progress: LogProgress, stream: io.StringIO) -> None:
    progress.report(Retrying("a.jpg", "HTTP 503", 1.5, 2))
    progress.report(Warned("two files\nof one name"))
    assert stream.getvalue() == "retrying a.jpg in 1.5 s: HTTP 503 (attempt 2)\nwarning: two files?of one name\n"


def test_an_end_without_a_beginning_is_not_told(progress: LogProgress, stream: io.StringIO) -> None:
    progress.report(Finished("pull"))
    assert stream.getvalue() == ""


def test_what_the_stream_cannot_write_is_escaped() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as stream:
        LogProgress(stream).report(Warned("día"))
        assert raw.getvalue() == b"warning: d\\xeda\n"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (float("inf"), "unknown time"),
        (float("nan"), "unknown time"),
    ],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e9, "5.0 GB"), (3e15, "3000.0 TB")],
)
def test_sizes(count: float, expected: str) -> None:
    assert size(count) == expected


def test_terminal_commands_are_not_printable() -> None:
    assert printable("a\x1b[2J\r\n\u202eb\udc80") == "a?[2J???b?"
