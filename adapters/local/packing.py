"""Document bytes as the catalogue keeps them: compressed if that pays, with the digest they must have."""

from __future__ import annotations

import hashlib
import zlib

import attrs

from ...domain.errors import IntegrityError

_WORTHWHILE = 128
"""Bytes below which compressing is not tried."""


@attrs.frozen
class Packed:
    """Document bytes: SHA-256 of them as they are, their size, and the body, which is shorter if compressed."""

    digest: bytes
    size: int
    body: bytes = attrs.field(repr=False)


def pack(data: bytes) -> Packed:
    """Pack document bytes."""
    body = zlib.compress(data, 1) if len(data) > _WORTHWHILE else data
    return Packed(hashlib.sha256(data).digest(), len(data), body if len(body) < len(data) else data)


def unpack(packed: Packed, what: str) -> bytes:
    """The document bytes.

    Raises:
        IntegrityError: they are not what was packed; `what` names the document.
    """
    data = packed.body
    if len(data) != packed.size:
        try:
            data = zlib.decompress(data)
        except zlib.error as error:
            raise _damaged(what) from error
    if hashlib.sha256(data).digest() != packed.digest:
        raise _damaged(what)
    return data


def _damaged(what: str) -> IntegrityError:
    advice = "Run 'groundtruth hub fsck' to see everything that is damaged"
    return IntegrityError(what, "is damaged in the hub's catalogue", advice)
