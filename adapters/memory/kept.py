"""What the fake benchmark hub holds, and who sees it."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.errors import DigestMismatch, NameTaken, NotFound
from ...domain.policies import Access, ChecksumStrategy, ConflictPolicy
from ...domain.publication import Publication, may_see
from ...ports.benchmarks import Judge, Listing, Receipt
from ...ports.clock import Clock
from .faults import Faults

SUBMISSION = ArtifactKind.COMPETITION_PREDICTION


@attrs.define
class Kept:
    """An artifact as it was put: `value` is what others get, `secret` what they do not."""

    id: ArtifactId
    access: Access
    value: Any
    published: datetime
    about: ArtifactId | None = None
    secret: Any = None
    is_damaged: bool = False


@attrs.define(eq=False)
class ShelfState:
    """What all views of one hub share."""

    clock: Clock
    judge: Judge
    name: str
    faults: Faults = attrs.field(factory=Faults)
    kept: dict[tuple[ArtifactKind, ArtifactId], Kept] = attrs.field(factory=dict)
    lock: Any = attrs.field(factory=threading.RLock)


@attrs.define(eq=False)
class ShelfView:
    """Artifacts as one actor sees them."""

    actor: str | None
    state: ShelfState

    def _sees(self, kind: ArtifactKind, one: Kept) -> bool:
        judges = kind is SUBMISSION and one.about is not None and one.about.owner == self.actor
        return judges or may_see(one.access, one.id.owner, self.actor)

    def seen(self, kind: ArtifactKind, about: ArtifactId | None = None) -> list[Kept]:
        """What the actor sees of a kind, sorted; of one subject, or of all."""
        with self.state.lock:
            found = [one for (other, _), one in self.state.kept.items() if other is kind and self._sees(kind, one)]
        return sorted((one for one in found if about in (None, one.about)), key=lambda one: one.id)

    def listing(
        self, kind: ArtifactKind, limit: int, offset: int, about: ArtifactId | None = None
    ) -> Listing[ArtifactId]:
        """Part of the list of a kind."""
        found = [one.id for one in self.seen(kind, about)]
        return Listing(found[offset : offset + limit], len(found))

    def find(self, kind: ArtifactKind, identity: ArtifactId) -> Kept:
        """The artifact of that id, or NotFound."""
        with self.state.lock:
            one = self.state.kept.get((kind, identity))
            if one is None or not self._sees(kind, one):
                raise NotFound(str(kind), str(identity), f"hub {self.state.name}")
            return one

    def opened(self, kind: ArtifactKind, identity: ArtifactId, strategy: ChecksumStrategy) -> Any:
        """What others get of it; DigestMismatch if it is damaged and looked at closely."""
        one = self.find(kind, identity)
        if one.is_damaged and strategy is ChecksumStrategy.VERIFY:
            raise DigestMismatch(f"file 'damaged' of {kind} '{identity}'")
        return one.value

    def is_wanted(self, kind: ArtifactKind, identity: ArtifactId, policy: ConflictPolicy) -> bool:
        """True if it is to be written; NameTaken if it is there and the policy is to raise."""
        exists = (kind, identity) in self.state.kept
        if exists and policy is ConflictPolicy.RAISE:
            raise NameTaken(f"{kind} '{identity}'", "exists already", "Choose another name")
        return not exists or policy is ConflictPolicy.REPLACE

    def put(
        self,
        kind: ArtifactKind,
        identity: ArtifactId,
        publication: Publication,
        value: Any,
        about: ArtifactId | None = None,
        secret: Any = None,
    ) -> Receipt:
        """Keep it, unless there is one that is to stay."""
        with self.state.lock:
            written = self.is_wanted(kind, identity, publication.if_exists)
            if written:
                now = self.state.clock.now()
                self.state.kept[kind, identity] = Kept(identity, publication.access, value, now, about, secret)
        return Receipt(identity, f"groundtruth://{self.state.name}/{kind}/{identity}", written)
