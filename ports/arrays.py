"""Port: files of array datasets on this machine (reference: Polaris, sections 5.5, 5.6 and 12.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ..domain.array_dataset import ArrayDataset
from ..domain.columns import Columns
from ..domain.errors import InvalidInput
from ..domain.policies import ConflictPolicy

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ArrayFiles", "ZarrLayout"]


@attrs.frozen
class ZarrLayout:
    """How a version 2 dataset is laid out.

    `chunk_bytes` bounds an uncompressed chunk (a larger row is a chunk of its own), `rows_per_chunk` sets it instead;
    `level` is the Zstandard level within Blosc, 0 stores raw bytes. `attributes` are those of the root.
    """

    zarr_format: int = 2
    chunk_bytes: int = 1 << 20
    rows_per_chunk: int | None = None
    level: int = 5
    attributes: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    def __attrs_post_init__(self) -> None:
        if self.zarr_format not in (2, 3):
            raise InvalidInput(f"Zarr format {self.zarr_format}", "is not known", "Use 2 or 3")
        if self.chunk_bytes < 1 or (self.rows_per_chunk is not None and self.rows_per_chunk < 1):
            raise InvalidInput("a chunk", "needs room for at least one row", "Raise chunk_bytes or rows_per_chunk")
        if not 0 <= self.level <= 9:
            raise InvalidInput(f"compression level {self.level}", "is out of range", "Use 0 to 9")


class ArrayFiles(Protocol):
    """Array datasets as files.

    Whatever is written appears whole or not at all: it is made beside its destination and renamed. Nothing that is
    read from is ever erased, not even when it is its own destination.
    """

    def load(self, path: Path) -> ArrayDataset:
        """Open a dataset, reading metadata only; values are read when asked for.

        `path` is a dataset JSON, the folder that holds one, a Zarr archive (version 2) or a parquet file (version 1).

        Raises:
            NotFound: nothing is there.
            InvalidDataset: it is no dataset, or breaks a rule of its version.
            IntegrityError: a file is damaged or cut short.
        """
        ...

    def save(self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.REPLACE) -> Path:
        """Write `<slug>.json`, the table and a copy of the archive into `folder`; return the path of the JSON.

        Raises:
            Conflict: one of them exists, and `if_exists` is RAISE (nothing is changed then).
        """
        ...

    def cache(
        self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.SKIP
    ) -> ArrayDataset:
        """Copy the data of a dataset into `folder`; return the dataset that reads the copy.

        An interrupted copy is taken up where it stopped: files that arrived whole are not copied again.
        Errors as `save`.
        """
        ...

    def write_zarr(
        self,
        folder: Path,
        data: Mapping[str, Any] | Iterable[Mapping[str, Any]],
        layout: ZarrLayout | None = None,
        if_exists: ConflictPolicy = ConflictPolicy.RAISE,
    ) -> Path:
        """Write a version 2 archive: one mapping of column arrays, or one per batch; return its path.

        Arrays become arrays, text becomes `vlen-utf8`, rows of unequal shape a group with `__index__`. Memory
        follows the batch and one chunk per column. The same input gives the same bytes.

        Raises:
            InvalidDataset: columns of different length, or batches that do not fit together.
            Conflict: it exists, and `if_exists` is RAISE.
        """
        ...

    def write_table(
        self,
        file: Path,
        columns: Columns | Mapping[str, NDArray[Any]],
        if_exists: ConflictPolicy = ConflictPolicy.RAISE,
    ) -> Path:
        """Write a version 1 table as parquet, which pandas reads with the same types and index; return its path."""
        ...
