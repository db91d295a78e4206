"""A file that is read from its beginning while the rest of it is still on its way."""

from __future__ import annotations

import base64
import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from ...domain.errors import (
    DiskFull,
    IntegrityError,
    LinkExpired,
    NotWritable,
    StorageError,
    Truncated,
    Unavailable,
)
from ...ports.transfer import ObjectSource, ObjectStream

ADVICE = "Run the command again"
PIECE = 1 << 18
"""Bytes read at a time of what is there already."""
LONGEST = 120
"""Characters of a validator that fits into a file name."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_LEFT = re.compile(r"\.(?P<validator>[\w-]+={0,2})\.part", re.ASCII)

Repeat = Callable[[Callable[[], bytes | None]], bytes | None]
"""Does something until it is not `Unavailable`, or gives up."""


class Arrival:
    """Writes an object into a file beside `base` as it comes, and gives out its bytes in order.

    What an earlier run left is gone on with, if the source can. `address` tells where the object is; it is asked
    with True for a fresh address. Use it in one thread, and close it: what came is left for a later run, as `base` if
    it is whole, unless it was discarded.

    Raises (when it is made, too, where this is about the disk):
        Unavailable: it broke off, and trying again did not help.
        LinkExpired: so is the fresh address.
        IntegrityError: the object is another one than it was at first.
        DiskFull, NotWritable: the folder refuses.
    """

    def __init__(
        self, source: ObjectSource, address: Callable[[bool], str], base: Path, what: str, repeat: Repeat
    ) -> None:
        self._source = source
        self._address = address
        self._base = base
        self._what = what
        self._repeat = repeat
        self._expired: LinkExpired | None = None
        self._stream: ObjectStream | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._is_whole = self._is_discarded = False
        self.path = base.with_name(f"{base.stem}.{os.getpid()}-{secrets.token_hex(6)}.arriving")
        try:
            base.parent.mkdir(parents=True, exist_ok=True)
            self._validator = self._adopt()
            self._file = open(self.path, "ab+", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise _refusal(error, base.parent) from error
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

    def skip(self, size: int) -> None:
        """Pass over bytes, fewer only at the end."""
        while size > 0 and (passed := len(self.read(min(size, PIECE)))):
            size -= passed

    def finish(self) -> None:
        """Let all the rest come."""
        while self._more():
            pass

    def discard(self) -> None:
        """Have nothing left behind: it is not needed any more, or of no use."""
        self._is_discarded = True

    def close(self) -> None:
        """Stop. Idempotent."""
        self._is_whole |= self._stream is not None and self._stream.size == self._size
        self._break_off()
        if self._file.closed:
            return
        self._file.close()
        with contextlib.suppress(OSError):  # what cannot be kept or deleted now is swept up later
            left = self._left_name()
            if left is not None:
                self.path.replace(left)
            else:
                self.path.unlink()

    # --- from the file or the source ----------------------------------------------------------------

    def _load(self, size: int) -> None:
        if self._size and not self._loaded:
            self._more()  # nothing that an earlier run left is given out before the source has stood by it
        pieces: list[bytes | memoryview] = [self._held[self._at :]]
        missing = size - len(pieces[0])
        while missing > 0:
            piece = self._there(self._loaded, PIECE) if self._loaded < self._size else self._more()
            if not piece:
                break
            pieces.append(piece)
            self._loaded += len(piece)
            missing -= len(piece)
        self._held, self._at = memoryview(b"".join(pieces)), 0

    def _more(self) -> bytes:
        """Bytes that were not there yet; none at the end."""
        data = b"" if self._is_whole else self._drawn()
        if data:
            self._append(data)
        elif not self._is_whole:
            self._end()
        return data

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                written = self._file.write(rest)
                self._size += written
                rest = rest[written:]
        except OSError as error:
            raise _refusal(error, self.path.parent) from error

    def _there(self, place: int, size: int) -> bytes:
        """Bytes of the file."""
        self._file.seek(place)
        return self._file.read(size)

    def _end(self) -> None:
        announced = self._stream.size if self._stream is not None else None
        self._break_off()
        if announced is not None and announced != self._size:
            raise Truncated(self._what, "is cut short", ADVICE, announced, self._size)
        self._is_whole = True

    def _drawn(self) -> bytes:
        for _ in range(2):  # an address that is refused is renewed once
            data = self._repeat(self._next)
            if data is not None:
                return data
        raise self._expired or LinkExpired(self._what, "has no valid address")

    def _next(self) -> bytes | None:
        """Bytes as they come; None if the address is no longer valid."""
        try:
            if self._stream is None:
                self._open()
            return next(self._chunks, b"")
        except LinkExpired as error:
            self._break_off()
            self._expired = error
            return None
        except Unavailable:
            self._break_off()
            raise

    def _open(self) -> None:
        url = self._address(self._expired is not None)
        self._expired = None
        self._stream = stream = self._source.open(url, self._size, self._validator if self._size else None)
        self._chunks = iter(stream.chunks())
        if stream.start != self._size:
            self._skip()
        self._validator = stream.validator

    def _skip(self) -> None:
        """Pass over what is here already, of an object that is sent from its beginning.

        It may be another one by now. Where nothing of what differs was given out, it takes the place of the first.
        """
        place, rest = 0, b""
        while place < self._size:
            data = next(self._chunks, b"")
            kept = self._there(place, len(data))
            if not data or not data.startswith(kept):
                rest = self._go_over_to(place, data)
                break
            place, rest = place + len(kept), data[len(kept) :]
        if rest:
            self._chunks = _chained(rest, self._chunks)

    def _go_over_to(self, place: int, data: bytes) -> bytes:
        """Forget what is here from `place` on, where another object has `data`; return what of it is to be added."""
        given = max(self._loaded - place, 0)
        if len(data) < given or data[:given] != self._there(place, given):
            raise IntegrityError(self._what, "was replaced by another while it was read", ADVICE)
        self._size = place + given
        try:
            self._file.truncate(self._size)
        except OSError as error:
            raise _refusal(error, self.path.parent) from error
        return data[given:]

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
        if self._is_discarded or not self._size:
            return None
        if self._is_whole:
            return self._base
        encoded = base64.urlsafe_b64encode((self._validator or "").encode()).decode()
        usable = 0 < len(encoded) <= LONGEST
        return self._base.with_name(f"{self._base.stem}.{encoded}.part") if usable else None


def _refusal(error: OSError, folder: Path) -> StorageError:
    """What it means that the operating system refuses to write."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return DiskFull(str(folder), reason, "Make room and run the command again; what arrived is kept")
    return NotWritable(str(folder), reason, "Choose a folder you may write to, or change its permissions")


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
