"""`FileCredentials`: a file that only its owner can read."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import attrs

from ...domain.errors import DiskFull, InvalidInput, NotReadable, NotWritable

if sys.platform != "win32":
    import fcntl

Secrets = dict[str, dict[str, str]]


@attrs.frozen
class FileCredentials:
    """Implements `ports.credentials.CredentialStore` with a JSON file of mode 0600, written whole.

    A folder it has to make gets mode 0700. A file that others could read is made private again, with a warning.
    """

    path: Path

    def __str__(self) -> str:
        return f"file {self.path}"

    def get(self, hub: str, account: str) -> str | None:
        """As `CredentialStore.get`.

        Raises:
            NotReadable: the file may not be read, or cannot be made private.
            InvalidInput: it is not a file of credentials.
        """
        return self._read().get(hub, {}).get(account)

    def set(self, hub: str, account: str, secret: str) -> None:
        """As `CredentialStore.set`."""
        with self._alone():
            known = self._read()
            known.setdefault(hub, {})[account] = secret
            self._write(known)

    def delete(self, hub: str, account: str) -> bool:
        """As `CredentialStore.delete`."""
        if account not in self._read().get(hub, {}):
            return False
        with self._alone():
            known = self._read()
            existed = known.get(hub, {}).pop(account, None) is not None
            self._write({name: accounts for name, accounts in known.items() if accounts})
        return existed

    def accounts(self, hub: str) -> list[str]:
        """As `CredentialStore.accounts`."""
        return sorted(self._read().get(hub, {}))

    def _read(self) -> Secrets:
        try:
            with self.path.open("rb") as file:
                self._make_private(file.fileno())
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            raise NotReadable(str(self.path), reason, "Check that it belongs to you") from error
        with contextlib.suppress(ValueError):  # the error would carry the content along
            hubs = json.loads(content).get("hubs") if content.startswith(b"{") else None
            if _are_secrets(hubs):
                return hubs
        raise InvalidInput(
            f"credentials file {self.path}", "is damaged", "Delete it, then run 'groundtruth authenticate' again"
        )

    def _make_private(self, handle: int) -> None:
        if sys.platform == "win32" or not os.fstat(handle).st_mode & 0o077:
            return
        os.fchmod(handle, 0o600)
        logging.getLogger(__name__).warning(
            "other users could read %s; it is private again, but consider renewing the keys in it", self.path
        )

    def _write(self, known: Secrets) -> None:
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}.tmp")
        content = json.dumps({"version": 1, "hubs": known}, indent=2, sort_keys=True).encode()
        with self._errors():
            # Whoever left one of these was killed while writing: writers are alone.
            for leftover in self.path.parent.glob(f".{self.path.name}.*.tmp"):
                leftover.unlink(missing_ok=True)
            try:
                with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.path)
            finally:
                temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing the file between our reading and writing it."""
        with self._errors():
            if not self.path.parent.is_dir():
                self.path.parent.parent.mkdir(parents=True, exist_ok=True)
                self.path.parent.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                # Some network drives cannot lock. The file is still whole then; the later of two writers wins.
                with contextlib.suppress(OSError):
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(
                    str(self.path), "no room is left on the device", "Make room, then try again"
                ) from error
            reason = f"cannot be written: {error.strerror or error}"
            raise NotWritable(str(self.path), reason, "Check that you may write to its folder") from error


def _are_secrets(value: object) -> TypeGuard[Secrets]:
    return isinstance(value, dict) and all(
        isinstance(accounts, dict) and all(isinstance(secret, str) for secret in accounts.values())
        for accounts in value.values()
    )
