"""Pointer columns of a version 1 table: each text resolved against the archive (reference: Polaris, section 5.3)."""

from __future__ import annotations

from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.errors import InvalidDataset, NotFound
from ...domain.pointers import Pointer, plan_reads
from .archive import Archive
from .columns import Column
from .local_array import CACHE_BYTES, LocalArray
from .store_array import StoreArray


@attrs.frozen(eq=False, repr=False)
class PointerColumn:
    """A column of pointers. A missing text is a missing value.

    `_open` keeps the arrays that were pointed into lately, so that a row costs a row and not an opening.
    """

    name: str
    texts: Column
    archive: Archive
    _open: dict[str, LocalArray | StoreArray] = attrs.field(factory=dict)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.name, self.texts, self.archive

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the cells as stored: text."""
        return self.texts.dtype

    def as_stored(self) -> Column:
        """The pointers themselves."""
        return self.texts

    def row(self, position: int) -> Any:
        """Read what the pointer of one row points to."""
        pointer = self._parse(self.texts.row(position))
        if pointer is None:
            return None
        if pointer.start is None:
            return self._node(pointer.path)
        array = self._array(pointer.path)
        if pointer.stop is None:
            return self._rows_of(array, pointer.start)
        return tuple(array.read(np.fromiter(pointer.rows(array.n_rows), np.intp)))

    def read(self, rows: Any) -> np.ndarray[Any, Any]:
        """Read what many pointers point to: one read per array, however many point into it."""
        pointers: list[Any] = [self._parse(text) for text in self.texts.read(rows)]
        out = np.empty(len(pointers), dtype=object)
        for path, places in plan_reads(pointers).items():
            parts = [place for place in places if pointers[place].start is not None]
            for place in set(places).difference(parts):
                out[place] = self._node(path)
            if parts:
                self._scatter(path, parts, pointers, out)
        return out

    def alone(self) -> PointerColumn:
        """The column with no more of the archive than it points to."""
        texts = [text for text in self.texts.read(slice(None)) if isinstance(text, str)]
        paths = {"/".join(step for step in text.partition("#")[0].split("/") if step) for text in texts}

        def kept(node: str) -> bool:
            steps = node.split("/")
            return any("/".join(steps[:i]) in paths for i in range(len(steps) + 1))

        arrays = {node: document for node, document in self.archive.arrays.items() if kept(node)}
        archive = Archive(self.archive.root, arrays, frozenset(filter(kept, self.archive.groups)))
        return PointerColumn(self.name, self.texts, archive)

    def _scatter(self, path: str, places: list[int], pointers: list[Any], out: np.ndarray[Any, Any]) -> None:
        array = self._array(path)
        ranges = [pointers[place].rows(array.n_rows) for place in places]
        rows = np.concatenate([np.arange(r.start, r.stop, r.step) for r in ranges]).astype(np.intp)
        try:
            values = array.read(rows)
        except NotFound as error:
            raise self._dangling(path, error) from error
        at = 0
        for place, span in zip(places, ranges, strict=True):
            single = pointers[place].stop is None
            # Copies, so that keeping one row does not keep all that were read with it.
            out[place] = _own(values[at]) if single else tuple(_own(values[i]) for i in range(at, at + len(span)))
            at += len(span)

    def _parse(self, text: Any) -> Pointer | None:
        if text is None:
            return None
        try:
            return Pointer.parse(text)
        except (InvalidDataset, AttributeError) as error:
            raise InvalidDataset(f"column '{self.name}'", f"has a cell that is no pointer: {text!r}") from error

    def _rows_of(self, array: LocalArray | StoreArray, row: int) -> Any:
        try:
            return array.row(row)
        except NotFound as error:
            raise self._dangling(array.name, error) from error

    def _dangling(self, path: str, error: NotFound) -> InvalidDataset:
        return InvalidDataset(
            f"column '{self.name}'", f"points outside of '{path}' in {self.archive.where}: {error.message}"
        )

    def _array(self, path: str) -> LocalArray | StoreArray:
        found = self._open.get(path)
        if found is None:
            if path not in self.archive.arrays:
                raise InvalidDataset(f"column '{self.name}'", f"points to '{path}', no array of {self.archive.where}")
            if len(self._open) >= 64:
                self._open.clear()
            found = self._open[path] = self.archive.array(path, CACHE_BYTES // 4)
        return found

    def _node(self, path: str) -> Any:
        """A whole array, or a group as a dict of its members."""
        if path in self.archive.arrays:
            return self._array(path).read(slice(None))
        if path not in self.archive.groups:
            raise InvalidDataset(f"column '{self.name}'", f"points to '{path}', nothing of {self.archive.where}")
        return {name: self._node(inner) for name, inner in self.archive.nested(path)}


def _own(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def resolved(columns: dict[str, Column], pointers: tuple[str, ...], archive: Archive) -> dict[str, Column]:
    """Put pointer columns in the place of the texts of these columns."""
    return {
        name: PointerColumn(name, column, archive) if name in pointers else column for name, column in columns.items()
    }
