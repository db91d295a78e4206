"""Where requests and answers of HTTP/1.1 begin and end."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class Head:
    """First line and headers, by name in lower case. Of a request `method` and `target`, of an answer `status`."""

    first: bytes
    headers: Mapping[str, str]
    lines: tuple[bytes, ...]
    method: str = ""
    target: str = ""
    status: int = 0

    @classmethod
    def of_request(cls, data: bytes) -> tuple[Head | None, int]:
        """The head at the beginning of some bytes, and its size; None if it is not whole."""
        first, lines, size = _split(data)
        if not size:
            return None, 0
        method, target, _ = first.decode("latin-1").split(" ", 2)
        return cls(first, _headers(lines), lines, method, target), size

    @classmethod
    def of_answer(cls, data: bytes) -> tuple[Head | None, int]:
        """The same of an answer."""
        first, lines, size = _split(data)
        if not size:
            return None, 0
        return cls(first, _headers(lines), lines, status=int(first.split(b" ", 2)[1])), size

    def without(self, names: set[str]) -> bytes:
        """The head again, without some headers."""
        kept = [line for line in self.lines if line.partition(b":")[0].decode("latin-1").lower() not in names]
        return b"\r\n".join([self.first, *kept, b"", b""])


@attrs.define
class Body:
    """How much of a body is still to come: a number of bytes, chunks, or (None) whatever comes."""

    left: int | None
    chunked: bool = False
    is_over: bool = False
    _line: bytes = b""
    _state: str = "size"

    @classmethod
    def of_request(cls, head: Head) -> Body:
        """The body of a request."""
        return cls._of(head, 0)

    @classmethod
    def of_answer(cls, head: Head, method: str) -> Body:
        """The body of the answer to a request."""
        if method == "HEAD" or head.status in {204, 304}:
            return cls(0, is_over=True)
        return cls._of(head, None)

    @classmethod
    def _of(cls, head: Head, otherwise: int | None) -> Body:
        if "chunked" in head.headers.get("transfer-encoding", ""):
            return cls(0, chunked=True)
        length = head.headers.get("content-length")
        left = int(length) if length is not None else otherwise
        return cls(left, is_over=left == 0)

    def take(self, data: bytes) -> int:
        """How many of the next bytes belong to it."""
        if self.chunked:
            return self._take_chunks(data)
        if self.left is None:
            return len(data)
        taken = min(self.left, len(data))
        self.left -= taken
        self.is_over = self.left == 0
        return taken

    def _take_chunks(self, data: bytes) -> int:
        at = 0
        while at < len(data) and not self.is_over:
            if self._state == "data":
                step = min(self.left or 0, len(data) - at)
                self.left = (self.left or 0) - step
                at += step
                if not self.left:
                    self._state = "end of data"
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if end >= 0:
                line, self._line = self._line.strip(), b""
                self._read(line)
        return at

    def _read(self, line: bytes) -> None:
        if self._state == "size":
            self.left = int(line.partition(b";")[0], 16)
            self._state = "data" if self.left else "trailers"
        elif self._state == "end of data":
            self._state = "size"
        elif not line:
            self.is_over = True


def _split(data: bytes) -> tuple[bytes, tuple[bytes, ...], int]:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return b"", (), 0
    first, *lines = data[:end].split(b"\r\n")
    return first, tuple(lines), end + 4


def _headers(lines: tuple[bytes, ...]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        found[name.lower()] = value.strip()
    return found
