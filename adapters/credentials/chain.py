"""`ChainCredentials`: several stores as one."""

from __future__ import annotations

import attrs

from ...domain.errors import NotWritable
from ...ports.credentials import CredentialStore


@attrs.frozen
class ChainCredentials:
    """Implements `ports.credentials.CredentialStore`: the first that has it, the first that takes it."""

    stores: tuple[CredentialStore, ...] = attrs.field(converter=tuple)

    @property
    def description(self) -> str:
        """Where secrets are looked for, in order, for people to read."""
        return ", then ".join(str(store) for store in self.stores)

    def get(self, hub: str, account: str) -> str | None:
        """As `CredentialStore.get`."""
        found = (store.get(hub, account) for store in self.stores)
        return next((secret for secret in found if secret is not None), None)

    def set(self, hub: str, account: str, secret: str) -> None:
        """As `CredentialStore.set`.

        Raises:
            NotWritable: no store takes it; the reason is that of the last one.
        """
        refusal = NotWritable("credentials", "cannot be stored anywhere")
        for store in self.stores:
            try:
                return store.set(hub, account, secret)
            except NotWritable as error:
                refusal = error
        raise refusal

    def delete(self, hub: str, account: str) -> bool:
        """Forget the secret in every store, so that none comes to light again."""
        return sum(store.delete(hub, account) for store in self.stores) > 0

    def accounts(self, hub: str) -> list[str]:
        """As `CredentialStore.accounts`."""
        return sorted({account for store in self.stores for account in store.accounts(hub)})
