from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest


class Terminal:
    """A real terminal of 100 columns; `close` ends it and gives what was written to it."""

    def __init__(self) -> None:
        self._reading, writing = pty.openpty()
        fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.stream: TextIO = os.fdopen(writing, "w", encoding="utf-8")
        self._received = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._reading, 65536)
            except OSError:  # how a terminal says that nobody writes to it any more
                return
            if not data:
                return
            self._received += data

    def close(self) -> str:
        if not self.stream.closed:
            self.stream.close()
            self._reader.join()
            os.close(self._reading)
        return self._received.decode()

    def screen(self) -> list[str]:
        """Lines as a person sees them in the end."""
        lines, row, column = [""], 0, 0
        text = self.close().replace("\r\n", "\n")
        position = 0
        while position < len(text):
            character = text[position]
            position += 1
            if character == "\r":
                column = 0
            elif character == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif text.startswith("\x1b[A", position - 1):
                row, position = row - 1, position + 2
            else:
                line = lines[row].ljust(column)
                lines[row] = line[:column] + character + line[column + 1 :]
                column += 1
        return [line.rstrip() for line in lines]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()
