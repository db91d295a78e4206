"""Rows of a Zarr array on this machine: chunk file, decode, done.

The zarr library takes about half a millisecond per call whatever it reads; a row of 8 KB takes 15 microseconds here.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import attrs

from ...domain.arrays import np
from ...domain.columns import resolve_position, resolve_rows
from ...domain.errors import IntegrityError
from .chunk_files import ChunkCache, read_file, read_part
from .codecs import Damaged, Decoder, checked_crc
from .spec import ArraySpec

CACHE_BYTES = 64 << 20
PARALLEL_BYTES = 128 << 10  # below that, handing a chunk to a thread costs more than decoding it
THREADS = min(8, os.cpu_count() or 1)
_MISSING = (1 << 64) - 1


class Part(NamedTuple):
    """Rows of one chunk row: where they go, and where in the chunk they are."""

    chunk: int
    dest: Any
    offset: Any
    whole: bool


@attrs.frozen(eq=False, repr=False)
class LocalArray:
    """One array in `folder`; `name` says in errors which it is. Several threads may read it; pickling drops what it
    keeps."""

    folder: str
    name: str
    spec: ArraySpec
    cache_bytes: int = CACHE_BYTES

    def __getstate__(self) -> tuple[Any, ...]:
        return self.folder, self.name, self.spec, self.cache_bytes

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # pyright: ignore[reportAttributeAccessIssue]

    def __repr__(self) -> str:
        return f"LocalArray({self.name!r}, {self.spec.dtype}, {self.spec.shape})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.spec.dtype

    @property
    def n_rows(self) -> int:
        """Length of the first axis."""
        return self.spec.shape[0]

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder.of(self.spec)

    @cached_property
    def _cache(self) -> ChunkCache:
        return ChunkCache(self.cache_bytes)

    @cached_property
    def _indexes(self) -> ChunkCache:
        return ChunkCache(1 << 20)

    @cached_property
    def _across(self) -> tuple[int, ...]:
        """Number of chunks along each axis but the first."""
        grid = zip(self.spec.shape[1:], self.spec.chunks[1:], strict=True)
        return tuple(-(-size // step) for size, step in grid)

    @cached_property
    def _alone_across(self) -> tuple[int, ...] | None:
        """Coordinates, but the first, of the only chunk that has a row; None where there are several."""
        return tuple(0 for _ in self._across) if all(count == 1 for count in self._across) else None

    @cached_property
    def _trim(self) -> tuple[slice, ...]:
        return tuple(slice(0, size) for size in self.spec.shape[1:])

    @cached_property
    def _row_is_chunk(self) -> bool:
        return self.spec.chunks[0] == 1 and self.spec.chunks[1:] == self.spec.shape[1:] and self._decoder.fast

    @cached_property
    def _hint(self) -> int:
        return max(self.spec.chunk_bytes, 1 << 12) + (1 << 12)

    # --- bytes of chunks -------------------------------------------------------------------------------

    def _path(self, coordinates: tuple[int, ...]) -> str:
        key = self.spec.separator.join(map(str, coordinates))
        return f"{self.folder}/{self.spec.prefix}{key}"

    def _raw(self, coordinates: tuple[int, ...]) -> bytes | memoryview | None:
        shards = self.spec.shards
        if shards is None:
            return read_file(self._path(coordinates), self._hint)
        per_shard = tuple(size // step for size, step in zip(shards.shape, self.spec.chunks, strict=True))
        shard = tuple(at // count for at, count in zip(coordinates, per_shard, strict=True))
        index = self._shard_index(shard, per_shard)
        if index is None:
            return None
        start, length = index[tuple(at % count for at, count in zip(coordinates, per_shard, strict=True))].tolist()
        if start == _MISSING and length == _MISSING:
            return None
        found = read_part(self._path(shard), start, length)
        if found is None or len(found[0]) < length:
            raise Damaged("is cut short")
        return found[0]

    def _shard_index(self, shard: tuple[int, ...], per_shard: tuple[int, ...]) -> np.ndarray[Any, Any] | None:
        kept = self._indexes.get(shard)
        if kept is not None:
            return kept
        shards = self.spec.shards
        assert shards is not None
        length = 16 * int(np.prod(per_shard)) + (4 if shards.index_checked else 0)
        found = read_part(self._path(shard), -length if shards.index_at_end else 0, length)
        if found is None:
            return None
        data = found[0]
        if len(data) < length:
            raise Damaged("is too short for its index")
        if shards.index_checked:
            data = checked_crc(data)
        index = np.frombuffer(data, "<u8").reshape(*per_shard, 2)
        self._indexes.put(shard, index, index.nbytes)
        return index

    def _damaged(self, coordinates: tuple[int, ...], error: Damaged) -> IntegrityError:
        key = self.spec.separator.join(map(str, coordinates))
        return IntegrityError(
            f"chunk {key} of column '{self.name}' in {self.folder}", str(error), "Fetch the archive again"
        )

    def _into(self, coordinates: tuple[int, ...], out: np.ndarray[Any, Any]) -> None:
        """Decode a chunk straight to where it belongs."""
        try:
            raw = self._raw(coordinates)
            if raw is None:
                out[...] = self.spec.fill
            else:
                self._decoder.into(raw, out)
        except Damaged as error:
            raise self._damaged(coordinates, error) from error

    def _chunk(self, coordinates: tuple[int, ...], keep: bool) -> np.ndarray[Any, Any]:
        """Decoded chunk, shared: nobody writes to it."""
        kept = self._cache.get(coordinates)
        if kept is not None:
            return kept
        try:
            raw = self._raw(coordinates)
            if raw is None:
                return np.broadcast_to(np.asarray(self.spec.fill, self.spec.dtype), self.spec.chunks)
            chunk = self._decoder.decode(raw)
        except Damaged as error:
            raise self._damaged(coordinates, error) from error
        if keep:
            objects = self.spec.dtype.hasobject
            self._cache.put(coordinates, chunk, chunk.size * 64 + 2 * len(raw) if objects else chunk.nbytes)
        return chunk

    # --- one row ---------------------------------------------------------------------------------------

    def row(self, position: int) -> Any:
        """Read one row, whose memory is the caller's."""
        spec = self.spec
        if not 0 <= position < spec.shape[0]:
            position = resolve_position(position, spec.shape[0])
        if self._row_is_chunk:
            out = np.empty(spec.shape[1:], spec.dtype)
            if spec.shards is None:
                self._into_row(position, out)
            else:
                self._into((position,) + (0,) * len(self._across), out)
            return out if out.ndim else out[()]
        if self._alone_across is None:
            return self.read(np.array([position]))[0]
        chunk, offset = divmod(position, spec.chunks[0])
        value = self._chunk((chunk, *self._alone_across), keep=spec.chunks[0] > 1)[offset]
        return value if len(spec.shape) == 1 else value[self._trim].copy()

    def _into_row(self, position: int, out: np.ndarray[Any, Any]) -> None:
        # The shortest way, for the case that is asked for most: one row per file.
        raw = read_file(f"{self._start}{position}{self._end}", self._hint)
        if raw is None:
            out[...] = self.spec.fill
            return
        try:
            self._decoder.into(raw, out)
        except Damaged as error:
            raise self._damaged((position,) + (0,) * len(self._across), error) from error

    @cached_property
    def _start(self) -> str:
        return f"{self.folder}/{self.spec.prefix}"

    @cached_property
    def _end(self) -> str:
        return f"{self.spec.separator}0" * len(self._across)

    # --- many rows -------------------------------------------------------------------------------------

    def read(self, rows: Any) -> np.ndarray[Any, Any]:
        """Read many rows; each chunk is read and decoded once, large ones by several threads."""
        spec = self.spec
        wanted = resolve_rows(rows, spec.shape[0])
        if isinstance(wanted, slice):
            start, stop, step = wanted.indices(spec.shape[0])
            if step == 1:
                count, parts = max(0, stop - start), _parts_of_range(start, stop, spec.chunks[0])
            else:
                positions = np.arange(start, stop, step)
                count, parts = len(positions), _parts_of(positions, spec.chunks[0])
        elif self._row_is_chunk and spec.shards is None and spec.chunk_bytes < PARALLEL_BYTES:
            return self._read_files(wanted.tolist())
        else:
            count, parts = len(wanted), _parts_of(wanted, spec.chunks[0])
        out = np.empty((count, *spec.shape[1:]), spec.dtype)
        tasks = list(itertools.product(parts, itertools.product(*map(range, self._across))))
        # Chunks that do not fit all would push each other out before the next read comes to them.
        keep = len(tasks) * spec.chunk_bytes <= self.cache_bytes
        _run(lambda task: self._fill_part(out, task[0], task[1], keep), tasks, spec.chunk_bytes)
        return out

    def _read_files(self, positions: list[int]) -> np.ndarray[Any, Any]:
        """Read small rows that are files, each once: what there is to do per row is little, so the loop is too."""
        out = np.empty((len(positions), *self.spec.shape[1:]), self.spec.dtype)
        places: dict[int, int] = {}
        for place, position in enumerate(positions):
            first = places.setdefault(position, place)
            if first == place:
                self._into_row(position, out[place : place + 1])
            else:
                out[place] = out[first]
        return out

    def _fill_part(self, out: np.ndarray[Any, Any], part: Part, across: tuple[int, ...], keep: bool) -> None:
        spec = self.spec
        coordinates = (part.chunk, *across)
        if part.whole and self._decoder.fast and spec.chunks[1:] == spec.shape[1:]:
            self._into(coordinates, out[part.dest])
            return
        chunk = self._chunk(coordinates, keep=keep and not part.whole)
        steps = list(zip(across, spec.chunks[1:], spec.shape[1:], strict=True))
        there = tuple(slice(at * step, min((at + 1) * step, size)) for at, step, size in steps)
        here = tuple(slice(0, min(step, size - at * step)) for at, step, size in steps)
        out[(part.dest, *there)] = chunk[(part.offset, *here)]


def _run(work: Callable[[Any], None], tasks: list[Any], size: int) -> None:
    if size < PARALLEL_BYTES or THREADS == 1 or len(tasks) < 2:
        for task in tasks:
            work(task)
        return
    from concurrent.futures import ThreadPoolExecutor

    # A pool per read: one that lives longer would hang in a forked process.
    with ThreadPoolExecutor(min(THREADS, len(tasks))) as pool:
        for _ in pool.map(work, tasks):
            pass


def _parts_of_range(start: int, stop: int, step: int) -> Iterator[Part]:
    for chunk in range(start // step, -(-stop // step) if stop > start else start // step):
        first, last = max(start, chunk * step), min(stop, (chunk + 1) * step)
        yield Part(
            chunk, slice(first - start, last - start), slice(first - chunk * step, last - chunk * step),
            last - first == step,
        )  # fmt: skip


def _parts_of(positions: np.ndarray[Any, Any], step: int) -> Iterator[Part]:
    if not len(positions):
        return
    chunks = positions // step
    order = np.argsort(chunks, kind="stable")
    ordered = chunks[order]
    bounds = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(order)]
    firsts = order[bounds[:-1]].tolist()
    which = ordered[bounds[:-1]].tolist()
    for i, (first, last) in enumerate(itertools.pairwise(bounds)):
        if step == 1 and last - first == 1:
            at = firsts[i]
            yield Part(which[i], slice(at, at + 1), slice(0, 1), True)
        else:
            dest = order[first:last]
            yield Part(which[i], dest, positions[dest] - which[i] * step, False)
