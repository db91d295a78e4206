"""Keys of zarr stores that are not a folder of this machine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...domain.errors import InvalidDataset, Unavailable
from .spec import parse_array


def open_store(address: str) -> Any:
    """Make a zarr store of an address; zarr needs fsspec for those it does not know itself.

    Raises:
        Unavailable: the address is of a kind that nothing here can open.
    """
    from zarr.storage import FsspecStore

    try:
        return FsspecStore.from_url(address, read_only=True)
    except (ImportError, ValueError) as error:
        raise Unavailable(f"archive {address}", f"cannot be opened: {error}") from error


def read_key(store: Any, key: str) -> bytes | None:
    """Read one key of a store, None where there is none.

    Raises:
        Unavailable: the store does not answer.
    """
    from zarr.core.buffer import default_buffer_prototype
    from zarr.core.sync import sync

    try:
        found = sync(store.get(key, default_buffer_prototype()))
    except OSError as error:
        raise Unavailable(f"archive {store}", f"does not answer: {error}") from error
    return None if found is None else found.to_bytes()


def copy_store(archive: Any, folder: Path) -> None:
    """Copy an archive key by key: those its consolidated metadata implies, as many stores cannot be listed.

    Raises:
        Unavailable: the store does not answer.
    """
    for key in _keys(archive):
        data = read_key(archive.root, key)
        if data is not None:
            file = folder / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def _keys(archive: Any) -> Iterator[str]:
    yield from (".zgroup", ".zattrs", ".zmetadata", "zarr.json")
    for path in sorted(archive.groups):
        yield from (f"{path}/{name}" for name in (".zgroup", ".zattrs", "zarr.json"))
    for path, document in archive.arrays.items():
        yield from (f"{path}/{name}" for name in (".zarray", ".zattrs", "zarr.json"))
        spec = parse_array(document, path)
        if spec.unusual:
            raise InvalidDataset(f"array '{path}' of {archive.where}", "is laid out in a way that cannot be copied")
        steps = spec.shards.shape if spec.shards else spec.chunks
        grid = [range(-(-size // step)) for size, step in zip(spec.shape, steps, strict=True)]
        for coordinates in itertools.product(*grid):
            yield f"{path}/{spec.prefix}{spec.separator.join(map(str, coordinates))}"
