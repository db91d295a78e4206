"""Columns that are read from files, and the columns of a version 2 archive (reference: Polaris, section 5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import attrs

from ...domain.arrays import np
from ...domain.columns import object_array, resolve_position, resolve_rows
from ...domain.errors import InvalidDataset, NotFound
from .archive import Archive
from .local_array import CACHE_BYTES

INDEX = "__index__"


class Column(Protocol):
    """One column: its type, a row, many rows."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    def row(self, position: int) -> Any: ...
    def read(self, rows: Any) -> np.ndarray[Any, Any]: ...


@attrs.frozen(eq=False, repr=False)
class StoredColumns:
    """Columns in files. Each stands on its own, so a projection holds the columns it lists and no other.

    `index` reads the labels of the rows, at first use. `file` is the table they are all the columns of.
    """

    columns: Mapping[str, Column]
    n_rows: int
    index: Any = None
    file: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.columns)

    @property
    def labels(self) -> np.ndarray[Any, Any] | None:
        """Label of each row; None stands for 0 to n-1."""
        return None if self.index is None else self.index.labels

    @property
    def stored(self) -> StoredColumns:
        """The cells as stored: pointers as text, nullable numbers masked."""
        return attrs.evolve(self, columns={name: _told(one, "as_stored") for name, one in self.columns.items()})

    def __repr__(self) -> str:
        return f"StoredColumns({self.n_rows} rows of {', '.join(self.columns)})"

    def _column(self, name: str) -> Column:
        try:
            return self.columns[name]
        except KeyError:
            raise NotFound("column", str(name), f"columns {', '.join(self.columns)}") from None

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of a column."""
        return self._column(name).dtype

    def read(self, name: str, rows: Any) -> np.ndarray[Any, Any]:
        """Read many rows."""
        return self._column(name).read(rows)

    def row(self, name: str, position: int) -> Any:
        """Read one row."""
        return self._column(name).row(position)

    def project(self, names: Iterable[str]) -> StoredColumns:
        """Narrow to these columns; a column of pointers lets go of what it does not point to."""
        kept = {name: _told(self._column(name), "alone") for name in names}
        return StoredColumns(kept, self.n_rows, self.index)


def _told(column: Column, what: str) -> Column:
    """Ask a column for another form of itself, which few kinds of column have."""
    form = getattr(column, what, None)
    return column if form is None else form()


@attrs.frozen(eq=False, repr=False)
class GroupColumn:
    """A column whose rows are arrays of different shape: members of a group, in the order of its `__index__`."""

    archive: Archive
    group: str
    keys: tuple[str, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always object."""
        return np.dtype(object)

    def row(self, position: int) -> np.ndarray[Any, Any]:
        """Read the array of one row."""
        key = self.keys[resolve_position(position, len(self.keys))]
        return self.archive.array(f"{self.group}/{key}", cache_bytes=0).read(slice(None))

    def read(self, rows: Any) -> np.ndarray[Any, Any]:
        """Read the arrays of many rows, each member once."""
        wanted = resolve_rows(rows, len(self.keys))
        positions = range(len(self.keys))[wanted] if isinstance(wanted, slice) else wanted.tolist()
        return object_array([self.row(i) for i in positions])


def archive_columns(archive: Archive) -> StoredColumns:
    """Make the columns of a version 2 dataset: the members of the root, sorted by name.

    Raises:
        InvalidDataset: no members, a group without a right `__index__`, or different lengths.
    """
    names = archive.members()
    if not names:
        raise InvalidDataset(f"archive {archive.where}", "has no columns")
    share = CACHE_BYTES // len(names)
    columns: dict[str, Column] = {}
    lengths: dict[str, int] = {}
    for name in names:
        if name in archive.arrays:
            array = archive.array(name, share)
            columns[name], lengths[name] = array, array.n_rows
        else:
            group = _group_column(archive, name)
            columns[name], lengths[name] = group, len(group.keys)
    if len(set(lengths.values())) > 1:
        raise InvalidDataset(f"archive {archive.where}", f"has columns of different lengths: {lengths}")
    return StoredColumns(columns, next(iter(lengths.values())))


def _group_column(archive: Archive, name: str) -> GroupColumn:
    members = set(archive.members(name)) - {INDEX}
    if f"{name}/{INDEX}" not in archive.arrays:
        raise InvalidDataset(f"group '{name}' in {archive.where}", f"has no array {INDEX}")
    keys = tuple(str(key) for key in archive.array(f"{name}/{INDEX}").read(slice(None)).tolist())
    if len(keys) != len(members):
        raise InvalidDataset(
            f"{INDEX} of group '{name}' in {archive.where}", f"has {len(keys)} items for {len(members)} members"
        )
    strangers = [key for key in keys if f"{name}/{key}" not in archive.arrays]
    if strangers:
        raise InvalidDataset(
            f"{INDEX} of group '{name}' in {archive.where}", f"names what is no member: {strangers[0]!r}"
        )
    inside = f"{name}/"
    own = {path: document for path, document in archive.arrays.items() if path.startswith(inside)}
    return GroupColumn(Archive(archive.root, own, frozenset()), name, keys)
