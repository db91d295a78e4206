"""Copies of datasets in revisions: taken up where an interrupted one stopped, and read back before they count."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from ...domain.array_dataset import ArrayDataset
from ...domain.arrays import np
from ...domain.artifact import ArtifactId
from ...domain.columns import ArrayColumns, Columns, batches, object_array
from ...domain.errors import IntegrityError
from ...domain.policies import ChecksumStrategy, ConflictPolicy
from ...domain.tree_digest import FileDigest, tree_digest
from ...ports.arrays import ArrayFiles
from ...ports.artifacts import DocumentStyle, JsonText
from ...ports.checksum import TreeHasher
from .faults import writing_to
from .folders import Staged
from .revisions import Revision, Revisions

_PLACES = ("table", "zarr_root_path")
"""What a dataset's document calls the places of its files (reference: Polaris, section 5.5)."""


class Copies:
    """Puts datasets into revisions of one shelf, and opens them there."""

    def __init__(self, revisions: Revisions, arrays: ArrayFiles, codec: JsonText, hasher: TreeHasher) -> None:
        self._revisions = revisions
        self._codec = codec
        self._arrays = arrays
        self._hasher = hasher

    @contextlib.contextmanager
    def staged(self, dataset: ArrayDataset, identity: ArtifactId) -> Iterator[Staged]:
        """Copy a dataset, document and all, into a folder out of sight.

        The folder is found again by what the archive holds, so that of an earlier attempt's files each is right, or
        torn by a failure of the machine; these are copied again. The table is always written anew.

        Raises:
            IntegrityError: the archive is changed while it is copied.
        """
        archive = _local_archive(dataset)
        source = {file.path: file for file in self._hasher.files(archive)} if archive else {}
        with self._revisions.stage(_key(identity, source)) as folder:
            with writing_to(folder):
                for entry in folder.iterdir():
                    if entry.is_file():
                        entry.unlink()
            files = self._copy(dataset, folder)
            torn = _torn(source, files, archive)
            if torn:
                for path in torn:
                    (folder / path).unlink(missing_ok=True)
                files = self._copy(dataset, folder)
                if _torn(source, files, archive):
                    raise IntegrityError(f"archive {archive}", "changed while it was copied", "Put it again")
            yield Staged(folder, files)

    @contextlib.contextmanager
    def written(self, dataset: ArrayDataset, identity: ArtifactId, is_table: bool) -> Iterator[Staged]:
        """Write a dataset into a folder out of sight from the values its columns give, never from its files.

        For columns that hide some of what is in the files. As a table, or else as a version 2 dataset, for which
        pointers are resolved.
        """
        columns = dataset.columns
        with self._revisions.stage(_key(identity, {})) as folder:
            if is_table:
                arrays = {name: columns.read(name, slice(None)) for name in columns.names}
                shown: Columns = ArrayColumns(arrays, columns.labels, dataset.dtypes)
                written = attrs.evolve(dataset, columns=shown)
            else:
                archive = self._arrays.write_zarr(folder / f"{identity.slug}.zarr", _writable(columns))
                plain = {name: attrs.evolve(one, is_pointer=False) for name, one in dataset.annotations.items()}
                shown = self._arrays.load(archive).columns
                written = attrs.evolve(dataset, version=2, columns=shown, annotations=plain, zarr_root=str(archive))
            self._arrays.save(written, folder, ConflictPolicy.REPLACE)
            yield Staged(folder, self._sealed(folder))

    def _copy(self, dataset: ArrayDataset, folder: Path) -> list[FileDigest]:
        copy = self._arrays.cache(dataset, folder, ConflictPolicy.SKIP)
        self._arrays.save(copy, folder, ConflictPolicy.REPLACE)
        return self._sealed(folder)

    def _sealed(self, folder: Path) -> list[FileDigest]:
        """Have the document name its files by where they are from it, as the folder will move; then seal it."""
        with writing_to(folder):
            for stray in folder.glob(".*"):  # what an interrupted copy left beside the archive
                shutil.rmtree(stray) if stray.is_dir() else stray.unlink()
            for path in folder.glob("*.json"):
                document = self._codec.decode(path.read_bytes(), str(path))
                places = {key: Path(document[key]).name for key in _PLACES if document.get(key)}
                path.write_bytes(self._codec.encode(document | places, DocumentStyle.DISK))
        return self._revisions.seal(folder)

    def open(self, revision: Revision, strategy: ChecksumStrategy, what: str) -> ArrayDataset:
        """The dataset that a revision holds, verified if the strategy says so (reference: Polaris, section 12.1).

        Beyond the reference, archives are verified too, where all is.
        """
        has_archive = any("/" in file.path for file in revision.files)
        unless = strategy is ChecksumStrategy.VERIFY_UNLESS_ZARR and not has_archive
        if strategy is ChecksumStrategy.VERIFY or unless:
            self._revisions.verify(revision, what)
        return self._arrays.load(self._revisions.path(revision, what))


def _writable(columns: Columns) -> Iterator[dict[str, Any]]:
    """Batches of all columns, in which a value that is masked is an empty one of its column's kind."""
    empty = {name: _empty(columns, name) for name in columns.names if columns.dtype(name).kind in "OUT"}
    for _, arrays in batches(columns, columns.names):
        for name, nothing in empty.items():
            arrays[name] = object_array(nothing if _is_masked(value) else value for value in arrays[name])
        yield arrays


def _empty(columns: Columns, name: str) -> Any:
    for _, arrays in batches(columns, [name]):
        for value in arrays[name]:
            if isinstance(value, dict):  # a group of arrays of atoms, whose codec knows None
                return None
            if not _is_masked(value):
                return value[:0] if isinstance(value, str | bytes) else np.asarray(value)[:0]
    return ""


def _is_masked(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _local_archive(dataset: ArrayDataset) -> Path | None:
    if dataset.zarr_root is None or "://" in dataset.zarr_root:
        return None
    path = Path(dataset.zarr_root)
    return path if path.is_dir() else None


def _key(identity: ArtifactId, source: Mapping[str, FileDigest]) -> str:
    # What cannot be told by its bytes beforehand is never taken up again.
    content = tree_digest(source.values()) if source else secrets.token_hex(16)
    return hashlib.sha256(f"{identity}\n{content}".encode()).hexdigest()[:24]


def _torn(source: Mapping[str, FileDigest], files: Sequence[FileDigest], archive: Path | None) -> list[str]:
    """Paths in the copy of archive files that are not as in the source."""
    if archive is None:
        return []
    copied = {file.path: file for file in files}
    torn: list[str] = []
    for path, file in source.items():
        place = f"{archive.name}/{path}"
        there = copied.get(place)
        if there is None or (there.size, there.md5) != (file.size, file.md5):
            torn.append(place)
    return torn
