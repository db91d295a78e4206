"""Release zips, written as they are sent: any number of members in flat memory, and the same bytes every time.

So a part of an archive can be had by making the whole of it and leaving out the rest, and nothing is stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterable
from contextlib import closing
from datetime import datetime
from struct import Struct
from tempfile import SpooledTemporaryFile

from ....domain.errors import InvalidInput

CHUNK = 1 << 18
"""Bytes of a chunk, if the members are small. Each costs a change of threads in the server."""
DIRECTORY_IN_MEMORY = 4 << 20
"""Bytes of the directory beyond which it waits in a temporary file."""

RECIPE = f"2 {zlib.ZLIB_RUNTIME_VERSION}"
"""Archives of the same members have the same bytes as long as this is the same."""

_LOCAL = Struct("<4s5H3L2H")
_ENTRY = Struct("<4s6H3L5H2L")
_EXTRA = Struct("<2HQ")
_END64 = Struct("<4sQ2H2L4Q")
_LOCATOR = Struct("<4sLQL")
_END = Struct("<4s4H2LH")
_MANY, _FAR = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_UTF8 = 0x800
_ORDINARY, _LARGE = 20, 45
_UNIX = 3 << 8
_REGULAR_FILE = 0o100644 << 16
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def zip_chunks(members: Iterable[tuple[str, bytes]], moment: datetime, offset: int = 0) -> Generator[bytes]:
    """An archive of members (name, content), all with `moment` as their time; `offset` bytes stand before it.

    Raises:
        InvalidInput: a member has 4 GiB or more, or a name of more than 65,535 bytes.
    """
    chunks, entries, waiting, count, end = [], [], 0, 0, offset
    time, date = _stamp(moment)
    with SpooledTemporaryFile(DIRECTORY_IN_MEMORY) as directory:
        for name, data in members:
            encoded = name.encode()
            if len(data) >= _FAR or len(encoded) > _MANY:
                raise InvalidInput(f"'{name[:100]}'", "is too large for a release zip")
            packed = _pack(data)
            facts = (
                _UTF8,
                _STORED if packed is data else _DEFLATED,
                time,
                date,
                zlib.crc32(data),
                len(packed),
                len(data),
                len(encoded),
            )
            head = _LOCAL.pack(b"PK\3\4", _ORDINARY, *facts, 0) + encoded
            entries.append(_entry(facts, encoded, end))
            size = len(head) + len(packed)
            chunks += (head, packed)
            count, end, waiting = count + 1, end + size, waiting + size
            if waiting >= CHUNK:
                yield b"".join(chunks)
                directory.write(b"".join(entries))
                chunks, entries, waiting = [], [], 0
        yield b"".join(chunks)
        directory.write(b"".join(entries))
        size = directory.tell()
        directory.seek(0)
        while piece := directory.read(CHUNK):
            yield piece
    yield _ending(count, size, end)


def part(chunks: Generator[bytes], span: range) -> Generator[bytes]:
    """The bytes at the positions of what the chunks make up; what follows them is not made any more."""
    position = 0
    with closing(chunks):
        for chunk in chunks:
            end = position + len(chunk)
            if end > span.start:
                yield chunk[max(0, span.start - position) : span.stop - position]
            if end >= span.stop:
                return
            position = end


def _pack(data: bytes) -> bytes:
    """The data deflated, or itself if that does not make it smaller."""
    # What is small needs neither a large window nor large tables, and to clear them is what takes long.
    window, memory = (-12, 5) if len(data) <= 1 << 12 else (-13, 6) if len(data) <= 1 << 14 else (-15, 8)
    deflater = zlib.compressobj(1, zlib.DEFLATED, window, memory)
    packed = deflater.compress(data) + deflater.flush()
    return packed if len(packed) < len(data) else data


def _entry(facts: tuple[int, ...], name: bytes, offset: int) -> bytes:
    if offset < _FAR:
        return _ENTRY.pack(b"PK\1\2", _UNIX | _ORDINARY, _ORDINARY, *facts, 0, 0, 0, 0, _REGULAR_FILE, offset) + name
    size = _EXTRA.size
    entry = _ENTRY.pack(b"PK\1\2", _UNIX | _LARGE, _LARGE, *facts, size, 0, 0, 0, _REGULAR_FILE, _FAR)
    return entry + name + _EXTRA.pack(1, 8, offset)


def _ending(count: int, size: int, start: int) -> bytes:
    ending = _END.pack(b"PK\5\6", 0, 0, min(count, _MANY), min(count, _MANY), min(size, _FAR), min(start, _FAR), 0)
    if count < _MANY and size < _FAR and start < _FAR:
        return ending
    large = _END64.pack(b"PK\6\6", _END64.size - 12, _LARGE, _LARGE, 0, 0, count, count, size, start)
    return large + _LOCATOR.pack(b"PK\6\7", 0, start + size, 1) + ending


def _stamp(moment: datetime) -> tuple[int, int]:
    """Time and date as MS-DOS had them: two seconds to a step, from 1980 on."""
    year, month, day, hour, minute, second = max(moment.timetuple()[:6], _EARLIEST)
    return hour << 11 | minute << 5 | second // 2, min(year - 1980, 127) << 9 | month << 5 | day
