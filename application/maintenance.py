"""Care for the hub this machine owns."""

from __future__ import annotations

import attrs

from ..domain.maintenance import HubCheck, HubCollection
from ..ports.hub import HubMaintenance


@attrs.frozen
class CheckHub:
    """Look for damaged or missing objects."""

    hub: HubMaintenance

    def __call__(self) -> HubCheck:
        """Check everything; change nothing."""
        return self.hub.check()


@attrs.frozen
class CollectHub:
    """Free what nothing refers to."""

    hub: HubMaintenance

    def __call__(self, dry_run: bool = False) -> HubCollection:
        """Free it, or only say what would be freed."""
        return self.hub.collect(dry_run)
