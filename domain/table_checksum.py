"""Checksum of a table: the sum of 64-bit hashes of its rows (reference: Polaris, section 5.4).

Neither the order of the rows nor their labels matter; the names of the columns only by their order. The hash of a
cell is what `pandas.util.hash_array` gives, so it depends on the types that a column of pandas would have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .arrays import np
from .cell_text import MixedColumn, TextForms, join_texts
from .columns import Columns
from .errors import InvalidDataset
from .siphash import siphash_2_4

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

T = TypeVar("T")

ROWS_AT_ONCE = 1 << 16
"""Rows in hand; with one column of them, all that is ever held."""

_KEY = b"0123456789123456"
_MASK = (1 << 64) - 1
_NO_VALUE = (1 << 64) - 1
"""Hash of a missing text."""
_NOT_AVAILABLE = (1 << 61) - 1
"""Hash of a missing cell in a column of nullable numbers: Python's own hash of `pandas.NA`."""


def table_checksum(columns: Columns, *, canonical: bool = True) -> bytes:
    """Sum of all row hashes, 8 bytes little endian; memory follows a block of rows, not the table.

    `columns` are those that are stored: pointers as text. With `canonical` equal floats have equal hashes (pandas
    from 3.1 on); without, each bit pattern has its own, as in artifacts that older versions made.

    Raises:
        InvalidDataset: a cell has no hash: a list, an array, text that is not Unicode, a date-time as an object.
    """
    total = _over_blocks(columns, canonical, lambda blocks: sum(int(block.sum(dtype=np.uint64)) for block in blocks))
    return (total & _MASK).to_bytes(8, "little")


def row_hashes(columns: Columns, *, canonical: bool = True) -> Hashes:
    """Hash of each row; arguments and errors as `table_checksum`."""
    none = np.empty(0, np.uint64)
    return _over_blocks(columns, canonical, lambda blocks: np.concatenate([none, *blocks]))


def dataset_md5(table: bytes, tree: str | None = None) -> str:
    """MD5 of a version 1 dataset: of its table checksum, followed by the tree digest of its archive if it has one."""
    return hashlib.md5(table + (tree or "").encode(), usedforsecurity=False).hexdigest()


def _over_blocks(columns: Columns, canonical: bool, reduce: Callable[[Iterator[Hashes]], T]) -> T:
    """Reduce the row hashes, block by block.

    Whether a column holds nothing but text shows only at its end. It is taken to, until it turns out otherwise: then
    all begins anew, with every value of that column turned into text first.
    """
    forms: dict[str, TextForms] = {}
    while True:
        try:
            return reduce(_blocks(columns, canonical, forms))
        except MixedColumn as found:
            forms = {name: TextForms() for name in {*forms, found.column}}


def _blocks(columns: Columns, canonical: bool, forms: dict[str, TextForms]) -> Iterator[Hashes]:
    names = sorted(columns.names)
    for start in range(0, columns.n_rows if names else 0, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, columns.n_rows))
        out = np.full(rows.stop - rows.start, 0x345678, np.uint64)
        multiplier = 1000003
        for i, name in enumerate(names):
            values = columns.read(name, rows)
            out ^= _cells(name, values, canonical, forms.get(name))
            out *= np.uint64(multiplier)
            multiplier = (multiplier + 82520 + 2 * (len(names) - i)) & _MASK
        out += np.uint64(97531)
        yield out


def _cells(name: str, values: NDArray[Any], canonical: bool, forms: TextForms | None) -> Hashes:
    """Hash the cells of one column."""
    if values.ndim != 1:
        raise InvalidDataset(f"column '{name}'", "holds arrays, which a table checksum cannot cover")
    if values.dtype.kind in "OUST":
        return _text_cells(name, values, forms)
    data: NDArray[Any] = np.asarray(values)  # of a masked array, what is under the mask
    hashes = _numbers(name, data, canonical)
    mask = getattr(values, "mask", None)
    if mask is not None:
        hashes[mask] = _NOT_AVAILABLE
    return hashes


def _numbers(name: str, values: NDArray[Any], canonical: bool) -> Hashes:
    dtype = values.dtype
    if dtype.kind == "c" and dtype.itemsize <= 16 and (canonical or dtype.itemsize == 16):
        parts: list[NDArray[Any]] = [np.real(values), np.imag(values)]
        real, imaginary = (_numbers(name, part, canonical) for part in parts)
        return real + np.uint64(23) * imaginary
    if dtype.kind not in "biufcmM" or dtype.itemsize > 8:
        raise InvalidDataset(f"column '{name}'", f"has the type {dtype}, which a table checksum cannot cover")
    bits = np.ascontiguousarray(values).view(f"u{dtype.itemsize}").astype(np.uint64)
    if dtype.kind == "f" and canonical:
        bits[np.isnan(values)] = np.array(np.nan, dtype).view(f"u{dtype.itemsize}")
        bits[bits == np.array(-0.0, dtype).view(f"u{dtype.itemsize}")] = 0
    return _mix(bits)


def _text_cells(name: str, values: NDArray[Any], forms: TextForms | None) -> Hashes:
    listed = values.tolist()
    data, lengths, missing = join_texts(name, listed if forms is None else forms.of(name, listed))
    hashes = _mix(siphash_2_4(data, np.cumsum(lengths) - lengths, lengths, _KEY))
    hashes[missing] = _NO_VALUE
    return hashes


def _mix(x: Hashes) -> Hashes:
    """Finalise in place (splitmix64)."""
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x
