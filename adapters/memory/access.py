"""Keys of the fake hub."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

import attrs

from ...domain.access import KEY_SHAPE, AccessKey, Role
from ...domain.errors import NotFound
from ...domain.names import check_slug
from .records import HubPart, KeyRecord


@attrs.define
class MemoryKeys(HubPart):
    """`KeyRegister` in memory."""

    def create_key(self, team: str, role: Role, label: str) -> tuple[AccessKey, str]:
        """A new key of a team, and its text."""
        self.state.faults.check("create_key", team, role, label)
        check_slug(team, "team")
        secret = secrets.token_urlsafe(24)
        with self.state.lock:
            key = AccessKey(f"k{self.state.number():06}", team, role, label, self.state.timestamp())
            self.state.keys[key.id] = KeyRecord(key, _digest(secret))
        return key, f"{key.id}.{secret}"

    def list_keys(self, team: str | None = None) -> Sequence[AccessKey]:
        """Keys of a team, or of all, oldest first."""
        self.state.faults.check("list_keys", team)
        with self.state.lock:
            return [one.key for one in self.state.keys.values() if team in {None, one.key.team}]

    def revoke_key(self, key_id: str) -> AccessKey:
        """Make a key invalid for good."""
        self.state.faults.check("revoke_key", key_id)
        with self.state.lock:
            record = self.state.keys.get(key_id)
            if record is None:
                raise NotFound("key", key_id, "this hub")
            if record.key.revoked_at is None:
                record.key = attrs.evolve(record.key, revoked_at=self.state.timestamp())
            return record.key

    def find_key(self, text: str) -> AccessKey | None:
        """The valid key with this text."""
        self.state.faults.check("find_key", text)
        if not KEY_SHAPE.fullmatch(text):
            return None
        key_id, _, secret = text.partition(".")
        with self.state.lock:
            record = self.state.keys.get(key_id)
        if record is None or not hmac.compare_digest(_digest(secret), record.digest):
            return None
        return record.key if record.key.revoked_at is None else None

    def signing_secret(self) -> bytes:
        """32 bytes that only this hub knows."""
        self.state.faults.check("signing_secret")
        return self.state.secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
