"""`EnvironmentCredentials`: the key in `GROUNDTRUTH_API_KEY`."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ...domain.errors import NotWritable

VARIABLE = "GROUNDTRUTH_API_KEY"


@attrs.frozen
class EnvironmentCredentials:
    """Implements `ports.credentials.CredentialStore` for reading: one key for every hub and account."""

    environ: Mapping[str, str] = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"variable {VARIABLE} ({'set' if self.environ.get(VARIABLE) else 'not set'})"

    def get(self, hub: str, account: str) -> str | None:
        """The key in the environment; None if the variable is missing or empty."""
        return self.environ.get(VARIABLE) or None

    def set(self, hub: str, account: str, secret: str) -> None:
        """Always refused: a program cannot change the environment it will be started in.

        Raises:
            NotWritable: always.
        """
        raise NotWritable(VARIABLE, "is part of the environment", f"Set it yourself: export {VARIABLE}=...")

    def delete(self, hub: str, account: str) -> bool:
        """Nothing is deleted from the environment."""
        return False

    def accounts(self, hub: str) -> list[str]:
        """None: the variable does not say whose key it is."""
        return []
