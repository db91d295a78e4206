"""Keys and tokens."""

from __future__ import annotations

from typing import Protocol


class CredentialStore(Protocol):
    """Keeps one secret per (hub, account). Secrets never appear in reprs, logs or errors."""

    def get(self, hub: str, account: str) -> str | None:
        """The secret, or None."""
        ...

    def set(self, hub: str, account: str, secret: str) -> None:
        """Store or replace a secret. Durable, and readable by this user only, when it returns.

        Raises:
            NotWritable: it cannot be stored.
        """
        ...

    def delete(self, hub: str, account: str) -> bool:
        """Forget a secret; False if there was none."""
        ...

    def accounts(self, hub: str) -> list[str]:
        """Accounts of a hub that have a secret, sorted."""
        ...
