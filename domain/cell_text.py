"""Texts of the cells of a column, as the table checksum sees them (reference: Polaris, section 5.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .arrays import np
from .errors import InvalidDataset
from .siphash import PADDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

Cell = str | bytes | None
"""A text, bytes, or None: missing."""


class MixedColumn(Exception):
    """A column holds something besides text and bytes."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def join_texts(name: str, cells: Sequence[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Lay the bytes of all cells one after the other; return them, padded, their lengths, and which are missing.

    Raises:
        MixedColumn: a cell is neither text nor bytes nor missing.
        InvalidDataset: a text is not Unicode.
    """
    texts, missing = cells, np.zeros(len(cells), np.bool_)
    try:
        joined = "".join(texts)
    except TypeError:  # something is no text
        texts = ["" if cell is None else cell for cell in cells]
        missing = np.fromiter((cell is None for cell in cells), np.bool_, len(cells))
        try:
            joined = "".join(texts)
        except TypeError:
            return _join_encoded(name, cells)
    try:
        data = joined.encode()
        encoded = texts if len(data) == len(joined) else [text.encode() for text in texts]  # ASCII: one byte each
    except UnicodeEncodeError as error:
        raise _not_unicode(name) from error
    return _padded(data), _lengths(encoded), missing


def _join_encoded(name: str, cells: Iterable[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    encoded: list[bytes] = []
    missing: list[bool] = []
    for cell in cells:
        missing.append(is_missing(cell))
        if missing[-1]:
            encoded.append(b"")
        elif isinstance(cell, str):
            try:
                encoded.append(cell.encode())
            except UnicodeEncodeError as error:
                raise _not_unicode(name) from error
        elif isinstance(cell, bytes):
            encoded.append(cell)
        else:
            raise MixedColumn(name)
    return _padded(b"".join(encoded)), _lengths(encoded), np.array(missing, np.bool_)


def _padded(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data + bytes(PADDING), np.uint8)


def _lengths(cells: Sequence[Any]) -> NDArray[np.int64]:
    return np.fromiter(map(len, cells), np.int64, len(cells))


def _not_unicode(name: str) -> InvalidDataset:
    return InvalidDataset(f"column '{name}'", "holds text with a lone surrogate", "Store it as bytes, or repair it")


def is_missing(cell: Any) -> bool:
    """True for None, NaN of any type, NaT and `pandas.NA`."""
    if cell is None or type(cell).__name__ == "NAType":
        return True
    if isinstance(cell, (str, bytes)):
        return False
    unequal: Any = cell != cell  # as NaN is, and nothing else
    return type(unequal) in (bool, np.bool_) and bool(unequal)


@attrs.define
class TextForms:
    """Text forms of the values of one mixed column.

    Values that are equal (1, 1.0 and True) have the form of the one that came first, as pandas, which sorts out equal
    values before it turns them into text.
    """

    _first: dict[Any, str] = attrs.field(factory=dict[Any, str], init=False)

    def of(self, name: str, cells: Iterable[Any]) -> list[str | None]:
        """Text form of each cell, None where it is missing.

        Raises:
            InvalidDataset: a cell has no text form that is always the same.
        """
        try:
            return [None if is_missing(cell) else self._form(cell) for cell in cells]
        except (TypeError, UnicodeDecodeError) as error:
            raise InvalidDataset(
                f"column '{name}'", f"holds a value that a table checksum cannot cover ({error})",
                "Keep arrays and lists in an archive, and times in a column of their own type",
            ) from error  # fmt: skip

    def _form(self, cell: Any) -> str:
        if isinstance(cell, str):
            return cell.rstrip("\0")  # numpy's texts end there
        if isinstance(cell, bytes):
            return cell.decode("ascii").rstrip("\0")
        if isinstance(cell, (dt.datetime, dt.timedelta, np.datetime64, np.timedelta64)):
            raise TypeError(f"{cell!r} as an object")  # its form has changed from version to version of pandas
        return self._first.setdefault(cell, str(cell))
