"""Index sets as bytes."""

from __future__ import annotations

from typing import Protocol

from ..domain.index_set import IndexSet

__all__ = ["MOST_INDICES", "IndexSetCodec"]

MOST_INDICES = 2**27
"""Indices a set that is read may hold unless the caller says otherwise: 134 million, in 512 MB."""


class IndexSetCodec(Protocol):
    """Writes index sets in the portable Roaring format and reads them (reference: Polaris, section 7.6)."""

    def dumps(self, indices: IndexSet) -> bytes:
        """Bytes of a set: those it was read from, else the run-optimised form."""
        ...

    def loads(self, data: bytes, most: int = MOST_INDICES, source: str = "index set") -> IndexSet:
        """Read a set; it remembers `data`. `source` names it in errors.

        A few bytes can stand for 4 billion indices, hence `most`: the number of rows there are, where it is known.

        Raises:
            IntegrityError: the bytes are no set, or are followed by others.
            InvalidInput: more than `most` indices.
        """
        ...

    def md5(self, indices: IndexSet) -> str:
        """Hex md5 of `dumps(indices)`: the set's checksum on the wire."""
        ...
