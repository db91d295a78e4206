"""Reading chunk files, and keeping the chunks that were decoded last."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from ...domain.arrays import np
from ...domain.errors import NotReadable

_READ_ONLY = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_SMALL = 64 << 10
_LARGE = 32 << 20
_buffers = threading.local()


def read_file(path: str, hint: int) -> bytes | memoryview | None:
    """Read a file whole, None where there is none. `hint` is a size it will not exceed by much.

    What is returned may be overwritten by the next call of the same thread: large files are read into the same
    memory again and again, as getting it anew from the system takes as long as reading.

    Raises:
        NotReadable: it is there but cannot be read.
    """
    try:
        handle = os.open(path, _READ_ONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotReadable(path, str(error.strerror)) from error
    try:
        if hint > _SMALL:
            return _read_large(handle, hint)
        data = os.read(handle, hint)
        if len(data) < hint:  # a regular file gives less only at its end
            return data
        return data + _rest(handle)
    except OSError as error:
        raise NotReadable(path, str(error.strerror)) from error
    finally:
        os.close(handle)


def _read_large(handle: int, hint: int) -> bytes | memoryview:
    if not hasattr(os, "readv") or hint > _LARGE:
        return _rest(handle)
    buffer: bytearray = getattr(_buffers, "memory", bytearray())
    if len(buffer) < hint:
        # glibc maps blocks as large as these anew each time, page by page, until one larger still was given back.
        bytearray(2 * hint)
        buffer = _buffers.memory = bytearray(hint)
    view, size = memoryview(buffer), 0
    while size < len(buffer) and (count := os.readv(handle, [view[size:]])):
        size += count
    return view[:size] if size < len(buffer) else bytes(view) + _rest(handle)


def _rest(handle: int) -> bytes:
    size = os.fstat(handle).st_size - os.lseek(handle, 0, os.SEEK_CUR)
    parts: list[bytes] = []
    while data := os.read(handle, min(max(size, 1 << 12) + 1, 1 << 30)):
        parts.append(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_part(path: str, start: int, length: int) -> tuple[bytes, int] | None:
    """Read bytes of a file, from its end for a negative start; None without the file. Also returns its size."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size + start) if start < 0 else start)
            return file.read(length), size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotReadable(path, str(error.strerror)) from error


class ChunkCache:
    """Decoded chunks, the least recently used ones dropped beyond `limit` bytes; the latest one always stays.

    Nobody waits for the lock: whoever finds it taken goes on without keeping a chunk. So a process that was forked
    while another thread held it still reads right.
    """

    __slots__ = ("_chunks", "_lock", "_size", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._chunks: OrderedDict[Hashable, tuple[np.ndarray[Any, Any], int]] = OrderedDict()
        self._lock = threading.Lock()
        self._size = 0

    def get(self, key: Hashable) -> np.ndarray[Any, Any] | None:
        """Return a chunk that is kept."""
        found = self._chunks.get(key)
        if found is None:
            return None
        with contextlib.suppress(KeyError):  # dropped a moment ago
            self._chunks.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, chunk: np.ndarray[Any, Any], size: int) -> None:
        """Keep a chunk of `size` bytes."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            before = self._chunks.pop(key, None)
            self._size += size - (before[1] if before else 0)
            self._chunks[key] = (chunk, size)
            while self._size > self.limit and len(self._chunks) > 1:
                _, (_, dropped) = self._chunks.popitem(last=False)
                self._size -= dropped
        finally:
            self._lock.release()
