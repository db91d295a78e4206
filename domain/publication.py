"""Publication: under whose name an artifact is put on a hub, and who may see it there."""

from __future__ import annotations

import attrs

from .artifact import ArtifactId, ArtifactKind, ArtifactMeta, Owner
from .errors import AccessDenied, InvalidInput
from .policies import Access, ConflictPolicy


@attrs.frozen
class Publication:
    """How an artifact is put on a hub.

    `owner` goes before the owner the artifact has; without either the actor is. `parent` names the artifact of the
    same kind that this one is a new version of.
    """

    access: Access = Access.PRIVATE
    if_exists: ConflictPolicy = ConflictPolicy.RAISE
    owner: str | None = None
    parent: ArtifactId | None = None

    def of(
        self, kind: ArtifactKind, meta: ArtifactMeta, actor: str | None, fallback: str | None = None
    ) -> tuple[ArtifactMeta, ArtifactId]:
        """What the artifact is called once it is put by `actor` (None: nobody), and its id.

        `fallback` is the slug of what has neither slug nor name.

        Raises:
            AccessDenied: nobody asks, or the owner is somebody else.
            InvalidInput: it has no slug, nor a name to derive one from.
        """
        owner = self.owner or (meta.owner.slug if meta.owner else None) or actor
        if actor is None or owner is None or owner != actor:
            reason = f"does not let {actor or 'somebody unknown'} put a {kind} of {owner or 'nobody'}"
            raise AccessDenied(reason=reason)
        slug = meta.slug or fallback
        if slug is None:
            raise InvalidInput(f"the {kind}", "has no name to be put under", "Give it a name")
        if meta.owner is None or meta.owner.slug != owner or meta.slug != slug:
            meta = attrs.evolve(meta, owner=Owner(owner), slug=slug)
        return meta, ArtifactId(owner, slug)


def may_see(access: Access, owner: str, actor: str | None) -> bool:
    """True if the artifact is public, or the actor's own."""
    return access is Access.PUBLIC or owner == actor
