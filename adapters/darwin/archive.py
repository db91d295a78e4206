"""Release zips: documents out of an archive that others wrote, in flat memory (reference: V7 Darwin, section 7.2).

The directory is read in pieces and no object is kept for a member, so that a million of them cost no more memory
than ten. What the archive says about itself is not believed: nothing is inflated beyond the size that was declared
and allowed, and no name becomes a path.
"""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Iterator
from struct import Struct, error
from types import TracebackType

import attrs

from ...domain.arrays import np
from ...domain.errors import IntegrityError, NotReadable
from ...ports.releases import ReleaseDocument

METADATA = b".v7/metadata.json"
ADVICE = "Pull it again; if that does not help, export the release under another name"

PIECE = 1 << 20
"""Bytes of the directory read at a time."""
READ_AHEAD = 1 << 18
"""Bytes of members read at a time: small ones lie side by side."""

SMALL = 1 << 13
"""Packed bytes of a member that is inflated without further precaution."""

_END = Struct("<4s4H2LH")
_LOCATOR = Struct("<4sLQL")
_END64 = Struct("<4sQ2H2L4Q")
_ENTRY = Struct("<4s6H3L5H2L")
_LOCAL = Struct("<4s22x2H")
_LONGEST_ENTRY = _ENTRY.size + 3 * 0xFFFF
_IN_EXTRA = 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
ENCRYPTED = 0x1 | 0x40 | 0x2000
UTF8 = 0x800

Member = tuple[bytes, int, int, int, int, int, int]
"""Name, flags, method, CRC-32, packed size, size, offset of the local header."""


@attrs.frozen
class ArchiveLimits:
    """What an archive may hold.

    `member`: bytes of one document, which is in memory as a whole. An archive that inflates to more than `ratio`
    times its own size is refused if that is over `harmless` bytes; annotations shrink to a tenth, rarely to a
    hundredth.
    """

    member: int = 512 << 20
    ratio: int = 250
    harmless: int = 100_000_000


LIMITS = ArchiveLimits()


class ReleaseArchive:
    """An open release zip. `what` names it in messages. Use it in one thread, and close it.

    Raises:
        IntegrityError: it is no zip, damaged, or holds more than its `limits` allow.
        FileNotFoundError: there is no such file.
        NotReadable: it may not be read.
    """

    def __init__(self, path: str | os.PathLike[str], what: str, limits: ArchiveLimits = LIMITS) -> None:
        self._what = what
        self._limits = limits
        self._window, self._window_at = memoryview(b""), 0
        try:
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by close()
        except FileNotFoundError:
            raise
        except OSError as fault:
            raise NotReadable(os.fspath(path), fault.strerror or "cannot be read") from fault
        try:
            self._length = self._file.seek(0, os.SEEK_END)
            self._start, self._stop, self._count = self._find_directory()
            self._metadata = self._survey()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> ReleaseArchive:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def documents(self, start: int = 0) -> Iterator[ReleaseDocument]:
        """Every `*.json` at the root that is not before `start` in the file, in the directory's order.

        Raises:
            IntegrityError: one is damaged, encrypted, or packed in an unknown way; raised when it is reached.
        """
        for member in self.members():
            if member[-1] >= start and is_document(member[0]):
                yield ReleaseDocument(name_of(member, self._what), self._read(member))

    def metadata(self) -> bytes | None:
        """The companion; None if there is none.

        Raises:
            IntegrityError: as for a document.
        """
        return None if self._metadata is None else self._read(self._metadata)

    # --- the directory ------------------------------------------------------------------------------

    def _find_directory(self) -> tuple[int, int, int]:
        """Where it begins and ends, and how many entries it has."""
        begin = max(0, self._length - _END.size - 0xFFFF)
        tail = self._pread(begin, self._length - begin)
        at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
        # The comment at the very end may hold the same letters; its length tells.
        while at >= 0 and _END.unpack_from(tail, at)[-1] != len(tail) - at - _END.size:
            at = tail.rfind(b"PK\5\6", 0, at + 3)
        if at < 0:
            raise self._damaged("is not a whole zip archive")
        _, disk, first_disk, here, count, size, start, _ = _END.unpack_from(tail, at)
        stop = begin + at
        if disk or first_disk or here != count:
            disk, count, size, start, stop = self._find_large(tail, at, stop, disk == 0xFFFF)
        elif at >= _LOCATOR.size and tail[at - _LOCATOR.size :][:4] == b"PK\6\7":
            disk, count, size, start, stop = self._find_large(tail, at, stop, True)
        if disk or start + size > stop:
            raise self._damaged("has no directory where it should be")
        return start, start + size, count

    def _find_large(self, tail: bytes, at: int, stop: int, expected: bool) -> tuple[int, int, int, int, int]:
        """The end record of an archive that is too large for the ordinary one."""
        if not expected or at < _LOCATOR.size:
            raise self._damaged("is one part of several")
        mark, _, where, _ = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
        record = self._pread(where, _END64.size) if where < stop else b""
        if mark != b"PK\6\7" or len(record) != _END64.size or record[:4] != b"PK\6\6":
            raise self._damaged("lacks the record at its end")
        _, _, _, _, disk, first_disk, here, count, size, start = _END64.unpack(record)
        return disk | first_disk | (here != count), count, size, start, where

    def members(self) -> Iterator[Member]:
        """Entries of the directory, one after another."""
        position, stop, unpack = self._start, self._stop, _ENTRY.unpack_from
        buffer, at = b"", 0
        while at < len(buffer) or position < stop:
            if len(buffer) - at < _LONGEST_ENTRY and position < stop:
                piece = self._pread(position, min(PIECE, stop - position))
                if not piece:
                    raise self._damaged("is cut short")
                buffer, at, position = buffer[at:] + piece, 0, position + len(piece)
            try:
                mark, _, _, flags, method, _, _, crc, packed, size, named, extra, comment, _, _, _, offset = unpack(
                    buffer, at
                )
            except error as fault:
                raise self._damaged("has a damaged directory") from fault
            begin = at + _ENTRY.size
            end = begin + named
            at = end + extra + comment
            if mark != b"PK\1\2" or at > len(buffer):
                raise self._damaged("has a damaged directory")
            if _IN_EXTRA in (size, packed, offset):
                size, packed, offset = self._large(buffer[end : end + extra], size, packed, offset)
            yield buffer[begin:end], flags, method, crc, packed, size, offset

    def _large(self, extra: bytes, *values: int) -> Iterator[int]:
        """Sizes and offsets that do not fit into an entry and are in its extra field instead."""
        at = 0
        while at + 4 <= len(extra):
            kind, length = (
                int.from_bytes(extra[at : at + 2], "little"),
                int.from_bytes(extra[at + 2 : at + 4], "little"),
            )
            if kind == 1 and length >= 8 * values.count(_IN_EXTRA):
                field = extra[at + 4 : at + 4 + length]
                numbers = iter([int.from_bytes(field[place : place + 8], "little") for place in range(0, length, 8)])
                return iter([next(numbers) if value == _IN_EXTRA else value for value in values])
            at += 4 + length
        return iter(values)

    def _survey(self) -> Member | None:
        """Look through the directory once before anything is inflated; return the companion's entry."""
        metadata, count, total, end, in_order = None, 0, 0, 0, True
        for member in self.members():
            count += 1
            name, _, _, _, packed, size, offset = member
            if name == METADATA:
                metadata = member
            elif not is_document(name):
                continue
            total += size
            in_order &= offset >= end
            end = offset + _LOCAL.size + len(name) + packed
            if end > self._start:
                raise self._damaged("reaches beyond the members", member)
        # Writers that do not know better count up to 65,535 and begin anew.
        if (count - self._count) % 0x10000:
            raise self._damaged(f"holds {count} members instead of {self._count}")
        if total > max(self._limits.harmless, self._limits.ratio * self._length):
            raise self._damaged(f"has {self._length} bytes and would inflate to {total}")
        if not in_order:
            self._check_apart()
        return metadata

    def _check_apart(self) -> None:
        """Refuse members that share bytes. This takes 16 bytes for each, so it is only done out of order."""
        starts, ends = array("Q"), array("Q")
        for name, _, _, _, packed, _, offset in self.members():
            if name == METADATA or is_document(name):
                starts.append(offset)
                ends.append(offset + _LOCAL.size + len(name) + packed)
        first, last = np.frombuffer(starts, np.uint64), np.frombuffer(ends, np.uint64)
        order = np.argsort(first)
        if np.any(last[order][:-1] > first[order][1:]):
            raise self._damaged("has members that share their bytes")

    # --- members ------------------------------------------------------------------------------------

    def _read(self, member: Member) -> bytes:
        name, _, _, _, packed, size, offset = member
        if max(size, packed) > self._limits.member:
            raise self._damaged(f"has {max(size, packed)} bytes, over the limit of {self._limits.member}", member)
        begin = _LOCAL.size + len(name)
        raw = self._view(offset, begin + packed)
        if len(raw) < begin or raw[:4] != b"PK\3\4" or raw[_LOCAL.size : begin] != name:
            raise self._damaged("is not where the directory says", member)
        _, named, extra = _LOCAL.unpack_from(raw)
        if named != len(name):
            raise self._damaged("is not where the directory says", member)
        body = self._view(offset + begin + extra, packed) if extra else raw[begin:]
        return unpacked(member, body, self._what)

    def _view(self, offset: int, size: int) -> memoryview:
        """Bytes of the file, fewer at its end. What follows is read along with them, for members lie side by side."""
        at = offset - self._window_at
        if at < 0 or at + size > len(self._window):
            self._window, self._window_at, at = memoryview(self._pread(offset, max(size, READ_AHEAD))), offset, 0
        return self._window[at : at + size]

    def _pread(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def _damaged(self, reason: str, member: Member | None = None) -> IntegrityError:
        return IntegrityError(self._what, reason, ADVICE) if member is None else _damaged(member, self._what, reason)


def is_document(name: bytes) -> bool:
    """True for the name of a `*.json` at the root."""
    return name.endswith(b".json") and b"/" not in name and b"\\" not in name


def name_of(member: Member, what: str) -> str:
    """The member's name as text.

    Raises:
        IntegrityError: it is none.
    """
    try:
        return member[0].decode("utf-8" if member[1] & UTF8 else "cp437")
    except UnicodeDecodeError as fault:
        raise _damaged(member, what, "has a name that is not text") from fault


def unpacked(member: Member, body: memoryview, what: str) -> bytes:
    """The member's content, out of its packed bytes.

    Raises:
        IntegrityError: it is damaged, encrypted, or packed in an unknown way.
    """
    _, flags, method, crc, packed, size, _ = member
    if flags & ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise _damaged(member, what, "is encrypted or packed in a way that is not known")
    data = bytes(body) if method == _STORED else _inflate(member, body, what)
    if len(body) != packed or len(data) != size or zlib.crc32(data) != crc:
        raise _damaged(member, what, "is damaged")
    return data


def _inflate(member: Member, body: memoryview, what: str) -> bytes:
    size = member[5]
    try:
        if len(body) <= SMALL:
            # Takes half as long, and cannot give more than a thousand times as many bytes.
            return zlib.decompress(body, -zlib.MAX_WBITS, size or 1)
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        data = inflater.decompress(body, size + 1)
    except zlib.error as fault:
        raise _damaged(member, what, "is damaged") from fault
    if not inflater.eof:
        raise _damaged(member, what, "is damaged")
    return data


def _damaged(member: Member, what: str, reason: str) -> IntegrityError:
    name = member[0][:100].decode("utf-8", "replace")
    return IntegrityError(f"{name!r} in {what}", reason, ADVICE)
