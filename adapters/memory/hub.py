"""A whole annotation hub in memory."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...domain.maintenance import Damage, Finding, HubCheck, HubCollection
from ...domain.stored import STORAGE_SCHEME
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import HubMaintenance, ServableHub
from ...ports.storage import OpenStore
from .access import MemoryKeys
from .annotations import MemoryAnnotations, MemoryClasses
from .clock import FakeClock
from .datasets import MemoryDatasets
from .faults import Faults
from .items import MemoryItems
from .records import HubState
from .releases import MemoryReleases
from .reports import MemoryReports
from .source import MemorySource
from .storage import MemoryStorages, MemoryStorageSource
from .uploads import MemoryUploads


class MemoryHub(
    MemoryDatasets,
    MemoryItems,
    MemoryUploads,
    MemoryAnnotations,
    MemoryClasses,
    MemoryReleases,
    MemoryReports,
    MemoryStorages,
    MemoryKeys,
):
    """Servable hub, and its maintenance, for one process. Ids are the same in every run; keys are not.

    Uploaded bytes are objects of `source`, under `memory:` URLs. `read` reads the files that are pushed, such as
    `MemoryFiles.read`; None: they are on disk. `objects` makes what reads external storages; None: they cannot be.
    """

    def __init__(
        self,
        codec: DocumentCodec,
        clock: Clock | None = None,
        source: MemorySource | None = None,
        read: Callable[[Path], bytes] | None = None,
        name: str = "memory",
        objects: OpenStore | None = None,
    ) -> None:
        super().__init__(HubState(codec, clock or FakeClock(), source or MemorySource(), read))
        self.source.others[STORAGE_SCHEME] = MemoryStorageSource(self.state, objects)
        self._name = name

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        return self._name

    @property
    def source(self) -> MemorySource:
        """Where the hub's objects are read."""
        return self.state.source

    @property
    def faults(self) -> Faults:
        """What is to fail, by the names of the ports' methods, and `document` for one document of a release."""
        return self.state.faults

    def hold_releases(self, held: bool = True) -> None:
        """Let new releases stay pending until `finish_release`."""
        self.state.hold_releases = held

    def take_bundles(self) -> None:
        """Say from now on that several slots are put quicker at once."""
        self.state.takes_bundles = True

    def check(self) -> HubCheck:
        """Look at every stored object and document; change nothing."""
        self.faults.check("check")
        with self.state.lock:
            users = self._users()
            objects = dict(self.source.objects)
        findings: list[Finding] = []
        for url, used_by in sorted(users.items()):
            if url not in objects:
                findings.append(Finding(url, Damage.MISSING, "is not stored", tuple(used_by)))
            elif not url.endswith(hashlib.sha256(objects[url]).hexdigest()):
                findings.append(Finding(url, Damage.CORRUPT, "has other bytes than its name says", tuple(used_by)))
        releases = [one for owner in self.state.datasets.values() for one in owner.releases.values()]
        size = sum(len(data) for data in objects.values())
        documents = sum(len(one.documents) for one in releases)
        return HubCheck(len(objects), documents, size, tuple(findings), len(objects.keys() - users.keys()))

    def collect(self, dry_run: bool = False) -> HubCollection:
        """Free objects that no item, upload or release refers to."""
        self.faults.check("collect", dry_run)
        with self.state.lock:
            unused = sorted(self.source.objects.keys() - self._users().keys())
            size = sum(len(self.source.objects[url]) for url in unused)
            if not dry_run:
                for url in unused:
                    del self.source.objects[url]
        return HubCollection(len(unused), 0, 0, size)

    def _users(self) -> dict[str, list[str]]:
        """Items and releases that refer to each object."""
        users: dict[str, list[str]] = defaultdict(list)
        for owner in self.state.datasets.values():
            where = f"{owner.team}/{owner.slug}"
            for item in owner.items.values():
                for upload in item.uploads:
                    if upload.source is not None and upload.source.url is not None:
                        users[upload.source.url].append(f"{where}{item.full_path}")
            for name, record in owner.releases.items():
                for url in record.urls:
                    users[url].append(f"{where}:{name}")
        return users


if TYPE_CHECKING:

    def _proof(hub: MemoryHub) -> tuple[ServableHub, HubMaintenance]:
        # A type checker finds here what the hub lacks of a port.
        return hub, hub
