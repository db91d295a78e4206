"""Zip archives, whole and made by hand."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib


class Unseekable(io.RawIOBase):
    """Makes zipfile write data descriptors."""

    def __init__(self, target: io.BytesIO) -> None:
        self.target = target

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return self.target.write(data)


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def entry(
    name: bytes = b"a.json",
    *,
    data: bytes = b"{}",
    size: int | None = None,
    method: int = 0,
    flags: int = 0,
    offset: int = 0,
    body_size: int | None = None,
) -> bytes:
    """A directory entry that says whatever a test wants it to say."""
    size = len(data) if size is None else size
    stored_size = len(data) if body_size is None else body_size
    crc = zlib.crc32(data)
    head = struct.pack("<4s6H3L", b"PK\1\2", 20, 20, flags, method, 0, 33, crc, stored_size, size)
    return head + struct.pack("<5H2L", len(name), 0, 0, 0, 0, 0, offset) + name


def local(name: bytes, body: bytes, extra: bytes = b"") -> bytes:
    return b"PK\3\4" + bytes(22) + struct.pack("<2H", len(name), len(extra)) + name + extra + body


def archive_of(members: bytes, *entries: bytes, count: int | None = None) -> bytes:
    directory = b"".join(entries)
    count = len(entries) if count is None else count
    return (
        members + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(members), 0)
    )
