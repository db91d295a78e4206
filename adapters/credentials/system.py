"""`KeyringCredentials`: the keyring of the operating system."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from ...domain.errors import NotWritable

_INDEX = "accounts"
"""Entry that lists the accounts, since keyrings cannot be searched. Names of secrets always have a `/`."""


class KeyringCredentials:
    """Implements `ports.credentials.CredentialStore` where the machine has a real keyring.

    Where it has none (a server, a container), or it cannot be asked, nothing is found and nothing can be stored.
    `backend` replaces the one of this machine.
    """

    def __init__(self, service: str = "groundtruth", backend: Any = None) -> None:
        self._service = service
        self._given = backend

    def __str__(self) -> str:
        backend = self._backend()
        return "no keyring on this machine" if backend is None else f"keyring {getattr(backend, 'name', backend)}"

    def get(self, hub: str, account: str) -> str | None:
        """As `CredentialStore.get`."""
        return self._ask(_name(hub, account))

    def set(self, hub: str, account: str, secret: str) -> None:
        """As `CredentialStore.set`."""
        self._store(_name(hub, account), secret)
        index = self._index()
        known = index.setdefault(hub, [])
        if account not in known:
            known.append(account)
            self._store(_INDEX, json.dumps(index))

    def delete(self, hub: str, account: str) -> bool:
        """As `CredentialStore.delete`.

        Raises:
            NotWritable: the keyring refuses.
        """
        name = _name(hub, account)
        if self._ask(name) is None:
            return False
        with _refusals(self._service):
            self._backend().delete_password(self._service, name)
        index = self._index()
        if account in index.get(hub, []):
            index[hub].remove(account)
            self._store(_INDEX, json.dumps(index))
        return True

    def accounts(self, hub: str) -> list[str]:
        """As `CredentialStore.accounts`."""
        return sorted(self._index().get(hub, []))

    def _index(self) -> dict[str, list[str]]:
        try:
            index = json.loads(self._ask(_INDEX) or "{}")
        except ValueError:
            return {}  # somebody else's entry: the accounts are listed anew as they are stored
        return index if isinstance(index, dict) else {}

    def _ask(self, name: str) -> str | None:
        backend = self._backend()
        if backend is None:
            return None
        from keyring.errors import KeyringError

        try:
            return backend.get_password(self._service, name)
        except (KeyringError, OSError) as error:
            # Locked, or its service does not answer: other stores may have the secret.
            logging.getLogger(__name__).warning("the keyring cannot be read: %s", error)
            return None

    def _store(self, name: str, value: str) -> None:
        backend = self._backend()
        if backend is None:
            raise NotWritable(f"keyring {self._service}", "does not exist on this machine")
        with _refusals(self._service):
            backend.set_password(self._service, name, value)

    @property
    def is_available(self) -> bool:
        """True if this machine has a keyring that keeps secrets well."""
        return self._backend() is not None

    def _backend(self) -> Any:
        """The keyring, or None where there is none that keeps secrets well."""
        if self._given is None:
            from keyring import get_keyring

            self._given = get_keyring()
        try:
            return self._given if self._given.priority >= 1 else None
        except RuntimeError:
            return None  # a backend that lacks what it needs says so in this way


@contextmanager
def _refusals(service: str) -> Iterator[None]:
    from keyring.errors import KeyringError

    try:
        yield
    except (KeyringError, OSError) as error:
        raise NotWritable(f"keyring {service}", f"refuses: {error}", "Unlock it, then try again") from error


def _name(hub: str, account: str) -> str:
    return f"{quote(hub, safe='')}/{quote(account, safe='')}"
