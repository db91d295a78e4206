"""Care for the hub this machine owns."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..domain.maintenance import HubCheck, HubCollection
from ..ports.hub import HubMaintenance


@attrs.frozen
class CheckHub:
    """Look for damaged or missing objects in a hub, and in `others` that belong to it."""

    hub: HubMaintenance
    others: Sequence[HubMaintenance] = ()

    def __call__(self) -> HubCheck:
        """Check everything; change nothing."""
        found = self.hub.check()
        for other in self.others:
            found += other.check()
        return found


@attrs.frozen
class CollectHub:
    """Free what nothing refers to in a hub, and in `others` that belong to it."""

    hub: HubMaintenance
    others: Sequence[HubMaintenance] = ()

    def __call__(self, dry_run: bool = False) -> HubCollection:
        """Free it, or only say what would be freed."""
        freed = self.hub.collect(dry_run)
        for other in self.others:
            freed += other.collect(dry_run)
        return freed
