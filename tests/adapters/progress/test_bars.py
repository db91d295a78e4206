from __future__ import annotations

import gc
import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from groundtruth.adapters.progress import BarProgress
from groundtruth.adapters.progress.bars import BIG_FILE
from groundtruth.ports.progress import Advanced, Finished, Retrying, Started, Transferred, Warned

pytest.importorskip("pty", reason="this system has no pseudo-terminals")


def test_a_finished_bar_stays(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 2, "files"))
    progress.report(Advanced("pull"))
    progress.report(Advanced("pull"))
    progress.report(Finished("pull"))
    (line, rest) = terminal.screen()
    assert line.startswith("100%|██")
    assert "█| 2/2 [00:00<00:00," in line
    assert line.endswith("it/s]")
    assert len(line) <= 100
    assert rest == ""


def test_bytes_are_shown_as_speed(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 1, "files"))
    progress.report(Transferred("pull", "a.jpg", 5000, 5000))
    progress.report(Advanced("pull", 1, 5000))
    progress.report(Finished("pull"))
    assert terminal.screen()[0].endswith("B/s]")


def test_a_big_file_has_a_bar_while_it_moves(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 2, "files"))
    progress.report(Transferred("pull", "small.mp4", BIG_FILE, BIG_FILE))
    for _ in range(4):
        progress.report(Transferred("pull", "big.mp4", BIG_FILE, 4 * BIG_FILE))
    progress.report(Advanced("pull", 2))
    progress.report(Finished("pull"))
    written = terminal.close()
    assert "big.mp4:   0%|" in written
    assert "/134M [" in written
    assert "small.mp4" not in written
    lines = [line for line in terminal.screen() if line]
    assert len(lines) == 1
    assert lines[0].startswith("100%|")


def test_an_unfinished_file_leaves_no_bar(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 1, "files"))
    progress.report(Transferred("pull", "big.mp4", 5, 2 * BIG_FILE))
    progress.report(Finished("pull"))
    assert [line[:4] for line in terminal.screen() if line] == ["  0%"]


def test_messages_stand_above_the_bars(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 2, "files"))
    progress.report(Warned("careful"))
    progress.report(Transferred("pull", "big.mp4", 1, 2 * BIG_FILE))
    progress.report(Retrying("a.jpg", "HTTP 503", 1.5, 2))
    progress.report(Advanced("pull", 2))
    progress.report(Finished("pull"))
    lines = [line for line in terminal.screen() if line]
    assert lines[:2] == ["warning: careful", "retrying a.jpg in 1.5 s: HTTP 503 (attempt 2)"]
    assert lines[2].startswith("100%|")
    assert len(lines) == 3


def test_closing_ends_what_was_interrupted(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 4, "files"))
    progress.report(Advanced("pull"))
    progress.close()
    progress.close()
    terminal.stream.write("Error: interrupted\n")
    lines = terminal.screen()
    assert lines[0].startswith(" 25%|")
    assert lines[1] == "Error: interrupted"


def test_a_name_gives_the_terminal_no_commands(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("pull", 1, "files"))
    progress.report(Transferred("pull", "\x1b]0;owned\x07\n.mp4", 1, 2 * BIG_FILE))
    progress.report(Warned("\x1b[2Jgone"))
    progress.report(Finished("pull"))
    written = terminal.close()
    assert "\x1b]0" not in written
    assert "\x1b[2J" not in written
    assert "?]0;owned??.mp4" in written


def test_a_hundred_thousand_events_draw_little(terminal) -> None:
    progress = BarProgress(terminal.stream)
    progress.report(Started("push", 100_000, "files"))
    for _ in range(100_000):
        progress.report(Advanced("push", 1, 10))
    progress.report(Finished("push"))
    written = terminal.close()
    assert "| 100000/100000 [" in written
    assert written.count("\r") < 2_000


def test_ascii_streams_get_ascii_bars() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as stream:
        progress = BarProgress(stream)
        progress.report(Started("pull", 1))
        progress.report(Transferred("pull", "día.mp4", 1, 2 * BIG_FILE))
        progress.report(Advanced("pull"))
        progress.report(Finished("pull"))
        assert b"100%|##" in raw.getvalue()
        assert rb"d\xeda.mp4" in raw.getvalue()


def test_no_thread_stays(terminal) -> None:
    progress = BarProgress(terminal.stream)
    before = threading.active_count()
    progress.report(Started("pull", 1))
    assert threading.active_count() == before
    progress.report(Finished("pull"))


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_bars_of_a_closed_stream_are_collected_in_silence() -> None:
    stream = io.StringIO()
    progress = BarProgress(stream)
    progress.report(Started("pull", 3))
    progress.report(Transferred("pull", "big.mp4", 1, 2 * BIG_FILE))
    stream.close()
    progress.report(Warned("nobody hears this"))
    progress.report(Started("again", 3))
    del progress
    gc.collect()


SCRIPT = """
import sys
from groundtruth.adapters.progress import progress_for
from groundtruth.ports.progress import Advanced, Finished, Started
assert "tqdm" not in sys.modules
progress = progress_for(sys.stderr)
print(type(progress).__name__)
progress.report(Started("pull", 2, "files"))
progress.report(Advanced("pull", 2))
progress.report(Finished("pull"))
"""


def test_a_process_on_a_terminal_draws_bars(terminal, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=terminal.stream,
        text=True,
        cwd=tmp_path,
        env={"TERM": "xterm", "LANG": "C.UTF-8"},
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "BarProgress\n")
    assert "100%|██" in terminal.screen()[0]


def test_a_process_in_a_pipe_writes_lines(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert run.stdout == "LogProgress\n"
    assert run.stderr.splitlines()[0] == "pull: started, 2 files"
