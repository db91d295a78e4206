"""Credentials kept in memory."""

from __future__ import annotations

import attrs

from .faults import Faults


@attrs.define
class MemoryCredentials:
    """Credential store that forgets everything at the end of the process."""

    faults: Faults = attrs.field(factory=Faults, init=False)
    _secrets: dict[tuple[str, str], str] = attrs.field(factory=dict[tuple[str, str], str], init=False, repr=False)

    def get(self, hub: str, account: str) -> str | None:
        """The secret, or None."""
        self.faults.check("get", hub, account)
        return self._secrets.get((hub, account))

    def set(self, hub: str, account: str, secret: str) -> None:
        """Store or replace a secret."""
        # The secret is not shown to predicates: what a test prints may end in a log.
        self.faults.check("set", hub, account)
        self._secrets[hub, account] = secret

    def delete(self, hub: str, account: str) -> bool:
        """Forget a secret; False if there was none."""
        self.faults.check("delete", hub, account)
        return self._secrets.pop((hub, account), None) is not None

    def accounts(self, hub: str) -> list[str]:
        """Accounts of a hub that have a secret, sorted."""
        self.faults.check("accounts", hub)
        return sorted(account for known, account in list(self._secrets) if known == hub)
