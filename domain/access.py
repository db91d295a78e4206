"""Access to a hub that is served: keys, what they are bound to, and what their roles may do."""

from __future__ import annotations

import enum
import re

import attrs


class Role(enum.StrEnum):
    """What the holder of a key is in its team (reference: V7 Darwin, section 3.2)."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    WORKFORCE_MANAGER = "workforce_manager"
    ANNOTATOR = "annotator"


class Permission(enum.StrEnum):
    """What a request needs."""

    READ = "read"
    """List and download."""
    ANNOTATE = "annotate"
    """Import annotations, comment, change the status of items."""
    CONTRIBUTE = "contribute"
    """Create datasets, upload items, define classes and properties, make releases."""
    MANAGE = "manage"
    """Delete items, remove datasets, declare and use external storage."""


_ANNOTATING = frozenset({Permission.READ, Permission.ANNOTATE})
_CONTRIBUTING = _ANNOTATING | {Permission.CONTRIBUTE}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(Permission),
    Role.MEMBER: _CONTRIBUTING,
    Role.WORKFORCE_MANAGER: _ANNOTATING,
    Role.ANNOTATOR: _ANNOTATING,
}
"""What each role may do."""

KEY_SHAPE = re.compile(r"[A-Za-z0-9_-]{7}\.[A-Za-z0-9_-]{32}")
"""7 characters that name the key, a dot, 32 secret ones: what Darwin clients insist on (section 2.3)."""


@attrs.frozen
class AccessKey:
    """A key as its hub lists it: everything but the secret.

    `id` is the part before the dot. Timestamps are RFC 3339, UTC, whole seconds; `revoked_at` None: it is valid.
    """

    id: str
    team: str
    role: Role
    label: str
    created_at: str
    revoked_at: str | None = None

    def may(self, permission: Permission) -> bool:
        """True if the key is valid and its role has the permission."""
        return self.revoked_at is None and permission in PERMISSIONS[self.role]
