"""External storages of the fake hub's teams."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ...domain.dataset import Dataset
from ...domain.errors import MissingExtra, NotFound, ObjectNotFound
from ...domain.item import ItemStatus
from ...domain.names import check_slug
from ...domain.storage import ExternalStorage, RefusedItem, RegisteredItem, StoredItem, StoredRegistration
from ...domain.stored import STORAGE_SCHEME, parse_storage_url, refusal_of, slot_of
from ...domain.upload import BlockReason
from ...ports.storage import OpenStore
from ...ports.transfer import ObjectStream
from .records import HubPart, HubState, ItemRecord


@attrs.define
class MemoryStorages(HubPart):
    """`StorageDesk` and `StorageRegister` in memory."""

    def list_storages(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages, by name."""
        self.state.faults.check("list_storages", team)
        with self.state.lock:
            return sorted(self.state.team(team).storages.values(), key=lambda one: one.name)

    def add_storage(self, team: str, storage: ExternalStorage) -> None:
        """Declare a storage, or change it."""
        self.state.faults.check("add_storage", team, storage)
        check_slug(team, "team")
        with self.state.lock:
            known = self.state.team(team).storages
            if storage.default:
                known.update({name: attrs.evolve(one, default=False) for name, one in known.items()})
            known[storage.name] = storage

    def remove_storage(self, team: str, name: str) -> None:
        """Forget a storage."""
        self.state.faults.check("remove_storage", team, name)
        with self.state.lock:
            if self.state.team(team).storages.pop(name, None) is None:
                raise NotFound("storage", name, f"team {team}")

    def register_stored(
        self, dataset: Dataset, storage: ExternalStorage, items: Sequence[StoredItem]
    ) -> StoredRegistration:
        """Make items of stored objects."""
        self.state.faults.check("register_stored", dataset, storage, items)
        registered: list[RegisteredItem] = []
        refused: list[RefusedItem] = []
        with self.state.lock:
            owner = self.state.dataset(dataset)
            known = self.state.team(owner.team).storages.get(storage.name)
            if known is None:
                raise NotFound("storage", storage.name, f"team {owner.team}")
            for item in items:
                path = item.full_path
                reason = BlockReason.ALREADY_EXISTS.value if path in owner.paths else refusal_of(known, item)
                if reason is not None:
                    refused.append(RefusedItem(path, reason))
                    continue
                now = self.state.timestamp()
                record = ItemRecord(self.state.new_id(), item.name, item.path, now, now, item.layout, ItemStatus.NEW)
                record.stored = tuple(slot_of(owner.team, known.name, slot) for slot in item.slots)
                owner.items[record.id] = record
                owner.paths[path] = record.id
                registered.append(RegisteredItem(record.id, path))
        return StoredRegistration(tuple(registered), tuple(refused))


@attrs.define
class MemoryStorageSource:
    """Object source for the storages that teams of a fake hub declared."""

    state: HubState = attrs.field(repr=False)
    objects: OpenStore | None = None

    @property
    def schemes(self) -> frozenset[str]:
        """`storage`."""
        return frozenset({STORAGE_SCHEME})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object where its storage is now."""
        address = parse_storage_url(url)
        with self.state.lock:
            storage = self.state.team(address.team).storages.get(address.storage)
        if storage is None:
            raise ObjectNotFound("object", url, f"team {address.team}", "Its storage was removed")
        if self.objects is None:
            raise MissingExtra("reading from external storage", "s3")
        return self.objects().open(storage, address.key, start, validator)
