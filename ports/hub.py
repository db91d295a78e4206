"""A whole annotation hub: every narrow port in one. Use cases ask for the narrow ones."""

from __future__ import annotations

from typing import Protocol

from ..domain.maintenance import HubCheck, HubCollection
from .access import KeyRegister
from .annotations import AnnotationDesk, ClassCatalogue
from .datasets import DatasetCatalogue
from .items import ItemCatalogue, ItemLocator
from .releases import ReleaseDesk
from .reports import ReportDesk
from .storage import StorageDesk, StorageRegister
from .transfer import ObjectSource
from .uploads import UploadDesk, UploadIntake


class AnnotationHub(
    DatasetCatalogue,
    ItemCatalogue,
    UploadDesk,
    AnnotationDesk,
    ClassCatalogue,
    ReleaseDesk,
    ReportDesk,
    StorageDesk,
    Protocol,
):
    """What an adapter for an annotation hub implements."""

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        ...


class ServableHub(AnnotationHub, ItemLocator, UploadIntake, KeyRegister, StorageRegister, Protocol):
    """A hub of this machine, with what a server over it needs besides."""

    @property
    def source(self) -> ObjectSource:
        """Reads the objects that items and releases of this hub refer to."""
        ...


class HubMaintenance(Protocol):
    """Care for the storage of a hub that this machine owns."""

    def check(self) -> HubCheck:
        """Look at every stored object and document; change nothing. Safe while others use the hub."""
        ...

    def collect(self, dry_run: bool = False) -> HubCollection:
        """Free what nothing refers to; say what was (or would be) freed. Safe while others use the hub."""
        ...
