"""A file that is read from its beginning while the rest of it is still on its way."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from ...domain.errors import IntegrityError, LinkExpired, Truncated, Unavailable
from ...ports.transfer import ObjectSource, ObjectStream

ADVICE = "Run the command again"
PIECE = 1 << 18
"""Bytes read at a time of what is there already."""
LONGEST = 120
"""Characters of a validator that fits into a file name."""

_LEFT = re.compile(r"\.(?P<validator>[\w-]+={0,2})\.part", re.ASCII)

Repeat = Callable[[Callable[[], bytes]], bytes]
"""Does something until it is not `Unavailable`, or gives up."""


class Arrival:
    """Writes an object into a file beside `base` as it comes, and gives out its bytes in order.

    What an earlier run left is gone on with, if the source can. `address` tells where the object is; it is asked
    with True for a fresh address. Use it in one thread, and close it: what did not come to its end is left for a
    later run.

    Raises (from `read` and `finish`):
        Unavailable: it broke off, and trying again did not help.
        IntegrityError: the object is another one than it was at first.
    """

    def __init__(
        self, source: ObjectSource, address: Callable[[bool], str], base: Path, what: str, repeat: Repeat
    ) -> None:
        self._source = source
        self._address = address
        self._base = base
        self._what = what
        self._repeat = repeat
        self._expired = False
        self._stream: ObjectStream | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._is_whole = False
        base.parent.mkdir(parents=True, exist_ok=True)
        self.path = base.with_name(f"{base.stem}.{os.getpid()}-{secrets.token_hex(6)}.arriving")
        self._validator = self._adopt()
        self._file = open(self.path, "ab+", buffering=0)  # noqa: SIM115 - closed by close()
        self._size = self._file.seek(0, os.SEEK_END)
        self._held, self._at, self._loaded = memoryview(b""), 0, 0

    @property
    def position(self) -> int:
        """Offset of the next byte that `read` gives."""
        return self._loaded - len(self._held) + self._at

    def read(self, size: int) -> memoryview:
        """The next bytes, fewer only at the end."""
        if len(self._held) - self._at < size:
            self._load(size)
        taken = self._held[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def finish(self) -> None:
        """Let all the rest come."""
        while self._more():
            pass

    def close(self) -> None:
        """Stop. Idempotent."""
        self._break_off()
        if self._file.closed:
            return
        self._file.close()
        with contextlib.suppress(OSError):  # what cannot be kept or deleted now is swept up later
            left = self._left_name() if self._size and not self._is_whole else None
            if left is not None:
                self.path.replace(left)
            else:
                self.path.unlink()

    # --- from the file or the source ----------------------------------------------------------------

    def _load(self, size: int) -> None:
        pieces: list[bytes | memoryview] = [self._held[self._at :]]
        missing = size - len(pieces[0])
        while missing > 0:
            piece = os.pread(self._file.fileno(), PIECE, self._loaded) if self._loaded < self._size else self._more()
            if not piece:
                break
            pieces.append(piece)
            self._loaded += len(piece)
            missing -= len(piece)
        self._held, self._at = memoryview(b"".join(pieces)), 0

    def _more(self) -> bytes:
        """Bytes that were not there yet; none at the end."""
        data = b"" if self._is_whole else self._repeat(self._next)
        if data:
            self._file.write(data)
            self._size += len(data)
        elif not self._is_whole:
            self._end()
        return data

    def _end(self) -> None:
        announced = self._stream.size if self._stream is not None else None
        self._break_off()
        if announced is not None and announced != self._size:
            raise Truncated(self._what, "is cut short", ADVICE, announced, self._size)
        self._is_whole = True

    def _next(self) -> bytes:
        try:
            if self._stream is None:
                self._open()
            return next(self._chunks, b"")
        except Unavailable as error:
            self._expired = isinstance(error, LinkExpired)
            self._break_off()
            raise

    def _open(self) -> None:
        url = self._address(self._expired)
        self._stream = stream = self._source.open(url, self._size, self._validator if self._size else None)
        self._chunks = iter(stream.chunks())
        if stream.start != self._size:
            self._skip()
        self._validator = stream.validator

    def _skip(self) -> None:
        """Pass over what is here already, of an object that is sent from its beginning."""
        place, rest = 0, b""
        while place < self._size:
            data = next(self._chunks, b"")
            kept = os.pread(self._file.fileno(), len(data), place)
            if not data or data[: len(kept)] != kept:
                raise IntegrityError(self._what, "was replaced by another while it was read", ADVICE)
            place, rest = place + len(kept), data[len(kept) :]
        if rest:
            self._chunks = _chained(rest, self._chunks)

    def _break_off(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    # --- from one run to the next -------------------------------------------------------------------

    def _adopt(self) -> str | None:
        """Take over what another run left; return the validator it goes by."""
        for path in self._base.parent.glob(f"{self._base.stem}.*.part"):
            match = _LEFT.fullmatch(path.name.removeprefix(self._base.stem))
            if match is None:
                continue
            with contextlib.suppress(OSError, ValueError):  # another run was quicker, or it is no name of ours
                validator = base64.urlsafe_b64decode(match["validator"]).decode()
                path.replace(self.path)
                return validator
        return None

    def _left_name(self) -> Path | None:
        """Where it is left for a later run; None if that could not go on with it."""
        encoded = base64.urlsafe_b64encode((self._validator or "").encode()).decode()
        usable = 0 < len(encoded) <= LONGEST
        return self._base.with_name(f"{self._base.stem}.{encoded}.part") if usable else None


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
