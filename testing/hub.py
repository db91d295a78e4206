"""Contract of `ports.hub.AnnotationHub`: the suites of all its ports in one."""

from __future__ import annotations

from ..ports.hub import AnnotationHub
from .annotations import AnnotationDeskContract
from .classes import ClassCatalogueContract
from .datasets import DatasetCatalogueContract
from .items import ItemCatalogueContract
from .releases import ReleaseDeskContract
from .scenario import HubContract
from .uploads import UploadDeskContract


class HubNameContract(HubContract):
    """What a hub says of itself."""

    def test_hub_has_a_name(self, hub: AnnotationHub) -> None:
        assert hub.name
        assert hub.name == hub.name.strip()


class AnnotationHubContract(
    DatasetCatalogueContract,
    ItemCatalogueContract,
    UploadDeskContract,
    AnnotationDeskContract,
    ClassCatalogueContract,
    ReleaseDeskContract,
    HubNameContract,
):
    """What every annotation hub does."""
