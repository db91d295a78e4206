"""Keys of a hub that this machine serves to others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.access import AccessKey, Role


class KeyRegister(Protocol):
    """Issues and checks keys. Secrets are never stored, only what recognises them. Thread-safe."""

    def create_key(self, team: str, role: Role, label: str) -> tuple[AccessKey, str]:
        """A new key of a team, and its text (`domain.access.KEY_SHAPE`), which is given out this once.

        Raises:
            InvalidName: the team's name is no slug.
        """
        ...

    def list_keys(self, team: str | None = None) -> Sequence[AccessKey]:
        """Keys of a team (None: of all), oldest first, revoked ones included."""
        ...

    def revoke_key(self, key_id: str) -> AccessKey:
        """Make a key invalid for good, effective at once in every process. Idempotent.

        Raises:
            NotFound: no such key.
        """
        ...

    def find_key(self, text: str) -> AccessKey | None:
        """The valid key with this text, compared in constant time; None if there is none."""
        ...

    def signing_secret(self) -> bytes:
        """32 random bytes that belong to the hub: the same in every process, known to nobody else."""
        ...
