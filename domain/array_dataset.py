"""Array datasets: named columns with what is known about them (reference: Polaris, sections 5.1 to 5.3).

Version 1 is a table whose pointer columns reach into a Zarr archive; version 2 is a Zarr archive alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import attrs

from .arrays import np
from .columns import ArrayColumns, Columns, batches, object_array
from .errors import InvalidDataset, MissingExtra, RowNotFound
from .notebook import html_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .artifact import ArtifactMeta, License

__all__ = ["Adapt", "ArrayDataset", "ColumnAdapter", "ColumnAnnotation", "Modality", "apply_adapter"]


class Modality(enum.StrEnum):
    """What a column shows."""

    UNKNOWN = "UNKNOWN"
    MOLECULE = "MOLECULE"
    MOLECULE_3D = "MOLECULE_3D"
    PROTEIN = "PROTEIN"
    PROTEIN_3D = "PROTEIN_3D"
    IMAGE = "IMAGE"

    @classmethod
    def parse(cls, name: str) -> Modality:
        """Read a modality by name, in any case."""
        try:
            return cls(name.upper())
        except ValueError:
            raise InvalidDataset(f"modality '{name}'", "is not known", f"Choose one of {', '.join(cls)}") from None


class ColumnAdapter(enum.StrEnum):
    """How stored values become objects."""

    SMILES_TO_MOL = "SMILES_TO_MOL"
    BYTES_TO_MOL = "BYTES_TO_MOL"
    ARRAY_TO_PDB = "ARRAY_TO_PDB"

    @classmethod
    def parse(cls, name: str) -> ColumnAdapter:
        """Read an adapter by name."""
        try:
            return cls(name)
        except ValueError:
            raise InvalidDataset(f"adapter '{name}'", "is not known", f"Choose one of {', '.join(cls)}") from None


Adapt = Callable[[ColumnAdapter, Any], Any]


def _no_adapt(adapter: ColumnAdapter, value: Any) -> Any:
    raise MissingExtra(f"the adapter {adapter}", "chem")


@attrs.frozen
class ColumnAnnotation:
    """What is known about a column. `dtype` is the name of its type; a dataset always sets it from its data."""

    is_pointer: bool = False
    modality: Modality = Modality.UNKNOWN
    description: str | None = None
    user_attributes: Mapping[str, str] = attrs.field(factory=dict[str, str])
    dtype: str | None = None
    content_type: str | None = None


def apply_adapter(adapt: Adapt, adapter: ColumnAdapter, value: Any) -> Any:
    """Adapt one value; a tuple (a pointer to several rows) item by item."""
    if isinstance(value, tuple):
        items: tuple[Any, ...] = value  # pyright: ignore[reportUnknownVariableType]
        return tuple(adapt(adapter, item) for item in items)
    return adapt(adapter, value)


@attrs.frozen(eq=False, repr=False)
class ArrayDataset:
    """Columns and what is known about them.

    `columns` resolves pointers itself. `zarr_root` says where the archive is (path or address), `md5sum` is the
    known checksum of a version 1 dataset, `adapt` turns stored values into objects.

    Rows of version 1 are addressed by their label, rows of version 2 by position (negative ones from the end).
    Slices are positions in both. Columns without annotation get an empty one.
    """

    version: int
    meta: ArtifactMeta
    columns: Columns
    annotations: Mapping[str, ColumnAnnotation] = attrs.field(factory=dict[str, ColumnAnnotation])
    default_adapters: Mapping[str, ColumnAdapter] = attrs.field(factory=dict[str, ColumnAdapter])
    readme: str = ""
    source: str | None = None
    license: License | None = None
    curation_reference: str | None = None
    artifact_version: int = 1
    artifact_changelog: str | None = None
    md5sum: str | None = None
    zarr_root: str | None = None
    adapt: Adapt = _no_adapt

    def __attrs_post_init__(self) -> None:
        if self.version not in (1, 2):
            raise InvalidDataset(f"version {self.version}", "of a dataset is not known", "Use 1 or 2")
        names = self.columns.names
        for what, given in (("annotations", self.annotations), ("default adapters", self.default_adapters)):
            unknown = [name for name in given if name not in names]
            if unknown:
                raise InvalidDataset(
                    what, f"name columns that do not exist: {unknown}", f"Columns: {', '.join(names)}"
                )
        full = {name: self._annotated(name) for name in names}
        object.__setattr__(self, "annotations", full)
        if self.version == 1:
            self._check_pointers()

    def _annotated(self, name: str) -> ColumnAnnotation:
        known = self.annotations.get(name) or ColumnAnnotation()
        return attrs.evolve(known, dtype=self.columns.dtype(name).name)

    def _check_pointers(self) -> None:
        pointers = self.pointer_columns
        if pointers and self.zarr_root is None:
            raise InvalidDataset(f"pointer column '{pointers[0]}'", "has no archive to point into", "Set zarr_root")
        if self.zarr_root is not None and not pointers:
            raise InvalidDataset(
                "the archive", "is not used: no column is a pointer", "Annotate one with is_pointer, or set none"
            )

    def __repr__(self) -> str:
        # Counts are known without reading a value.
        rows, columns = self.size()
        return f"ArrayDataset({self.meta.name or 'unnamed'}, version {self.version}, {rows} rows x {columns} columns)"

    def _repr_html_(self) -> str:
        columns = ((name, one.dtype, one.modality, one.description) for name, one in self.annotations.items())
        return html_table(repr(self), ("Column", "Type", "Modality", "Description"), columns)

    def __len__(self) -> int:
        return self.columns.n_rows

    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.columns.n_rows, len(self.columns.names)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return self.columns.names

    @property
    def pointer_columns(self) -> tuple[str, ...]:
        """Columns whose values live in the archive (version 1)."""
        return tuple(name for name, one in self.annotations.items() if one.is_pointer)

    @property
    def rows(self) -> NDArray[Any]:
        """What rows are addressed by: their labels, or positions."""
        labels = self.columns.labels
        return np.arange(len(self)) if labels is None else labels.copy()

    @property
    def dtypes(self) -> dict[str, np.dtype[Any]]:
        """Type of each column."""
        return {name: self.columns.dtype(name) for name in self.columns.names}

    # --- rows ------------------------------------------------------------------------------------------

    @cached_property
    def _position_of(self) -> dict[Any, int | None]:
        """Position of each label; None where several rows share it."""
        found: dict[Any, int | None] = {}
        labels = self.columns.labels
        for i, label in enumerate(() if labels is None else labels.tolist()):
            found[label] = None if label in found else i
        return found

    def position(self, row: Any) -> int:
        """Position of the row addressed by `row`: a label in version 1, a position in version 2.

        Raises:
            NotFound: no such row.
            InvalidDataset: several rows have this label.
        """
        if self.version == 1 and self.columns.labels is not None:
            return self._position_of_label(row)
        n_rows = len(self)
        try:
            i = row.__index__()
        except (AttributeError, TypeError):
            raise RowNotFound(name=str(row), where=str(self)) from None
        lowest = -n_rows if self.version == 2 else 0
        if not lowest <= i < n_rows:
            raise RowNotFound(name=str(i), where=str(self))
        return i + n_rows if i < 0 else i

    def _position_of_label(self, row: Any) -> int:
        labels = self.columns.labels
        assert labels is not None
        if labels.dtype.kind in "mM":  # `tolist` gave what numpy gives for such a label
            row = np.asarray(row, dtype=labels.dtype).item()
        try:
            i = self._position_of[row]
        except (KeyError, TypeError):
            raise RowNotFound(name=str(row), where=str(self)) from None
        if i is None:
            raise InvalidDataset(f"row label {row!r}", "is shared by several rows", "Address them by a slice")
        return i

    def _positions(self, rows: Any) -> Any:
        """Positions of many rows: a slice, a mask, or an array of what `position` takes."""
        if isinstance(rows, slice):
            return cast("slice", rows)
        listed = np.asarray(rows)
        if listed.dtype == bool or self.version == 2:
            return listed
        return np.fromiter((self.position(row) for row in listed.tolist()), dtype=np.intp, count=len(listed))

    # --- values ----------------------------------------------------------------------------------------

    def get_data(self, row: Any, col: str, adapters: Mapping[str, ColumnAdapter] | None = None) -> Any:
        """Read one value, adapted; `adapters` override the default ones.

        Raises:
            NotFound: no such row or column.
            MissingExtra: the column has an adapter whose extra is not installed.
        """
        return self._value(self.position(row), col, self._adapters(adapters))

    def _adapters(self, overrides: Mapping[str, ColumnAdapter] | None) -> Mapping[str, ColumnAdapter]:
        return {**self.default_adapters, **overrides} if overrides else self.default_adapters

    def _value(self, position: int, col: str, adapters: Mapping[str, ColumnAdapter]) -> Any:
        value = self.columns.row(col, position)
        adapter = adapters.get(col)
        return value if adapter is None else apply_adapter(self.adapt, adapter, value)

    def read(self, rows: Any, col: str, adapters: Mapping[str, ColumnAdapter] | None = None) -> NDArray[Any]:
        """Read many rows of one column in one bulk read, adapted."""
        return self._adapted(col, self.columns.read(col, self._positions(rows)), self._adapters(adapters))

    def _adapted(self, col: str, values: NDArray[Any], adapters: Mapping[str, ColumnAdapter]) -> NDArray[Any]:
        adapter = adapters.get(col)
        if adapter is None:
            return values
        return object_array(apply_adapter(self.adapt, adapter, value) for value in values)

    def __getitem__(self, item: Any) -> Any:
        """Read `[row]`: a dict of all columns; `[row, column]`: one value; a slice or array of rows: arrays."""
        pair = cast("tuple[Any, ...]", item) if isinstance(item, tuple) else ()
        if len(pair) == 2 and isinstance(pair[1], str) and not self._is_label(pair):
            row, col = pair
            return self.read(row, col) if _is_many(row) else self.get_data(row, col)
        if _is_many(item):
            positions = self._positions(item)
            return {
                name: self._adapted(name, self.columns.read(name, positions), self.default_adapters)
                for name in self.columns.names
            }
        position = self.position(item)
        return {name: self._value(position, name, self.default_adapters) for name in self.columns.names}

    def _is_label(self, item: Any) -> bool:
        """Tell whether a pair is the label of a row (tables with two index levels have such labels)."""
        labels = self.columns.labels
        if self.version == 2 or labels is None or labels.dtype != object or _is_many(item[0]):
            return False
        return item in self._position_of

    def batches(self, size: int | None = None) -> Iterator[dict[str, NDArray[Any]]]:
        """Read all rows in order, batch by batch; without `size` a batch takes some megabytes."""
        for _, arrays in batches(self.columns, self.columns.names, size):
            yield {name: self._adapted(name, values, self.default_adapters) for name, values in arrays.items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for arrays in self.batches():
            names = tuple(arrays)
            for values in zip(*arrays.values(), strict=True):
                yield dict(zip(names, values, strict=True))

    def load_to_memory(self) -> ArrayDataset:
        """Read everything once; the new dataset answers from memory. Once loaded, loading again costs nothing."""
        if isinstance(self.columns, ArrayColumns):
            return self
        return attrs.evolve(self, columns=ArrayColumns.loaded(self.columns))

    def project(self, names: Iterable[str]) -> ArrayDataset:
        """Narrow to these columns; nothing of the others can be reached from the result.

        So the result of version 2 names no archive any more: that has the other columns too.
        """
        kept = tuple(names)
        annotations = {name: one for name, one in self.annotations.items() if name in kept}
        pointers = any(one.is_pointer for one in annotations.values())
        return attrs.evolve(
            self,
            columns=self.columns.project(kept),
            annotations=annotations,
            default_adapters={name: one for name, one in self.default_adapters.items() if name in kept},
            md5sum=None,
            zarr_root=self.zarr_root if pointers else None,
        )


def _is_many(rows: Any) -> bool:
    return isinstance(rows, (slice, list, range)) or getattr(rows, "ndim", 0) == 1
