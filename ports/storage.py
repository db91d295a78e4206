"""External storage of a hub, and the object stores behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ..domain.dataset import Dataset
from ..domain.storage import ExternalStorage, StoredItem, StoredRegistration
from .transfer import ObjectStream


class StorageDesk(Protocol):
    """Storages of a team, and items made of what is in them."""

    def list_storages(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages, by name."""
        ...

    def register_stored(
        self, dataset: Dataset, storage: ExternalStorage, items: Sequence[StoredItem]
    ) -> StoredRegistration:
        """Make items of stored objects, every one answered. An item whose full path exists is refused.

        Raises:
            DatasetNotFound: no such dataset.
            NotFound: the team has no such storage.
        """
        ...


class StorageRegister(Protocol):
    """Storages of a hub that this machine owns."""

    def add_storage(self, team: str, storage: ExternalStorage) -> None:
        """Declare a storage, or change the one of that name. A new default takes the place of the former."""
        ...

    def remove_storage(self, team: str, name: str) -> None:
        """Forget a storage. Items made from it stay and can no longer be pulled.

        Raises:
            NotFound: there is none of that name.
        """
        ...


class ObjectStore(Protocol):
    """Objects in an external storage, by complete key. Thread-safe; connections are opened when first used.

    Every method raises `AccessDenied`, `Unavailable`, or `MissingExtra` when the provider's library is not installed.
    """

    def put(self, storage: ExternalStorage, key: str, path: Path, encoding: str | None = None) -> int:
        """Store a local file whole or not at all, replacing what is there; return its size in bytes.

        `encoding` is the content encoding it is stored with, such as `gzip`. Large files go in several parts.

        Raises:
            NotReadable: the file cannot be read.
        """
        ...

    def size(self, storage: ExternalStorage, key: str) -> int:
        """Size of an object in bytes.

        Raises:
            ObjectNotFound: there is none.
        """
        ...

    def open(self, storage: ExternalStorage, key: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Read an object, as `ObjectSource.open`."""
        ...


OpenStore = Callable[[], ObjectStore]
"""Makes the object store when it is first needed."""
