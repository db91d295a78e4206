"""Digests of values: the same values have the same digest, however they are held in memory or were stored.

A digest is SHA-256 over a canonical byte form. What is written for an array:

1. a header: kind, number of axes as one byte, each length as 8 bytes;
2. numbers: each as IEEE 754 double, little endian, one NaN for all, no negative zero; booleans are 0 and 1. Where a
   whole number is no double, all are of kind `integer`, each as 16 bytes two's complement;
3. texts: byte length (8 bytes) and UTF-8 of each;
4. objects: each value behind a letter for its kind, nested where it is an array, list or record.

So 1, 1.0 and True are one value, as they are one score; and predictions read back from JSON, CSV or another type of
array are the predictions that were written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import attrs

from .arrays import np
from .digest import Digest
from .errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Encode", "digest_of_rows", "digest_of_tables"]

Encode = Callable[[Any], bytes]
"""Bytes of a value that only a library understands (a molecule)."""

_BLOCK = 1 << 16
_EXACT = 2**53


def _refuse(value: Any) -> bytes:
    raise InvalidInput(f"a value of type {type(value).__name__}", "has no canonical form to make a digest of")


def digest_of_tables(tables: Mapping[str, Mapping[str, NDArray[Any]]], encode: Encode | None = None) -> Digest:
    """Digest of arrays by two names (test set, target); the order of the names does not matter.

    Raises:
        InvalidInput: a value has no canonical form and `encode` knows none.
    """
    hasher = hashlib.sha256(b"groundtruth values 1\n")
    for outer in sorted(tables):
        for inner in sorted(tables[outer]):
            hasher.update(_text(outer) + _text(inner))
            for block in _array(tables[outer][inner], encode or _refuse):
                hasher.update(block)
    return Digest(hasher.hexdigest())


def digest_of_rows(rows: NDArray[Any]) -> Digest:
    """Digest of row positions, in their order."""
    hasher = hashlib.sha256(b"groundtruth rows 1\n")
    for start in range(0, len(rows), _BLOCK):
        hasher.update(np.ascontiguousarray(rows[start : start + _BLOCK], dtype="<i8").data)
    return Digest(hasher.hexdigest())


def _array(array: NDArray[Any], encode: Encode) -> Iterator[bytes | memoryview]:
    if array.dtype.kind == "O":
        array = _plainer(array)
    kind, write = _form(array, encode)
    yield _text(kind) + bytes([array.ndim]) + b"".join(_length(axis) for axis in array.shape)
    flat = array.reshape(-1) if array.flags.c_contiguous else array.ravel()
    for start in range(0, flat.size, _BLOCK):
        yield write(flat[start : start + _BLOCK])


def _plainer(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers or texts that happen to be held as objects, as an array of numbers or texts."""
    values = array.ravel().tolist()
    if values and all(isinstance(value, str) for value in values):
        return np.array(values).reshape(array.shape)
    if not values or not all(_is_number(value) for value in values):
        return array
    if all(_is_double(value) for value in values):
        return np.array([float(value) for value in values]).reshape(array.shape)
    whole = np.array(values)
    return whole.reshape(array.shape) if whole.dtype.kind in "iu" else array


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float | np.number | np.bool_)


def _is_double(value: Any) -> bool:
    try:
        return float(value) == value or value != value
    except OverflowError:
        return False


def _form(array: NDArray[Any], encode: Encode) -> tuple[str, Callable[[NDArray[Any]], bytes | memoryview]]:
    kind = array.dtype.kind
    if kind in "bf" or (kind in "iu" and _fits(array)):
        return "number", _numbers
    if kind in "iu":
        return "integer", lambda block: b"".join(_integer(value) for value in block.tolist())
    if kind in "UT":
        return "text", lambda block: b"".join(_text(value) for value in block.tolist())
    return "object", lambda block: b"".join(_value(value, encode) for value in block.tolist())


def _fits(array: NDArray[Any]) -> bool:
    """Tell whether every whole number is a double."""
    if array.dtype.itemsize <= 4 or not array.size:
        return True
    if int(array.min()) >= -_EXACT and int(array.max()) <= _EXACT:
        return True
    return all(_is_double(value) for value in array.ravel().tolist())


def _numbers(block: NDArray[Any]) -> memoryview:
    numbers = block.astype("<f8") + 0.0  # adding zero makes -0.0 positive
    missing = np.isnan(numbers)
    if missing.any():
        numbers[missing] = np.nan
    return numbers.data


def _length(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return _length(len(data)) + data


def _integer(value: int) -> bytes:
    return value.to_bytes(16, "little", signed=True)


def _value(value: Any, encode: Encode) -> bytes:
    """Write one value of an object array: a letter, then what it holds."""
    if value is None:
        return b"n"
    if isinstance(value, str):
        return b"t" + _text(value)
    if isinstance(value, bytes):
        return b"b" + _length(len(value)) + value
    if _is_number(value):
        return (
            b"f" + bytes(_numbers(np.array([float(value)]))) if _is_double(value) else b"i" + _text(str(int(value)))
        )
    if isinstance(value, np.ndarray):
        return b"a" + b"".join(bytes(block) for block in _array(cast("NDArray[Any]", value), encode))
    if isinstance(value, (list, tuple)):
        items = cast("list[Any] | tuple[Any, ...]", value)
        return b"l" + _length(len(items)) + b"".join(_value(item, encode) for item in items)
    if isinstance(value, Mapping):
        entries = {str(key): item for key, item in cast("Mapping[Any, Any]", value).items()}
        written = (_text(key) + _value(entries[key], encode) for key in sorted(entries))
        return b"m" + _length(len(entries)) + b"".join(written)
    kind = cast("type[Any]", type(value))
    if attrs.has(kind):
        fields = [field.name for field in attrs.fields(kind) if field.init]
        return b"r" + _text(kind.__name__) + b"".join(_value(getattr(value, name), encode) for name in fields)
    data = encode(value)
    return b"x" + _length(len(data)) + data
