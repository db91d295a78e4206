"""Array datasets as files of this machine: the port `ArrayFiles` (reference: Polaris, sections 5.5 and 5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from ...domain.array_dataset import Adapt, ArrayDataset
from ...domain.artifact import ArtifactMeta
from ...domain.columns import Columns, batches
from ...domain.errors import InvalidDataset, InvalidInput, MissingExtra, NotFound, NotReadable
from ...domain.policies import ConflictPolicy
from ...ports.arrays import ZarrLayout
from ...ports.artifacts import DatasetDocument, DocumentStyle
from .archive import Archive, is_archive, open_archive
from .columns import StoredColumns, archive_columns
from .copying import copy_file, copy_folder, refuse, staged_folder, write_file
from .pointing import resolved
from .table import open_table
from .write_table import as_columns, write_parquet
from .write_zarr import write_archive

TABLE = "table.parquet"


def no_adapt(adapter: Any, value: Any) -> Any:
    """Refuse to adapt: nothing that can was injected."""
    raise MissingExtra(f"the adapter {adapter}", "chem")


@attrs.frozen
class LocalArrayFiles:
    """Reads and writes array datasets below folders of this machine.

    `codec` turns documents into datasets and back (ports.artifacts.ArtifactCodec), `adapt` is given to every dataset
    that is loaded, `hasher` (ports.checksum.TreeHasher) lists the files of an archive in the saved document.
    """

    codec: Any
    adapt: Adapt = no_adapt
    hasher: Any = None

    # --- loading ---------------------------------------------------------------------------------------

    def load(self, path: Path) -> ArrayDataset:
        """Open a dataset; see the port."""
        path = Path(path)
        if path.is_dir():
            return self._bare_archive(path) if is_archive(path) else self._document(_document_in(path))
        if path.suffix == ".zarr":
            raise NotFound("archive", str(path), "this machine", "Check the path")
        if path.suffix == ".parquet":
            columns = open_table(str(path))
            return ArrayDataset(version=1, meta=_named(path.stem), columns=columns, adapt=self.adapt)
        return self._document(path)

    def _bare_archive(self, path: Path) -> ArrayDataset:
        columns = archive_columns(open_archive(path))
        return ArrayDataset(version=2, meta=_named(path.stem), columns=columns, zarr_root=str(path), adapt=self.adapt)

    def _document(self, path: Path) -> ArrayDataset:
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound("dataset", str(path), "this machine", "Check the path") from error
        except OSError as error:
            raise NotReadable(str(path), str(error.strerror)) from error
        said: DatasetDocument = self.codec.load_dataset(self.codec.decode(data, str(path)), source=str(path))
        root = None if said.zarr_root is None else _found(said.zarr_root, path.parent)
        if said.version == 2:
            if root is None:
                raise InvalidDataset(f"dataset {path}", "names no archive", "Set zarr_root_path")
            columns = archive_columns(_open(root))
        else:
            if said.table is None:
                raise InvalidDataset(f"dataset {path}", "names no table", "Set table")
            pointers = tuple(name for name, one in said.annotations.items() if one.is_pointer)
            columns = _table_columns(_found(said.table, path.parent), root, pointers)
        return said.dataset(columns, zarr_root=root, adapt=self.adapt)

    # --- copies ----------------------------------------------------------------------------------------

    def cache(
        self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.SKIP
    ) -> ArrayDataset:
        """Copy the data of a dataset into `folder`; see the port."""
        folder = Path(folder)
        root, table = _root_in(dataset, folder), folder / TABLE
        targets = [path for path in (root, table if dataset.version == 1 else None) if path is not None]
        refuse(targets, if_exists)
        self._copy_archive(dataset, root, if_exists)
        if dataset.version == 1:
            self._copy_table(dataset, table, if_exists)
            columns = _table_columns(str(table), None if root is None else str(root), dataset.pointer_columns)
        else:
            columns = archive_columns(open_archive(root))
        return attrs.evolve(dataset, columns=columns, zarr_root=None if root is None else str(root))

    def save(self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy = ConflictPolicy.REPLACE) -> Path:
        """Write the document, the table and a copy of the archive into `folder`; see the port."""
        folder = Path(folder)
        document = folder / f"{dataset.meta.slug or 'dataset'}.json"
        refuse([document], if_exists)
        if document.exists() and if_exists is ConflictPolicy.SKIP:
            return document
        copy = self.cache(dataset, folder, if_exists)
        table = str(folder / TABLE) if dataset.version == 1 else None
        files = ()
        if self.hasher is not None and dataset.version == 1 and copy.zarr_root is not None:
            files = tuple(self.hasher.files(Path(copy.zarr_root)))
        said = DatasetDocument.of(copy, table=table, zarr_manifest=files)
        # Last of all: what the document names is there when it appears.
        write_file(document, self.codec.encode(self.codec.dump_dataset(said, DocumentStyle.DISK), DocumentStyle.DISK))
        return document

    def _copy_archive(self, dataset: ArrayDataset, root: Path | None, if_exists: ConflictPolicy) -> None:
        if root is None:
            return
        if dataset.zarr_root is None:
            columns = dataset.columns.stored
            parts = (arrays for _, arrays in batches(columns, columns.names))
            self.write_zarr(root, parts, if_exists=if_exists)
        elif "://" in dataset.zarr_root:
            from .remote import copy_store

            archive = _open(dataset.zarr_root)
            staged_folder(root, lambda stage: copy_store(archive, stage), if_exists)
        else:
            copy_folder(Path(dataset.zarr_root), root, if_exists)

    def _copy_table(self, dataset: ArrayDataset, table: Path, if_exists: ConflictPolicy) -> None:
        columns = dataset.columns.stored
        if isinstance(columns, StoredColumns) and columns.file is not None:
            copy_file(Path(columns.file), table, if_exists)
        elif not (table.exists() and if_exists is ConflictPolicy.SKIP):
            write_parquet(table, columns)

    # --- making datasets -------------------------------------------------------------------------------

    def write_zarr(
        self,
        folder: Path,
        data: Mapping[str, Any] | Iterable[Mapping[str, Any]],
        layout: ZarrLayout | None = None,
        if_exists: ConflictPolicy = ConflictPolicy.RAISE,
    ) -> Path:
        """Write a version 2 archive; see the port."""
        folder = Path(folder)
        chosen = layout or ZarrLayout()
        staged_folder(folder, lambda stage: write_archive(stage, data, chosen), if_exists)
        return folder

    def write_table(
        self,
        file: Path,
        columns: Columns | Mapping[str, Any],
        if_exists: ConflictPolicy = ConflictPolicy.RAISE,
    ) -> Path:
        """Write a version 1 table; see the port."""
        file = Path(file)
        refuse([file], if_exists)
        if not (file.exists() and if_exists is ConflictPolicy.SKIP):
            write_parquet(file, as_columns(columns))
        return file


def _named(stem: str) -> ArtifactMeta:
    """Name a dataset by its file, where that can be a name."""
    try:
        return ArtifactMeta(name=stem)
    except InvalidInput:
        return ArtifactMeta()


def _document_in(folder: Path) -> Path:
    """The dataset's document in a folder; other documents may lie beside it."""
    found = sorted(folder.glob("*.json"))
    if len(found) > 1:
        found = [file for file in found if b'"table"' in (text := file.read_bytes()) or b'"zarr_root_path"' in text]
    if len(found) != 1:
        raise NotFound(
            "dataset", str(folder), "this machine", f"It has {len(found)} documents of datasets; name one of them"
        )
    return found[0]


def _found(said: str, folder: Path) -> str:
    """Where a path of a document leads: from the document, else as it says, else beside it (it may have moved)."""
    if "://" in said:
        return said
    path = Path(said)
    # An absolute path joined to a folder is itself. A relative one must not lead to what the working folder holds.
    for candidate in (folder / path, path, folder / path.name):
        if candidate.exists():
            return str(candidate)
    return said


def _open(root: str) -> Archive:
    if "://" in root:
        from .remote import open_store

        return open_archive(open_store(root))
    return open_archive(Path(root))


def _table_columns(table: str, root: str | None, pointers: tuple[str, ...]) -> StoredColumns:
    columns = open_table(table)
    if root is None or not pointers:
        return columns
    return attrs.evolve(columns, columns=resolved(dict(columns.columns), pointers, _open(root)))


def _root_in(dataset: ArrayDataset, folder: Path) -> Path | None:
    """Where the archive's copy goes, if the dataset has an archive."""
    if dataset.zarr_root is not None:
        name = dataset.zarr_root.rstrip("/").rpartition("/")[2] or "archive.zarr"
        return folder / name
    return folder / f"{dataset.meta.slug or 'dataset'}.zarr" if dataset.version == 2 else None
