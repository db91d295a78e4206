"""A whole annotation hub: every narrow port in one. Use cases ask for the narrow ones."""

from __future__ import annotations

from typing import Protocol

from ..domain.maintenance import HubCheck, HubCollection
from .annotations import AnnotationDesk, ClassCatalogue
from .datasets import DatasetCatalogue
from .items import ItemCatalogue
from .releases import ReleaseDesk
from .uploads import UploadDesk


class AnnotationHub(
    DatasetCatalogue, ItemCatalogue, UploadDesk, AnnotationDesk, ClassCatalogue, ReleaseDesk, Protocol
):
    """What an adapter for an annotation hub implements."""

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        ...


class HubMaintenance(Protocol):
    """Care for the storage of a hub that this machine owns."""

    def check(self) -> HubCheck:
        """Look at every stored object and document; change nothing. Safe while others use the hub."""
        ...

    def collect(self, dry_run: bool = False) -> HubCollection:
        """Free what nothing refers to; say what was (or would be) freed. Safe while others use the hub."""
        ...
