"""Zarr archives: what their consolidated metadata says is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import InvalidDataset, NotFound, NotReadable
from .local_array import CACHE_BYTES, LocalArray
from .spec import parse_array
from .store_array import StoreArray

Json = dict[str, Any]
_V2, _V3 = ".zmetadata", "zarr.json"


@attrs.frozen(eq=False, repr=False)
class Archive:
    """Arrays and groups by their path in an archive.

    `root` is the folder, or else a zarr store. Only metadata is held; groups are the paths that end with `/`.
    """

    root: Any
    arrays: Mapping[str, Json]
    groups: frozenset[str]

    @property
    def where(self) -> str:
        """Name of the archive in errors."""
        return str(self.root)

    def __repr__(self) -> str:
        return f"Archive({self.where}, {len(self.arrays)} arrays)"

    def members(self, group: str = "") -> list[str]:
        """Names of the arrays and groups directly in a group, sorted."""
        start = f"{group}/" if group else ""
        paths = (*self.arrays, *self.groups)
        inside = {path[len(start) :].partition("/")[0] for path in paths if path.startswith(start) and path != group}
        return sorted(inside - {""})

    def array(self, path: str, cache_bytes: int = CACHE_BYTES) -> LocalArray | StoreArray:
        """Open an array; nothing of the archive's other parts is held by it.

        Raises:
            NotFound: no such array.
            InvalidDataset: its metadata is not right, or it has no rows.
        """
        document = self.arrays.get(path)
        if document is None:
            raise NotFound("array", path, self.where)
        spec = parse_array(document, path)
        if not spec.shape:
            raise InvalidDataset(f"array '{path}' in {self.where}", "is a single value, so it has no rows")
        if isinstance(self.root, Path) and not spec.unusual:
            return LocalArray(f"{self.root}/{path}", path, spec, cache_bytes)
        return StoreArray(str(self.root) if isinstance(self.root, Path) else self.root, path, spec)

    def nested(self, group: str) -> Iterator[tuple[str, str]]:
        """Name and path of the members of a group."""
        for name in self.members(group):
            yield name, f"{group}/{name}" if group else name


def open_archive(root: Path | Any) -> Archive:
    """Open a folder or a zarr store by its consolidated metadata.

    Raises:
        NotFound: no such folder.
        InvalidDataset: no archive, not consolidated, or an array uses a codec that is not known.
    """
    documents = _local(root) if isinstance(root, Path) else _remote(root)
    arrays: dict[str, Json] = {}
    groups: set[str] = set()
    for path, document in documents.items():
        if document.get("node_type") == "array" or "chunks" in document:
            arrays[path] = document
        else:
            groups.add(path)
    archive = Archive(root, arrays, frozenset(groups - {""}))
    _check_codecs(archive)
    return archive


def _local(root: Path) -> dict[str, Json]:
    if not root.is_dir():
        raise NotFound("archive", str(root), "this machine", "Check the path")
    for name, read in ((_V2, _documents_v2), (_V3, _documents_v3)):
        file = root / name
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise NotReadable(str(file), str(error.strerror)) from error
        return read(data, str(root))
    if (root / ".zgroup").exists():
        raise _unconsolidated(str(root))
    raise InvalidDataset(str(root), "is no Zarr archive", "Give the folder that holds .zmetadata or zarr.json")


def _remote(store: Any) -> dict[str, Json]:
    from .remote import read_key

    for name, read in ((_V2, _documents_v2), (_V3, _documents_v3)):
        data = read_key(store, name)
        if data is not None:
            return read(data, str(store))
    raise _unconsolidated(str(store))


def _unconsolidated(where: str) -> InvalidDataset:
    return InvalidDataset(f"archive {where}", "is not consolidated", "Run zarr.consolidate_metadata on it")


def _parse(data: bytes, where: str) -> Json:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise InvalidDataset(f"metadata of {where}", f"is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidDataset(f"metadata of {where}", "is no JSON object")
    return document


def _documents_v2(data: bytes, where: str) -> dict[str, Json]:
    metadata = _parse(data, where).get("metadata")
    if not isinstance(metadata, dict):
        raise _unconsolidated(where)
    found: dict[str, Json] = {}
    for key, document in metadata.items():
        path, _, kind = key.rpartition("/")
        if kind in (".zarray", ".zgroup") and isinstance(document, dict):
            found[path] = document
    return found


def _documents_v3(data: bytes, where: str) -> dict[str, Json]:
    root = _parse(data, where)
    if root.get("node_type") != "group":
        raise InvalidDataset(where, "is a Zarr array, not a group of columns")
    inline = root.get("consolidated_metadata")
    metadata = inline.get("metadata") if isinstance(inline, dict) else None
    if not isinstance(metadata, dict):
        raise _unconsolidated(where)
    return {path: document for path, document in metadata.items() if isinstance(document, dict)}


def _check_codecs(archive: Archive) -> None:
    """Refuse unknown codecs when opening, not at the first row: the same few configurations come again and again."""
    seen: set[str] = set()
    for path, document in archive.arrays.items():
        used = str([document.get(part) for part in ("filters", "compressor", "codecs")])
        if used not in seen:
            parse_array(document, path)  # which says what is wrong
            seen.add(used)


def is_archive(path: Path) -> bool:
    """Tell whether a folder is a Zarr group."""
    return any((path / name).is_file() for name in (".zgroup", _V2, _V3))
