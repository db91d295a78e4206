"""Keys of those whom this hub is served to, and the secret that signs what it gives out."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...domain.access import KEY_SHAPE, AccessKey, Role
from ...domain.errors import IntegrityError, NotFound
from ...domain.names import check_slug
from ...ports.clock import Clock
from .catalogue import Catalogue
from .faults import reading_fault, writing_to
from .stamps import timestamp

SECRET_FILE = "signing.key"  # noqa: S105 - the name of a file
SECRET_BYTES = 32

_COLUMNS = "id, team, role, label, created_at, revoked_at"
_FIND = f"SELECT digest, {_COLUMNS} FROM keys WHERE id = ? AND revoked_at IS NULL"  # noqa: S608 - constants only
_NO_DIGEST = bytes(32)


class Keys:
    """Implements `ports.access.KeyRegister`.

    Of a key the catalogue has the SHA-256 of its secret part: 192 random bits need no slower digest. The signing
    secret is a file that only its owner can read; the rest of the hub may be open to others.
    """

    def __init__(self, catalogue: Catalogue, root: Path, clock: Clock) -> None:
        self._catalogue = catalogue
        self._path = str(root / SECRET_FILE)
        self._clock = clock
        self._secret: bytes | None = None

    def create_key(self, team: str, role: Role, label: str) -> tuple[AccessKey, str]:
        """Issue a key."""
        check_slug(team, "team")
        insert = "INSERT OR IGNORE INTO keys (id, team, role, label, digest, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        while True:
            key_id, secret = secrets.token_urlsafe(6)[:7], secrets.token_urlsafe(24)
            if not key_id[0].isalnum():
                # A command line would take a key that begins with a dash for an option.
                continue
            key = AccessKey(key_id, team, role, label, timestamp(self._clock))
            values = (key_id, team, role.value, label, _digest(secret), key.created_at)
            with self._catalogue.writing(durable=True) as connection:
                if connection.execute(insert, values).rowcount:
                    return key, f"{key_id}.{secret}"

    def list_keys(self, team: str | None = None) -> Sequence[AccessKey]:
        """Keys of a team, or of all, oldest first."""
        query = f"SELECT {_COLUMNS} FROM keys WHERE ?1 IS NULL OR team = ?1 ORDER BY seq"  # noqa: S608 - as above
        with self._catalogue.reading() as connection:
            return [_key(row) for row in connection.execute(query, (team,))]

    def revoke_key(self, key_id: str) -> AccessKey:
        """Make a key invalid."""
        update = "UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
        with self._catalogue.writing(durable=True) as connection:
            connection.execute(update, (timestamp(self._clock), key_id))
            query = f"SELECT {_COLUMNS} FROM keys WHERE id = ?"  # noqa: S608 - as above
            row = connection.execute(query, (key_id,)).fetchone()
        if row is None:
            raise NotFound("key", key_id, "this hub", "List the keys with 'groundtruth hub key list'")
        return _key(row)

    def find_key(self, text: str) -> AccessKey | None:
        """The valid key with this text. Always asks the catalogue: another process may have revoked it just now."""
        if not KEY_SHAPE.fullmatch(text):
            return None
        key_id, _, secret = text.partition(".")
        row = self._catalogue.row(_FIND, (key_id,))
        is_right = hmac.compare_digest(_digest(secret), _NO_DIGEST if row is None else row[0])
        return _key(row[1:]) if is_right and row is not None else None

    def signing_secret(self) -> bytes:
        """The hub's secret, made when it is first asked for."""
        if self._secret is None:
            self._secret = self._read() or self._make()
        return self._secret

    def _read(self) -> bytes | None:
        try:
            with open(self._path, "rb") as file:
                secret = file.read(SECRET_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise reading_fault(error, self._path) from error
        if len(secret) != SECRET_BYTES:
            advice = "Delete it: addresses that were given out are then no longer valid"
            raise IntegrityError(self._path, f"has not {SECRET_BYTES} bytes", advice)
        return secret

    def _make(self) -> bytes:
        partial = f"{self._path}.part"
        # The transaction keeps other processes out: all of them must have the same secret.
        with self._catalogue.writing(), writing_to(self._path):
            found = self._read()
            if found is not None:
                return found
            secret = secrets.token_bytes(SECRET_BYTES)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, secret)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(partial, self._path)
            return secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: tuple[Any, ...]) -> AccessKey:
    key_id, team, role, label, created_at, revoked_at = row
    return AccessKey(key_id, team, Role(role), label, created_at, revoked_at)
