"""How far one request has come."""

from __future__ import annotations

import hashlib
import os

import attrs

from ...domain.digest import Digest
from ...domain.errors import DigestMismatch, Truncated
from ...ports.transfer import FetchRequest
from .ahead import Begun
from .existing import Existing
from .partials import Partial

AGAIN = "Run the command again; if it fails again, the stored object is not what it should be"


@attrs.define
class Job:
    """A request being worked on by one thread.

    `seen`: what was at the destination at first. `begun`: the first try, if it is under way already. `expired`: the
    address must be renewed before the next try. `fresh`: how often it was renewed and gave no bytes. `finding`: what
    was found wrong here, not by the source, with what arrived last. `rejected`: how often a complete object was not
    the right one. `content_type`: what the source calls the bytes it sends.
    """

    request: FetchRequest
    destination: str = attrs.field(default=attrs.Factory(lambda self: os.fspath(self.request.destination), True))
    url: str = attrs.field(default=attrs.Factory(lambda self: self.request.url, True))
    seen: Existing | None = None
    partial: Partial | None = None
    begun: Begun | None = None
    expired: bool = False
    fresh: int = 0
    finding: Truncated | DigestMismatch | None = None
    rejected: int = 0
    content_type: str = ""

    @property
    def key(self) -> str:
        """Name under which partial files of this request are found again.

        A digest says which bytes are wanted, wherever they come from. Without one the address must be the same
        to the letter, for two objects may well have equal validators.
        """
        identity = f"{self.destination}\0{self.request.digest or self.request.url}"
        return hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:32]

    @property
    def is_complete(self) -> bool:
        """True if all bytes are here; only a digest can tell."""
        partial = self.partial
        return partial is not None and self.request.digest is not None and partial.digest == self.request.digest

    def keep(self) -> None:
        """Stop; leave what another try can go on with."""
        if self.partial is not None:
            self.partial.keep()
        if self.begun is not None:
            self.begun.close()

    def drop(self) -> None:
        """Forget what was received."""
        if self.partial is not None:
            self.partial.discard()
            self.partial = None

    def check_announced(self, size: int | None) -> None:
        """Refuse an object that is announced with another size than was asked for."""
        wanted = self.request.size
        if wanted is not None and size is not None and size != wanted:
            raise self._rejected(Truncated(self.request.key, advice=AGAIN, expected_size=wanted, actual_size=size))

    def check_received(self, received: int, announced: int | None) -> None:
        """Compare what came with what was announced, and then with what was asked for."""
        if announced is not None and received != announced:
            if received > announced:
                self.drop()
            self.finding = Truncated(self.request.key, advice=AGAIN, expected_size=announced, actual_size=received)
            raise self.finding
        self.check_announced(received)

    def check_digest(self, found: Digest) -> None:
        """Refuse bytes that are not those asked for."""
        wanted = self.request.digest
        if wanted is not None and found != wanted:
            raise self._rejected(
                DigestMismatch(self.request.key, advice=AGAIN, expected=str(wanted), actual=str(found))
            )

    def _rejected(self, error: Truncated | DigestMismatch) -> Truncated | DigestMismatch:
        self.finding = error
        self.rejected += 1
        self.drop()
        return error
