"""Addresses that prove themselves: signed with the hub's secret, so that nothing about them has to be stored."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

import attrs

from ...domain.errors import AccessDenied, LinkExpired, ObjectNotFound
from ...ports.clock import Clock

LIFETIME = 3600.0
"""Seconds for which a signed address is valid, at least."""

ROUND = 900
"""Seconds by which an address may be valid longer."""


# There are few teams, and very many files.
_quoted = lru_cache(64)(quote)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise ObjectNotFound("file", text) from error


@attrs.frozen
class Links:
    """Makes and checks addresses below `base` (scheme and host, no slash at the end).

    A file's address names the team and the object, with a signature that does not age: it is of use only together
    with a key of that team, or with a token, which expires. Those of uploads and releases expire and need no key.
    """

    secret: bytes = attrs.field(repr=False)
    clock: Clock
    base: str
    lifetime: float = LIFETIME

    # --- files --------------------------------------------------------------------------------------

    def file(self, team: str, url: str) -> str:
        """Address of a stored object, for holders of a key of the team. Always the same for the same object."""
        return f"{self.base}/api/v2/teams/{_quoted(team)}/files/{self.file_id(team, url)}"

    def file_id(self, team: str, url: str) -> str:
        """The last part of a file's address."""
        inner = _encode(url.encode())
        return f"{inner}.{self._sign('file', team, inner)}"

    def check_file(self, team: str, file_id: str) -> str:
        """URL of the object that a file's address stands for.

        Raises:
            ObjectNotFound: this hub never gave such an address to the team.
        """
        inner, _, signature = file_id.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("file", team, inner).encode()):
            raise ObjectNotFound("file", file_id, advice="Its address is not one that this hub gave to the team")
        return _decode(inner).decode()

    def token(self, team: str) -> str:
        """Text that, as the query parameter `token`, stands for a key of the team when files are read."""
        expires = self._expiry()
        return f"{expires}.{self._sign('token', team, str(expires))}"

    def check_token(self, team: str, token: str) -> None:
        """Accept a token.

        Raises:
            AccessDenied: it is not one of the team.
            LinkExpired: it is too old.
        """
        expires, _, signature = token.partition(".")
        self._check(signature, expires, "token", team)

    # --- addresses without a key --------------------------------------------------------------------

    def signed(self, *parts: str) -> str:
        """Address of `/api/<parts>` that expires, each part a piece of the path."""
        expires = self._expiry()
        signature = self._sign("path", *parts, str(expires))
        path = "/".join([quote(part, safe="") for part in parts])
        return f"{self.base}/api/{path}?expires={expires}&signature={signature}"

    def check_signed(self, parts: Sequence[str], expires: str, signature: str) -> None:
        """Accept the parts of an address made by `signed`.

        Raises:
            AccessDenied: it is not one of this hub, or was changed.
            LinkExpired: it is too old.
        """
        self._check(signature, expires, "path", *parts)

    def _expiry(self) -> int:
        # Rounded up, so that an address stays the same for a while: a download is taken up again by its address.
        return (int(self.clock.now().timestamp() + self.lifetime) // ROUND + 1) * ROUND

    def _check(self, signature: str, expires: str, *parts: str) -> None:
        if not hmac.compare_digest(signature.encode(), self._sign(*parts, expires).encode()):
            raise AccessDenied("the hub", "does not know this address; it was changed, or made for another hub")
        if int(expires) < self.clock.now().timestamp():
            raise LinkExpired("this address", "is no longer valid", 403)

    def _sign(self, *parts: str) -> str:
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        message = "".join([f"{len(part)}:{part}" for part in parts]).encode()
        return _encode(hmac.digest(self.secret, message, "sha256")[:24])
