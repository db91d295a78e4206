"""Writing version 2 archives, Zarr format 2 or 3, batch by batch (reference: Polaris, section 5.6).

The same input gives the same bytes: metadata has sorted keys, nothing has a time in it, and chunks are compressed in
threads of their own, because Blosc's inner threads put their blocks in the order in which they finish.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import attrs

from ...domain.arrays import np
from ...domain.errors import InvalidDataset
from ...ports.arrays import ZarrLayout
from .codecs import get_codec
from .copying import disk_errors
from .local_array import THREADS
from .write_metadata import array_document, group_document, write_metadata

Json = dict[str, Any]
INDEX = "__index__"
MOST_TEXTS = 1 << 16  # per chunk, however short they are


def write_archive(folder: Path, data: Mapping[str, Any] | Iterable[Mapping[str, Any]], layout: ZarrLayout) -> None:
    """Write an archive into an empty folder.

    Raises:
        InvalidDataset: no columns, columns of different length, or batches that do not fit together.
    """
    batches = cast("Iterable[Mapping[str, Any]]", [data] if isinstance(data, Mapping) else data)
    writers: dict[str, ColumnWriter] = {}
    with ThreadPoolExecutor(THREADS) as pool, disk_errors(folder):
        for batch in batches:
            arrays = {name: _as_rows(name, values) for name, values in batch.items()}
            if not writers:
                writers = {name: _writer(folder, name, rows, layout, pool) for name, rows in arrays.items()}
            _check(writers, arrays)
            for name, rows in arrays.items():
                writers[name].append(rows)
        if not writers:
            raise InvalidDataset(f"archive {folder}", "would have no columns", "Give at least one")
        nodes: dict[str, Json] = {}
        for writer in writers.values():
            nodes.update(writer.finish())
        write_metadata(folder, nodes, layout)


def _as_rows(name: str, values: Any) -> np.ndarray[Any, Any]:
    if not name or name in (".", "..") or name.startswith("__") or any(sign in name for sign in "/\\\0"):
        raise InvalidDataset(f"column {name!r}", "cannot be the name of a Zarr array", "Rename it")
    try:
        rows = np.asarray(values)
    except ValueError:  # rows of different shape
        from ...domain.columns import object_array

        rows = object_array(values)
    if not rows.ndim:
        raise InvalidDataset(f"column '{name}'", "is a single value", "Give one value per row")
    return rows


def _check(writers: Mapping[str, ColumnWriter], arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    if writers.keys() != arrays.keys():
        raise InvalidDataset("a batch", f"has the columns {sorted(arrays)}, the first had {sorted(writers)}")
    lengths = {name: len(rows) for name, rows in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidDataset("a batch", f"has columns of different lengths: {lengths}")


def _writer(
    folder: Path, name: str, rows: np.ndarray[Any, Any], layout: ZarrLayout, pool: ThreadPoolExecutor
) -> ColumnWriter:
    kind = _kind(name, rows)
    if kind == "ragged":
        return RaggedWriter(folder, name, layout, pool)
    if kind == "array":
        dtype = rows.dtype
        size = max(1, dtype.itemsize * int(np.prod(rows.shape[1:], dtype=np.int64)))
        count = max(1, layout.chunk_bytes // size)
    else:
        dtype = np.dtype(object)
        sizes = [len(item) if isinstance(item, (str, bytes)) else 256 for item in itertools.islice(rows.flat, 1000)]
        average = 4 + sum(sizes) // max(1, len(sizes))
        count = min(MOST_TEXTS, max(1, layout.chunk_bytes // average))
    codecs = _codecs(kind, dtype, layout)
    shape = rows.shape[1:]
    return ArrayWriter(folder, name, layout, pool, dtype, shape, layout.rows_per_chunk or count, codecs)


def _kind(name: str, rows: np.ndarray[Any, Any]) -> str:
    """What becomes of a column: array, a codec of objects, or ragged."""
    if rows.dtype.kind in "biufcSmM":
        return "array"
    if rows.dtype.kind in "UT":
        return "vlen-utf8"
    if rows.dtype.kind == "O":
        first = next((item for item in rows.flat if item is not None), "")
        for types, kind in ((str, "vlen-utf8"), (bytes, "vlen-bytes"), (dict, "atom_array")):
            if isinstance(first, types):
                return kind
        if isinstance(first, (np.ndarray, list, tuple)):
            return "ragged"
    raise InvalidDataset(f"column '{name}'", f"has values of type {rows.dtype}, which Zarr cannot hold")


def _codecs(kind: str, dtype: np.dtype[Any], layout: ZarrLayout) -> list[Json]:
    codecs: list[Json] = [] if kind == "array" else [{"id": kind}]
    if layout.level:
        shuffle = 1 if kind == "array" and dtype.itemsize > 1 else 0
        blosc = {"id": "blosc", "cname": "zstd", "clevel": layout.level, "shuffle": shuffle, "blocksize": 0}
        codecs.append(blosc)
    return codecs


@attrs.define(eq=False)
class ColumnWriter:
    """Takes the rows of one column in order."""

    folder: Path
    name: str
    layout: ZarrLayout
    pool: ThreadPoolExecutor

    def append(self, rows: np.ndarray[Any, Any]) -> None:
        """Add the rows of a batch."""

    def finish(self) -> dict[str, Json]:
        """Write what is left; return the metadata by path."""
        return {}


@attrs.define(eq=False)
class ArrayWriter(ColumnWriter):
    """A column of equal rows: full chunks are written, the rest waits for the next batch."""

    dtype: np.dtype[Any]
    row_shape: tuple[int, ...]
    per_chunk: int
    codecs: list[Json]
    _waiting: list[np.ndarray[Any, Any]] = attrs.field(factory=list, init=False)
    _n_waiting: int = attrs.field(default=0, init=False)
    _n_chunks: int = attrs.field(default=0, init=False)
    _encoders: list[Any] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._encoders = [get_codec(config) for config in self.codecs]
        (self.folder / self.name).mkdir(parents=True)

    def append(self, rows: np.ndarray[Any, Any]) -> None:
        """Add the rows of a batch.

        Raises:
            InvalidDataset: they have another shape or type than the first batch.
        """
        if rows.shape[1:] != self.row_shape:
            raise InvalidDataset(f"column '{self.name}'", f"has rows of shape {rows.shape[1:]} and {self.row_shape}")
        try:
            fitting = rows.astype(self.dtype, casting="safe" if rows.dtype.kind != "T" else "unsafe")
        except TypeError:
            raise InvalidDataset(
                f"column '{self.name}'", f"has values of type {rows.dtype} and {self.dtype}"
            ) from None
        self._waiting.append(fitting)
        self._n_waiting += len(rows)
        if self._n_waiting >= self.per_chunk:
            self._write_full()

    def _write_full(self) -> None:
        rows = np.concatenate(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        full = len(rows) // self.per_chunk
        step = self.per_chunk
        chunks = [rows[i * step : (i + 1) * step] for i in range(full)]
        for _ in self.pool.map(self._write, range(self._n_chunks, self._n_chunks + full), chunks):
            pass
        self._n_chunks += full
        self._waiting = [rows[full * step :].copy()]
        self._n_waiting = len(rows) - full * step

    def _write(self, number: int, rows: np.ndarray[Any, Any]) -> None:
        data: Any = np.ascontiguousarray(rows)
        try:
            for codec in self._encoders:
                data = codec.encode(data)
        except (TypeError, ValueError, KeyError) as error:
            raise InvalidDataset(f"column '{self.name}'", f"cannot be encoded: {error}") from error
        chunk_file(self.folder / self.name, self.layout, (number,) + (0,) * len(self.row_shape), bytes(data))

    def finish(self) -> dict[str, Json]:
        """Write the last chunk, filled up to full length unless it is the only one."""
        left = self._n_waiting
        total = self._n_chunks * self.per_chunk + left
        if not self._n_chunks:
            self.per_chunk = max(1, min(self.per_chunk, total))
        if left:
            rows = np.concatenate(self._waiting)
            padding = np.full((self.per_chunk - left, *self.row_shape), _nothing(self.codecs, self.dtype), self.dtype)
            self.pool.submit(self._write, self._n_chunks, np.concatenate([rows, padding])).result()
        shape = (total, *self.row_shape)
        chunks = (self.per_chunk, *(max(1, size) for size in self.row_shape))
        return {self.name: array_document(self.layout, shape, chunks, self.dtype, self.codecs)}


@attrs.define(eq=False)
class RaggedWriter(ColumnWriter):
    """A column of rows of different shape: a group with one array per row, and `__index__` that orders them."""

    _nodes: dict[str, Json] = attrs.field(factory=dict, init=False)

    def append(self, rows: np.ndarray[Any, Any]) -> None:
        """Add the rows of a batch, each as an array of its own."""
        first = len(self._nodes)
        numbered = [(f"{self.name}/{first + i}", row) for i, row in enumerate(rows)]
        for (path, _), document in zip(numbered, self.pool.map(self._write, numbered), strict=True):
            self._nodes[path] = document

    def _write(self, item: tuple[str, Any]) -> Json:
        path, row = item
        values = np.asarray(row)
        if values.dtype.kind not in "biufcSmM" or not values.ndim:
            raise InvalidDataset(f"column '{self.name}'", f"has a row that is no array of numbers: {path}")
        codecs = _codecs("array", values.dtype, self.layout)
        chunks = tuple(max(1, size) for size in values.shape)
        (self.folder / path).mkdir(parents=True)
        if values.size:
            data: Any = np.ascontiguousarray(values)
            for config in codecs:
                data = get_codec(config).encode(data)
            chunk_file(self.folder / path, self.layout, (0,) * values.ndim, bytes(data))
        return array_document(self.layout, values.shape, chunks, values.dtype, codecs)

    def finish(self) -> dict[str, Json]:
        """Write the index."""
        codecs = _codecs("array", np.dtype("<i8"), self.layout)
        path, count = f"{self.name}/{INDEX}", len(self._nodes)
        index = ArrayWriter(self.folder, path, self.layout, self.pool, np.dtype("<i8"), (), 1 << 20, codecs)
        index.append(np.arange(count))
        return {self.name: group_document(self.layout, {}), **self._nodes, **index.finish()}


def _nothing(codecs: list[Json], dtype: np.dtype[Any]) -> Any:
    if not dtype.hasobject:
        return np.zeros((), dtype)[()]
    return {"vlen-utf8": "", "vlen-bytes": b""}.get(codecs[0]["id"])


def chunk_file(folder: Path, layout: ZarrLayout, coordinates: tuple[int, ...], data: bytes) -> None:
    """Write one chunk under its key."""
    numbers = [str(number) for number in coordinates]
    file = folder.joinpath("c", *numbers) if layout.zarr_format == 3 else folder / ".".join(numbers)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
