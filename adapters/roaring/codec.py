"""The portable Roaring format through pyroaring (reference: Polaris, section 7.6)."""

from __future__ import annotations

import hashlib
from array import array
from typing import TYPE_CHECKING, cast

from ...domain.arrays import np
from ...domain.errors import IntegrityError, InvalidInput
from ...domain.index_set import IndexSet
from ...ports.index_sets import MOST_INDICES

if TYPE_CHECKING:
    from pyroaring import BitMap


class RoaringCodec:
    """Implements `ports.index_sets.IndexSetCodec`."""

    def dumps(self, indices: IndexSet) -> bytes:
        """Bytes of a set; see the port."""
        if indices.serialized is not None:
            return indices.serialized
        from pyroaring import BitMap

        numbers = array("I")  # what a bitmap takes whole; anything else it walks through in Python
        numbers.frombytes(indices.values.astype(f"=u{numbers.itemsize}").tobytes())
        bitmap = BitMap(numbers)
        bitmap.run_optimize()
        return cast("bytes", bitmap.serialize())

    def loads(self, data: bytes, most: int = MOST_INDICES, source: str = "index set") -> IndexSet:
        """Read a set; see the port."""
        bitmap = _bitmap(data, source)
        # Counted before they are written out: 500 KB of runs can stand for 16 GB of numbers.
        if len(bitmap) > most:
            raise InvalidInput(source, f"holds {len(bitmap)} indices, more than {most}")
        values = np.frombuffer(bitmap.to_array(), dtype=np.uint32) if len(bitmap) else np.empty(0, np.uint32)
        return IndexSet(values, data)

    def md5(self, indices: IndexSet) -> str:
        """Hex md5 of the bytes of a set."""
        return hashlib.md5(self.dumps(indices), usedforsecurity=False).hexdigest()


def _bitmap(data: bytes, source: str) -> BitMap:
    from pyroaring import BitMap

    try:
        bitmap = BitMap.deserialize(data)  # bounded by its input, and checks the order of what it finds
    except (ValueError, IndexError, MemoryError) as error:
        raise IntegrityError(source, f"is not in Roaring format: {error}", "Fetch it again") from None
    size = len(cast("bytes", bitmap.serialize()))
    if size != len(data):
        raise IntegrityError(
            source, f"has {len(data)} bytes, of which only {size} are a Roaring set", "Fetch it again"
        )
    return bitmap
