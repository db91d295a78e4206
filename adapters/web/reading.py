"""Bodies of answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...domain.errors import IntegrityError


def whole(chunks: Iterable[bytes], headers: Mapping[str, str], limit: int, name: str) -> bytes:
    """All chunks in one.

    Raises:
        IntegrityError: they are more than `limit` bytes, or announced to be.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and len(announced) > len(str(limit)):
        raise _too_long(name, limit)
    received: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _too_long(name, limit)
        received.append(chunk)
    return b"".join(received)


def _too_long(name: str, limit: int) -> IntegrityError:
    return IntegrityError(name, f"answers with more than the {limit} bytes that it may", "The server is at fault")
