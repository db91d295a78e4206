from __future__ import annotations

import fcntl
import io
import struct
import termios

import pytest

from groundtruth.adapters.progress import (
    BarProgress,
    JsonLinesProgress,
    LogProgress,
    NullProgress,
    progress_for,
)


def test_a_pipe_gets_lines() -> None:
    assert isinstance(progress_for(io.StringIO()), LogProgress)


def test_a_terminal_gets_bars(terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_for(terminal.stream), BarProgress)


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_for(terminal.stream), LogProgress)


def test_a_terminal_without_a_size_gets_lines(terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    fcntl.ioctl(terminal.stream.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    assert isinstance(progress_for(terminal.stream), LogProgress)


def test_verbose_gets_lines(terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_for(terminal.stream, verbose=1), LogProgress)


def test_json_beats_the_terminal_and_quiet_beats_everything(terminal) -> None:
    assert isinstance(progress_for(terminal.stream, json=True), JsonLinesProgress)
    assert isinstance(progress_for(terminal.stream, quiet=True, json=True, verbose=2), NullProgress)


def test_a_closed_stream_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    assert isinstance(progress_for(stream), LogProgress)
