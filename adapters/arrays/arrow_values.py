"""Arrow arrays to numpy, straight from their buffers.

Arrow's own conversion imports pandas wherever that is installed: half a second and 60 MB, for nothing needed here.
"""

from __future__ import annotations

from typing import Any

from ...domain.arrays import np
from ...domain.columns import object_array

TEXT = "U"


def dtype_of(kind: Any, missing: bool) -> np.dtype[Any]:
    """Type of the values of an Arrow type: numbers with missing ones are floats, as a NaN stands for those."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return dtype_of(kind.value_type, missing)
    if types.is_boolean(kind):
        return np.dtype(object if missing else bool)
    if types.is_integer(kind):
        return np.dtype(np.float64) if missing else _physical(kind)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return np.dtype(TEXT)
    if types.is_floating(kind) or types.is_timestamp(kind) or types.is_duration(kind):
        return _physical(kind)
    return np.dtype(object)


def _physical(kind: Any) -> np.dtype[Any]:
    """Type of the items in the buffer of numbers. Times with a zone are instants, held in UTC."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return np.dtype(f"M8[{kind.unit}]")
    if pa.types.is_duration(kind):
        return np.dtype(f"m8[{kind.unit}]")
    names = {"halffloat": "f2", "float": "f4", "double": "f8"}
    return np.dtype(names.get(str(kind), str(kind)))


def is_number(dtype: np.dtype[Any]) -> bool:
    """Tell whether values of a type are held as a numpy array."""
    return dtype.kind not in "UO"


def numbers(values: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Make an array of numbers of type `dtype`, which `dtype_of` said; missing ones become NaN or NaT."""
    found = _items(values)
    if found.dtype != dtype:
        found = found.astype(dtype)
    if values.null_count:
        found = found.copy()
        found[missing(values)] = np.array("NaT" if dtype.kind in "mM" else np.nan, dtype)
    return found


def masked(values: Any) -> np.ma.MaskedArray[Any, Any]:
    """Make an array of numbers as they are, with a mask of the missing ones."""
    return np.ma.MaskedArray(_items(values).copy(), missing(values))


def _items(values: Any) -> np.ndarray[Any, Any]:
    import pyarrow as pa

    data, start, count = values.buffers()[1], values.offset, len(values)
    if pa.types.is_boolean(values.type):
        return _bits(data, start, count)
    dtype = _physical(values.type)
    return np.frombuffer(data or b"", dtype)[start : start + count]


def _bits(data: Any, start: int, count: int) -> np.ndarray[Any, Any]:
    packed = np.frombuffer(data or b"", np.uint8)
    return np.unpackbits(packed, bitorder="little", count=start + count)[start:].astype(bool)


def missing(values: Any) -> np.ndarray[Any, Any]:
    """Tell which values are missing."""
    valid = values.buffers()[0]
    if valid is None:
        return np.full(len(values), bool(values.null_count))
    return ~_bits(valid, values.offset, len(values))


def objects(values: Any) -> np.ndarray[Any, Any]:
    """Make an object array: text, bytes, dates, decimals, arrays of lists, dicts; None where one is missing."""
    if _is_list(values.type):
        return object_array([one(scalar) for scalar in values])
    return object_array(values.to_pylist())


def one(scalar: Any) -> Any:
    """Make an object of a single value."""
    if not scalar.is_valid or not _is_list(scalar.type):
        return scalar.as_py()
    inside = scalar.values
    dtype = dtype_of(inside.type, inside.null_count > 0)
    return numbers(inside, dtype).copy() if is_number(dtype) else objects(inside)


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def indices(positions: np.ndarray[Any, Any]) -> Any:
    """Make an Arrow array of positions, which takes their memory as it is."""
    import pyarrow as pa

    wide = np.ascontiguousarray(positions, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(wide), [None, pa.py_buffer(wide)])
