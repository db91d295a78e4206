"""Contracts of `ports.hub`: the suites of all ports of a hub in one."""

from __future__ import annotations

from ..domain.storage import ExternalStorage
from ..ports.hub import AnnotationHub, ServableHub
from .access import KeyRegisterContract
from .annotations import AnnotationDeskContract
from .classes import ClassCatalogueContract
from .datasets import DatasetCatalogueContract
from .intake import UploadIntakeContract
from .items import ItemCatalogueContract, ItemLocatorContract
from .paging import ItemPagingContract
from .releases import ReleaseDeskContract
from .reports import ReportDeskContract
from .scenario import HubContract
from .storage import StorageDeskContract, StorageRegisterContract
from .updates import ItemUpdateContract
from .uploads import UploadDeskContract


class HubNameContract(HubContract):
    """What a hub says of itself."""

    def test_hub_has_a_name(self, hub: AnnotationHub) -> None:
        assert hub.name
        assert hub.name == hub.name.strip()


class AnnotationHubContract(
    DatasetCatalogueContract,
    ItemCatalogueContract,
    ItemPagingContract,
    ItemUpdateContract,
    UploadDeskContract,
    AnnotationDeskContract,
    ClassCatalogueContract,
    ReleaseDeskContract,
    ReportDeskContract,
    StorageDeskContract,
    HubNameContract,
):
    """What every annotation hub does, on this machine or elsewhere."""


class ServableHubContract(
    AnnotationHubContract,
    ItemLocatorContract,
    UploadIntakeContract,
    KeyRegisterContract,
    StorageRegisterContract,
):
    """What every hub of this machine does, so that a server can give it to others."""

    def declare_storage(self, hub: ServableHub, team: str, storage: ExternalStorage) -> None:
        """Declare a storage."""
        hub.add_storage(team, storage)
