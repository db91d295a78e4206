"""Imports in pieces, for hubs that refuse large bodies (reference: V7 Darwin, section 10.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ...domain.errors import InvalidInput

MAX_BODY = 32_000_000
"""Bytes of a body that Darwin takes."""

_COMMA = 1


def parts(elements: Sequence[msgspec.Raw], limit: int = MAX_BODY, first: int = 0) -> Iterator[list[msgspec.Raw]]:
    """Encoded annotations in order, in as few pieces of less than `limit` bytes as they allow; at least one.

    `first` bytes of the first piece are taken by what goes along with it.

    Raises:
        InvalidInput: an annotation is larger than a whole piece.
    """
    piece: list[msgspec.Raw] = []
    size = first
    for element in elements:
        length = len(bytes(element)) + _COMMA
        if length >= limit:
            raise InvalidInput(
                "an annotation", f"takes {length} bytes, more than the hub accepts at once", "Simplify its shape"
            )
        if size + length >= limit:
            yield piece
            piece, size = [], 0
        piece.append(element)
        size += length
    yield piece
